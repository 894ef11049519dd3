/** Everything that belongs to one scenario in one page: its replicas, who else is there, and what is looked at. */
import type { Scenario } from "../scenarios/scenario";
import { overall, type Agreement, type FarPeer, type Peer } from "./agreement";
import { hex64 } from "./ids";
import { Editor } from "./editor.svelte";
import { nodesOf } from "./lanes";
import { NodeColors, type NodeColor } from "./node-color";
import { Network } from "./network.svelte";
import type { Parsed } from "./parsed";
import { isSame, othersOf, type Other } from "./others";
import { Replica } from "./replica.svelte";
import { Reports } from "./reports";
import { watch, type Tab } from "./tab";
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
  readonly #tab: Tab;
  readonly #reports: Reports;
  readonly #colors = new NodeColors();
  #named = 0;

  panels = $state.raw<readonly Panel[]>([]);
  view = $state.raw<Viewport>({ from: 0, to: 1 });
  /** The looked-up key as typed. */
  lookUp = $state("");

  readonly lookUpKey: Parsed<bigint> = $derived.by(() => this.scenario.format.parse(this.lookUp, "key"));

  /** Every node that is registered at some replica of this page, in name order. */
  readonly nodes: readonly string[] = $derived.by(() => {
    const nodes = nodesOf(this.panels.map(({ replica }) => replica.snapshot.registrations));
    this.#colors.note(nodes);
    return nodes;
  });

  /** The replicas of this page. */
  readonly peers: readonly Peer[] = $derived.by(() => this.panels.map(({ replica }) => asPeer(replica)));

  /** The replicas of other tabs. */
  others = $state.raw<readonly Other[]>([]);

  /** What other tabs say of their replicas. */
  #reported = $state.raw<readonly FarPeer[]>([]);
  /** Whether anything passes between this page and other tabs. */
  #reachesFar = $state(true);

  /** Every replica of other tabs that is known of: told of by its tab, or heard by a replica here. */
  readonly far: readonly FarPeer[] = $derived.by(() => {
    const told = this.#reported.map(({ key }) => key);
    const untold = this.others.filter(
      ({ whereabouts, replica }) => whereabouts === "here" && !told.includes(hex64(replica)),
    );
    return [...this.#reported, ...untold.map(({ replica }) => ({ key: hex64(replica), fingerprint: null }))];
  });

  readonly overall: Agreement = $derived(overall(this.peers, this.far, this.#reachesFar));

  constructor(scenario: Scenario, seed: Uint8Array | null, tab: Tab) {
    this.scenario = scenario;
    this.#tab = tab;
    this.#seed = seed;
    this.view = wholeSpace(scenario.format.limit);
    this.lookUp = scenario.firstLookUp;
    this.network = new Network(scenario.channelName, crypto.getRandomValues(new Uint32Array(1))[0] ?? 0, (mended) =>
      this.#followLinks(mended),
    );
    const reports = new BroadcastChannel(`${scenario.channelName}/reports`);
    this.#reports = new Reports(tab.id, reports, watch, () => (this.#reported = this.#reports.far));
    this.panels = Array.from({ length: REPLICAS_AT_START }, () => this.#newPanel());
    this.#tellParties();
    this.#watch = setInterval(() => this.#look(), LOOK_EVERY_MS);
  }

  colorOf(node: string): NodeColor {
    // Those that are new are noted before.
    void this.nodes;
    return this.#colors.of(node);
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
    const panels = this.panels;
    this.panels = [];
    // Each that goes offline is still told of.
    panels.forEach(({ replica }) => replica.dispose());
    this.#reports.close();
    this.network.close();
  }

  #tellParties(): void {
    this.network.setParties(this.panels.map(({ replica }) => replica.letter));
    this.#tell();
  }

  #newPanel(): Panel {
    const { format, firstInput, channelName } = this.scenario;
    const letter = letterOf(this.#named++, this.#tab.number);
    const replica = new Replica(
      letter,
      () => this.network.open(letter),
      channelName,
      this.#seed,
      () => this.#tell(),
    );
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
    this.#tell();
  }

  #followLinks(mended: readonly string[]): void {
    for (const { replica } of this.panels) if (mended.includes(replica.letter)) replica.reconnect();
    this.#tell();
  }

  /** Tells other tabs how it stands here. */
  #tell(): void {
    const replicas = this.panels.map(({ replica }) => replica);
    const inReach = this.network.inReach(replicas.filter(({ online }) => online).map(({ letter }) => letter));
    this.#reachesFar = replicas.some(({ letter }) => inReach.has(letter));
    this.#reports.tell(
      replicas.map(({ id, letter, map }) => ({
        key: hex64(id),
        fingerprint: inReach.has(letter) ? hex64(map.fingerprint()) : null,
      })),
      this.#reachesFar,
    );
  }
}

export function asPeer(replica: Replica): Peer {
  const { id, online, snapshot } = replica;
  return { key: hex64(id), online, fingerprint: hex64(snapshot.fingerprint) };
}

/** A to Z, then AA to ZZ, and so on; in other tabs than the first with the tab's number, so that no two have the same name. */
function letterOf(index: number, tab: number): string {
  const letters = String.fromCharCode(65 + (index % 26)).repeat(1 + Math.floor(index / 26));
  return tab === 1 ? letters : `${letters}${tab}`;
}
