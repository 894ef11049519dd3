/** The page's network: a medium between its replicas and other tabs, and a picture of its traffic, taken at most once a frame. */
import type { Channel } from "crdt-range-map";
import { RealClock } from "./clock";
import { linksOf, OUTSIDE, type Conditions, type LinkName, type Preset } from "./conditions";
import { keyOf, Medium } from "./medium";
import { seeded } from "./random";
import { oncePerFrame } from "./schedule";
import { Tally, type Count, type FaultCount, type Post } from "./tally";
import type { Kind } from "./message";

export interface LinkPicture {
  readonly key: string;
  readonly name: LinkName;
  readonly conditions: Conditions;
  readonly deliveries: number;
  readonly faults: Readonly<FaultCount>;
}

export interface Picture {
  readonly total: Readonly<Count>;
  readonly byKind: Readonly<Record<Kind, Readonly<Count>>>;
  readonly faults: Readonly<FaultCount>;
  readonly links: readonly LinkPicture[];
  /** The newest first. */
  readonly posts: readonly Readonly<Post>[];
}

export class Network {
  readonly #clock = new RealClock();
  readonly #medium: Medium;
  readonly #refresh = oncePerFrame(() => (this.picture = this.#take()));
  #parties: readonly string[] = [];

  picture = $state.raw<Picture>({ ...new Tally().picture(), links: [] });

  constructor(channelName: string, seed: number) {
    const outside = new BroadcastChannel(channelName);
    this.#medium = new Medium(this.#clock, seeded(seed), outside, () => this.#refresh.request());
  }

  /** A channel for one of the page's replicas. */
  open(party: string): Channel {
    return this.#medium.open(party);
  }

  /** Who is in the page now, in order: links are shown between these and other tabs. */
  setParties(parties: readonly string[]): void {
    this.#parties = [...parties, OUTSIDE];
    this.picture = this.#take();
  }

  setConditions(links: readonly LinkName[], change: Partial<Conditions>): void {
    for (const link of links) {
      this.#medium.setConditions(link, { ...this.#medium.conditions(link), ...change });
    }
    this.picture = this.#take();
  }

  apply(preset: Preset): void {
    for (const link of linksOf(this.#parties)) {
      this.#medium.setConditions(link, preset.apply(link, this.#medium.conditions(link), this.#parties));
    }
    this.picture = this.#take();
  }

  close(): void {
    this.#refresh.cancel();
    this.#clock.stop();
    this.#medium.close();
  }

  #take(): Picture {
    const { tally } = this.#medium;
    const links = linksOf(this.#parties).map((name) => {
      const { deliveries, faults } = tally.link(keyOf(name));
      return { key: keyOf(name), name, conditions: this.#medium.conditions(name), deliveries, faults: { ...faults } };
    });
    return { ...tally.picture(), links };
  }
}
