/** Everything that belongs to one scenario in one page: its replicas, who else is there, and what is looked at. */
import type { Scenario } from "../scenarios/scenario";
import { overall, type Agreement, type Peer } from "./agreement";
import { hex64 } from "./ids";
import { Editor } from "./editor.svelte";
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

  constructor(scenario: Scenario, seed: Uint8Array | null) {
    this.scenario = scenario;
    this.#seed = seed;
    this.view = wholeSpace(scenario.format.limit);
    this.lookUp = scenario.firstLookUp;
    this.network = new Network(scenario.channelName, crypto.getRandomValues(new Uint32Array(1))[0] ?? 0);
    this.panels = Array.from({ length: REPLICAS_AT_START }, () => this.#newPanel());
    this.#tellParties();
    this.#watch = setInterval(() => this.#look(), LOOK_EVERY_MS);
  }

  addReplica(): Panel {
    const panel = this.#newPanel();
    this.panels = [...this.panels, panel];
    this.#tellParties();
    return panel;
  }

  removeReplica(panel: Panel): void {
    this.panels = this.panels.filter((other) => other !== panel);
    panel.replica.dispose();
    this.#tellParties();
  }

  dispose(): void {
    clearInterval(this.#watch);
    this.panels.forEach(({ replica }) => replica.dispose());
    this.panels = [];
    this.network.close();
  }

  #tellParties(): void {
    this.network.setParties(this.panels.map(({ replica }) => replica.letter));
  }

  #newPanel(): Panel {
    const { format, firstInput, channelName } = this.scenario;
    const letter = letterOf(this.#named++);
    const replica = new Replica(letter, () => this.network.open(letter), channelName, this.#seed);
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
