/** Everything that belongs to one scenario in one page: its replicas, who else is there, and what is looked at. */
import type { Scenario } from "../scenarios/scenario";
import { overall, type Agreement, type Peer } from "./agreement";
import { hex64 } from "./ids";
import { Editor } from "./editor.svelte";
import type { PersistentRangeMap } from "./kept";
import { nodesOf } from "./lanes";
import { Network } from "./network.svelte";
import type { Parsed } from "./parsed";
import { isSame, othersOf, type Other } from "./others";
import { Replica } from "./replica.svelte";
import { wholeSpace, type Viewport } from "./viewport";

/** A replica with what is being edited at it. */
export interface Panel {
  readonly replica: Replica;
  readonly editor: Editor;
}

const REPLICAS_AT_START = 3;
const LOOK_EVERY_MS = 400;

export class Workspace {
  readonly scenario: Scenario;
  readonly network: Network;
  readonly #seed: Uint8Array | null;
  readonly #watch: ReturnType<typeof setInterval>;
  #named = 0;
  #closing: Promise<unknown> | undefined;

  panels = $state.raw<readonly Panel[]>([]);
  view = $state.raw<Viewport>({ from: 0, to: 1 });
  /** The looked-up key as typed. */
  lookUp = $state("");

  readonly lookUpKey: Parsed<bigint> = $derived.by(() => this.scenario.format.parse(this.lookUp, "key"));

  /** Every node that is registered at some replica of this page, in name order. */
  readonly nodes: readonly string[] = $derived.by(() => {
    return nodesOf(this.panels.map(({ replica }) => replica.snapshot.registrations));
  });

  /** The replicas of this page. */
  readonly peers: readonly Peer[] = $derived.by(() => this.panels.map(({ replica }) => asPeer(replica)));

  /** The replicas of other tabs. */
  others = $state.raw<readonly Other[]>([]);

  readonly overall: Agreement = $derived.by(() => {
    const elsewhere = this.others.filter(({ whereabouts }) => whereabouts === "here").length;
    return overall(this.peers, elsewhere);
  });

  /** `kept`, the saved map of this scenario, becomes the first replica; the others are for play and end with the tab. */
  constructor(scenario: Scenario, seed: Uint8Array | null, kept: PersistentRangeMap | null) {
    this.scenario = scenario;
    this.#seed = seed;
    this.view = wholeSpace(scenario.format.limit);
    this.lookUp = scenario.firstLookUp;
    this.network = new Network(scenario.channelName, crypto.getRandomValues(new Uint32Array(1))[0] ?? 0);
    this.panels = Array.from({ length: REPLICAS_AT_START }, (_, place) => this.#newPanel(place === 0 ? kept : null));
    this.#tellParties();
    this.#watch = setInterval(() => this.#look(), LOOK_EVERY_MS);
  }

  addReplica(): Panel {
    const panel = this.#newPanel(null);
    this.panels = [...this.panels, panel];
    this.#tellParties();
    return panel;
  }

  removeReplica(panel: Panel): void {
    this.panels = this.panels.filter((other) => other !== panel);
    void panel.replica.dispose();
    this.#tellParties();
  }

  /** Settles when all that is kept is saved. */
  dispose(): Promise<unknown> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  #close(): Promise<unknown> {
    clearInterval(this.#watch);
    const disposed = this.panels.map(({ replica }) => replica.dispose());
    this.panels = [];
    this.network.close();
    return Promise.all(disposed);
  }

  #tellParties(): void {
    this.network.setParties(this.panels.map(({ replica }) => replica.letter));
  }

  #newPanel(kept: PersistentRangeMap | null): Panel {
    const { format, firstInput, channelName } = this.scenario;
    const letter = letterOf(this.#named++);
    const replica = new Replica(letter, () => this.network.open(letter), channelName, this.#seed, kept);
    replica.goOnline();
    return { replica, editor: new Editor(replica, format, firstInput) };
  }

  #look(): void {
    const replicas = this.panels.map(({ replica }) => replica);
    replicas.forEach((replica) => replica.look());
    const others = othersOf(
      replicas.map((replica) => replica.peers()),
      replicas.map(({ id }) => id),
      Date.now(),
    );
    if (!isSame(others, this.others)) this.others = others;
  }
}

export function asPeer(replica: Replica): Peer {
  const { id, online, snapshot } = replica;
  return { key: hex64(id), online, fingerprint: hex64(snapshot.fingerprint) };
}

/** A to Z, then A2 to Z2, and so on. */
function letterOf(index: number): string {
  const round = Math.floor(index / 26);
  return String.fromCharCode(65 + (index % 26)) + (round === 0 ? "" : String(round + 1));
}
