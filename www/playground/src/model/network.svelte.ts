/** The page's network: a medium between its replicas and other tabs, and a picture of its traffic, taken at most once a frame. */
import type { Channel } from "crdt-range-map";
import { RealClock } from "./clock";
import { carries, inReachOf, linksOf, OUTSIDE, type Conditions, type LinkName, type Preset } from "./conditions";
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
  readonly #onLinks: (mended: readonly string[]) => void;
  #parties: readonly string[] = [];

  picture = $state.raw<Picture>({ ...new Tally().picture(), links: [] });

  /** `onLinks` is called when conditions have changed, with the parties whose links carry something again that carried nothing. */
  constructor(channelName: string, seed: number, onLinks: (mended: readonly string[]) => void) {
    this.#onLinks = onLinks;
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
    this.#change(links, (_, before) => ({ ...before, ...change }));
  }

  apply(preset: Preset): void {
    this.#change(linksOf(this.#parties), (link, before) => preset.apply(link, before, this.#parties));
  }

  #change(links: readonly LinkName[], change: (link: LinkName, before: Conditions) => Conditions): void {
    const mended: string[] = [];
    for (const link of links) {
      const before = this.#medium.conditions(link);
      const after = change(link, before);
      this.#medium.setConditions(link, after);
      if (!carries(before) && carries(after)) mended.push(link.a, link.b);
    }
    this.picture = this.#take();
    this.#onLinks(mended);
  }

  /** Those of `online` that anything can come from to other tabs, or the other way, through each other too. */
  inReach(online: readonly string[]): ReadonlySet<string> {
    const links = linksOf([...online, OUTSIDE]).filter((link) => carries(this.#medium.conditions(link)));
    return inReachOf(OUTSIDE, links);
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
