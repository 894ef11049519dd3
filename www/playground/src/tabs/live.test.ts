import { describe, expect, test } from "vitest";
import { seeded } from "../model/random";
import { inputsOfTab } from "../stories/eight-tabs";
import { FAIR, REPLICAS_MAX, type Input, type Pair, type What } from "../world/input";
import { isAgreed } from "../world/history";
import { INPUTS_MAX, Log } from "../world/log";
import { textOf } from "../world/samples";
import { Timeline } from "../world/timeline";
import { FULL, Live, SILENT_MS, TELL_MS, type Channel } from "./live";

/** Tabs of one channel: what one posts, each other gets in that order, whenever that is. */
class Tabs {
  nowMs = 0;
  readonly all: Tab[] = [];
  readonly ways = new Map<string, { from: Tab; to: Tab; posts: unknown[] }>();
  readonly #watchers: { tab: string; signal: AbortSignal; gone: () => void }[] = [];
  #opened = 0;

  constructor(readonly seed: number) {}

  open(index = this.freeIndex): Tab {
    const number = ++this.#opened;
    const tab = new Tab(this, `tab ${number}`, index, this.seed * 1000 + number);
    for (const other of this.all) {
      for (const [from, to] of [
        [tab, other],
        [other, tab],
      ] as const)
        this.ways.set(`${from.id} ${to.id}`, { from, to, posts: [] });
    }
    this.all.push(tab);
    return tab;
  }

  get freeIndex(): number {
    let index = 0;
    while (this.all.some((tab) => tab.live.index === index)) index++;
    return index;
  }

  watch(tab: string, signal: AbortSignal, gone: () => void): void {
    this.#watchers.push({ tab, signal, gone });
  }

  /** Says nothing any more, and its lock is released. */
  kill(tab: Tab): void {
    this.all.splice(this.all.indexOf(tab), 1);
    for (const [key, { from, to }] of this.ways) if (from === tab || to === tab) this.ways.delete(key);
    for (const { tab: id, signal, gone } of this.#watchers) if (id === tab.id && !signal.aborted) gone();
  }

  post(from: string, message: unknown): void {
    for (const way of this.ways.values()) if (way.from.id === from) way.posts.push(structuredClone(message));
  }

  deliver(): void {
    for (const way of this.ways.values()) for (const post of way.posts.splice(0)) way.to.live.hear(post, this.nowMs);
  }

  /** Lets time pass for those that are awake. */
  pass(ms: number, awake: readonly Tab[] = this.all): void {
    for (const until = this.nowMs + ms; this.nowMs < until;) {
      this.nowMs += 16;
      for (const tab of awake) tab.live.tick(this.nowMs);
      for (const way of this.ways.values()) {
        if (awake.includes(way.to)) for (const post of way.posts.splice(0)) way.to.live.hear(post, this.nowMs);
      }
    }
  }
}

class Tab {
  readonly timeline: Timeline;
  readonly live: Live;
  readonly posted: unknown[] = [];
  isClosed = false;

  constructor(
    readonly tabs: Tabs,
    readonly id: string,
    index: number,
    seed: number,
    inputs: readonly Input[] = inputsOfTab(index),
  ) {
    this.timeline = new Timeline(logOf(seed, inputs));
    const channel: Channel = {
      postMessage: (message) => {
        this.posted.push(message);
        tabs.post(id, message);
      },
      onmessage: null,
      close: () => (this.isClosed = true),
    };
    this.live = new Live({ tab: id, index }, this.timeline, channel, tabs.watch.bind(tabs), tabs.nowMs);
  }

  get fingerprint(): string {
    return this.timeline.head.replicas[this.live.index]?.fingerprint ?? "";
  }

  get isAgreed(): boolean {
    return isAgreed(this.timeline.head);
  }

  get nodes(): string[] {
    const known = this.timeline.head.replicas[this.live.index]?.registrationsIn({ start: 0n, end: null });
    return Array.from(known?.nodes ?? [], (node) => known?.names[node] ?? "").sort();
  }

  /** Of the others, by the numbers of their replicas. */
  get hearsOf(): Record<number, string | null> {
    const far = this.timeline.head.far.map((one, index) => [index, one] as const);
    return Object.fromEntries(
      far.flatMap(([index, one]) => (one?.isThere ? [[index, one.knows?.fingerprint ?? null]] : [])),
    );
  }

  registers(node: string, start: number): string | undefined {
    return this.live.do({
      kind: "operation",
      replica: this.live.index,
      operations: [{ op: "register", node, start: BigInt(start), end: BigInt(start + 10) }],
    });
  }
}

function logOf(seed: number, inputs: readonly Input[]): Log {
  const { log, fault } = Log.of(seed, inputs);
  if (log === undefined) throw new Error(fault);
  return log;
}

/** The recording says the same without any tab, at its end and on the way. */
function expectToReplay({ timeline, live }: Tab): void {
  const alone = new Timeline(timeline.log);
  for (const share of [0.3, 0.7, 1]) {
    const at = Math.floor(live.presentMs * share);
    expect(textOf(alone.stateAt(at).world)).toBe(textOf(timeline.stateAt(at).world));
  }
  expect(alone.history(live.presentMs).agreement).toEqual(timeline.history(live.presentMs).agreement);
  alone.free();
}

function expectAgreement({ all }: Tabs): void {
  const fingerprints = new Set(all.map(({ fingerprint }) => fingerprint));
  expect(fingerprints.size).toBe(1);
  for (const tab of all) {
    expect(tab.isAgreed).toBe(true);
    expect(Object.keys(tab.hearsOf)).toHaveLength(all.length - 1);
  }
}

test("two tabs hear of each other and agree, and what is done in one is soon known in the other", () => {
  const tabs = new Tabs(1);
  const [one, other] = [tabs.open(), tabs.open()];
  tabs.pass(3000);
  expectAgreement(tabs);
  expect(one.nodes).toEqual(["maple", "oak"]);
  expect(one.registers("yew", 900)).toBeUndefined();
  tabs.pass(200);
  // It is on its way, and both know that.
  for (const tab of tabs.all) expect(tab.isAgreed).toBe(false);
  expect(other.timeline.head.network.flights().length).toBeGreaterThan(0);
  tabs.pass(2000);
  expect(other.nodes).toEqual(["maple", "oak", "yew"]);
  expectAgreement(tabs);
  tabs.all.forEach(expectToReplay);
});

test("tabs of any schedule agree in the end, and each recording replays alone: 30 schedules of up to eight tabs", () => {
  for (let seed = 0; seed < 30; seed++) {
    const random = seeded(seed);
    const below = (most: number) => Math.floor(random() * most);
    const tabs = new Tabs(seed);
    for (let count = 1 + below(3); count > 0; count--) tabs.open();
    for (let step = 0; step < 120; step++) {
      const tab = tabs.all[below(tabs.all.length)];
      if (tab === undefined) continue;
      const dice = below(20);
      if (dice < 6) tab.registers("abcdefgh"[below(8)] ?? "", below(900));
      else if (dice === 6 && tabs.all.length < 8) tabs.open();
      else if (dice === 7 && tabs.all.length > 1) {
        if (below(2) === 0) tab.live.close();
        tabs.kill(tab);
      } else if (dice < 10) {
        const [a = 0, b = 1] = [0, 1].map(() => tabs.all[below(tabs.all.length)]?.live.index ?? 0);
        if (a !== b) tab.live.do({ kind: below(2) === 0 ? "cut" : "mend", between: [a, b] });
      } else if (dice === 10) {
        const presence = tab.timeline.head.replicas[tab.live.index]?.presence;
        tab.live.do({ kind: presence === "offline" ? "online" : "offline", replica: tab.live.index });
      } else if (dice === 11) {
        const conditions = {
          delayMs: below(300),
          jitterMs: below(300),
          lossPercent: below(3) * 20,
          duplicatePercent: 20,
        };
        tab.live.do({ kind: "weather", conditions });
      } else {
        // Some sleep meanwhile.
        tabs.pass(
          below(1500),
          tabs.all.filter(() => below(4) > 0),
        );
      }
    }
    for (const tab of tabs.all) {
      const { index } = tab.live;
      tab.live.do({ kind: "weather", conditions: FAIR });
      if (tab.timeline.head.replicas[index]?.presence === "offline") tab.live.do({ kind: "online", replica: index });
    }
    tabs.pass(3000);
    for (const tab of tabs.all) {
      for (const { live } of tabs.all) {
        if (tab.timeline.head.network.isCut([tab.live.index, live.index]) && live !== tab.live)
          tab.live.do({ kind: "mend", between: [tab.live.index, live.index] });
      }
      tabs.pass(100);
    }
    tabs.pass(40_000);
    expectAgreement(tabs);
    tabs.all.forEach(expectToReplay);
    for (const { live } of tabs.all) expect(live.refused).toBe(0);
  }
});

describe("a cut", () => {
  test("lets nothing through, even what was on its way: neither messages nor what the other knows", () => {
    const tabs = new Tabs(2);
    const [a, b, c] = [tabs.open(), tabs.open(), tabs.open()];
    tabs.pass(5000);
    expectAgreement(tabs);
    const before = b.fingerprint;
    a.registers("yew", 900);
    tabs.pass(100);
    // C is cut off, too: else it would tell B.
    for (const between of [
      [0, 1],
      [1, 2],
    ] satisfies Pair[])
      c.live.do({ kind: "cut", between });
    tabs.pass(60_000);
    expect(b.fingerprint).toBe(before);
    expect(b.hearsOf).toEqual({ 0: null, 2: null });
    expect(a.hearsOf).toEqual({ 1: null, 2: c.fingerprint });
    for (const tab of tabs.all) expect(tab.isAgreed).toBe(false);
    const inputs = b.timeline.log.inputs.filter(({ at }) => at > b.live.presentMs - 59_000);
    expect(inputs).toEqual([]);
    b.live.do({ kind: "mend", between: [1, 2] });
    tabs.pass(5000);
    // By way of C; from A nothing comes yet.
    expect(b.fingerprint).toBe(a.fingerprint);
    expect(b.hearsOf).toEqual({ 0: null, 2: c.fingerprint });
    expect(c.isAgreed).toBe(true);
    expect(b.isAgreed).toBe(false);
    a.live.do({ kind: "mend", between: [1, 0] });
    tabs.pass(5000);
    expectAgreement(tabs);
    tabs.all.forEach(expectToReplay);
  });

  test("stops what comes all the same, from a tab that has not heard from it", () => {
    const tabs = new Tabs(3);
    const [a, b] = [tabs.open(), tabs.open()];
    tabs.pass(5000);
    const before = b.fingerprint;
    b.live.do({ kind: "cut", between: [0, 1] });
    // A has posted already what it sends and tells, before it hears of the cut.
    a.registers("yew", 900);
    tabs.pass(30_000);
    expect(b.fingerprint).toBe(before);
    expect(b.hearsOf).toEqual({ 0: null });
  });

  test("is known to a tab that comes later, and holds for the tab that is offline with all others", () => {
    const tabs = new Tabs(4);
    const [a, b] = [tabs.open(), tabs.open()];
    tabs.pass(1000);
    a.live.do({ kind: "cut", between: [0, 1] });
    tabs.pass(1000);
    const c = tabs.open();
    tabs.pass(5000);
    expect(c.timeline.head.network.isCut([0, 1])).toBe(true);
    c.live.do({ kind: "offline", replica: 2 });
    tabs.pass(100);
    expect([a, b].map((tab) => tab.hearsOf[2])).toEqual([null, null]);
    expect(c.hearsOf).toEqual({ 0: null, 1: null });
    const before = c.fingerprint;
    a.registers("yew", 900);
    tabs.pass(30_000);
    expect(c.fingerprint).toBe(before);
  });

  test("of two who turn a link at once, both end with the same", () => {
    const tabs = new Tabs(5);
    const [a, b] = [tabs.open(), tabs.open()];
    tabs.pass(1000);
    a.live.do({ kind: "cut", between: [0, 1] });
    tabs.pass(100);
    a.live.do({ kind: "mend", between: [0, 1] });
    tabs.pass(100);
    a.live.do({ kind: "cut", between: [0, 1] });
    b.live.do({ kind: "cut", between: [0, 1] });
    b.live.do({ kind: "mend", between: [0, 1] });
    tabs.pass(3000);
    expect([a, b].map(({ timeline }) => timeline.head.network.isCut([0, 1]))).toEqual([false, false]);
    expectAgreement(tabs);
  });
});

describe("a tab", () => {
  test("that is closed or killed is gone, and another one may come under its name", () => {
    const tabs = new Tabs(6);
    const [a, b, c] = [tabs.open(), tabs.open(), tabs.open()];
    tabs.pass(3000);
    b.live.close();
    expect(b.isClosed).toBe(true);
    tabs.deliver();
    tabs.kill(c);
    tabs.kill(b);
    tabs.pass(100);
    expect(a.hearsOf).toEqual({});
    expect(a.isAgreed).toBe(true);
    const again = tabs.open();
    expect(again.live.index).toBe(1);
    tabs.pass(5000);
    expectAgreement(tabs);
    expect(again.nodes).toEqual(["elm", "maple", "oak"]);
    expectToReplay(a);
  });

  test("that is frozen is not heard from, nobody agrees with it, and when it wakes it agrees only once it has heard all", () => {
    const tabs = new Tabs(7);
    const [a, b] = [tabs.open(), tabs.open()];
    tabs.pass(5000);
    expectAgreement(tabs);
    tabs.pass(SILENT_MS + 500, [a]);
    expect(a.hearsOf).toEqual({ 1: null });
    expect(a.isAgreed).toBe(false);
    a.registers("yew", 900);
    tabs.pass(3_600_000, []);
    tabs.pass(2000, [a]);
    // It takes up what lies there, one after the other, and is not deceived by it.
    const posts = tabs.ways.get(`${a.id} ${b.id}`)?.posts.splice(0) ?? [];
    expect(posts.length).toBeGreaterThan(3);
    b.live.tick(tabs.nowMs);
    expect(b.isAgreed).toBe(false);
    for (const post of posts) {
      b.live.hear(post, tabs.nowMs);
      expect(b.isAgreed && a.fingerprint !== b.fingerprint).toBe(false);
    }
    tabs.pass(15_000);
    expectAgreement(tabs);
    expect(b.nodes).toContain("yew");
    // An hour of sleep is not made up for.
    expect(b.live.presentMs).toBeLessThan(60_000);
    tabs.all.forEach(expectToReplay);
  });

  test("in the background, which ticks seldom, is heard of, since it answers", () => {
    const tabs = new Tabs(8);
    const [a, b] = [tabs.open(), tabs.open()];
    tabs.pass(3000);
    for (let step = 0; step < 30; step++) {
      tabs.pass(TELL_MS, [a]);
      for (const post of tabs.ways.get(`${a.id} ${b.id}`)?.posts.splice(0) ?? []) b.live.hear(post, tabs.nowMs);
      expect(a.hearsOf).toEqual({ 1: b.fingerprint });
    }
    expectAgreement(tabs);
  });

  test("of a name that another has is refused, as a copy of a tab would be", () => {
    const tabs = new Tabs(9);
    const [a, b] = [tabs.open(), tabs.open()];
    tabs.pass(1000);
    const copy = new Tab(tabs, "copy", 1, 5);
    a.live.hear(copy.posted[0] ?? b.posted.map((it) => ({ ...(it as object), tab: "copy" }))[0], tabs.nowMs);
    expect(a.live.refused).toBe(1);
    tabs.pass(3000);
    expectAgreement(tabs);
  });

  test("never says that all agree while it has heard that another differs: at each moment of 20 schedules", () => {
    for (let seed = 100; seed < 120; seed++) {
      const random = seeded(seed);
      const below = (most: number) => Math.floor(random() * most);
      const tabs = new Tabs(seed);
      for (let count = 0; count < 3; count++) tabs.open();
      for (let step = 0; step < 100; step++) {
        const tab = tabs.all[below(3)];
        if (below(4) === 0) tab?.registers("abc"[below(3)] ?? "", below(900));
        if (below(10) === 0) tab?.live.do({ kind: below(2) === 0 ? "cut" : "mend", between: [below(2), 2] });
        // All posts are delivered within a step.
        tabs.pass(16 + below(300));
        tabs.deliver();
        tabs.deliver();
        const isSame = new Set(tabs.all.map(({ fingerprint }) => fingerprint)).size === 1;
        for (const one of tabs.all) if (one.isAgreed) expect(isSame).toBe(true);
      }
    }
  });
});

describe("what is hostile", () => {
  const good = () => {
    const tabs = new Tabs(10);
    const [a, b] = [tabs.open(), tabs.open()];
    tabs.pass(3000);
    return { tabs, a, b };
  };

  test("of any type is refused and counted, and nothing changes", () => {
    const { tabs, a } = good();
    const before = a.timeline.log.inputs;
    const frame = { version: 1, tab: "x", from: 3, at: 0 };
    const told = { id: 1n, fingerprint: "0".repeat(16), registrations: [] };
    const junk: unknown[] = [
      undefined,
      null,
      1,
      1n,
      "",
      "x".repeat(1e6),
      [],
      {},
      new Map(),
      new Uint8Array(3e6),
      new Date(),
      /x/,
      NaN,
      { version: 2 },
      frame,
      { ...frame, kind: "tell" },
      { ...frame, kind: "toString" },
      { ...frame, from: REPLICAS_MAX, kind: "bye" },
      { ...frame, tab: "x".repeat(65), kind: "bye" },
      { ...frame, kind: "tell", reaches: new Array(4e9), knows: null, switches: [] },
      { ...frame, kind: "tell", reaches: [0, -1], knows: null, switches: [] },
      { ...frame, kind: "tell", reaches: [], knows: undefined, switches: [] },
      { ...frame, kind: "tell", reaches: [], knows: { ...told, id: -1n }, switches: [] },
      { ...frame, kind: "tell", reaches: [], knows: { ...told, fingerprint: "x" }, switches: [] },
      { ...frame, kind: "tell", reaches: [], knows: { ...told, registrations: new Array(2000).fill(0) }, switches: [] },
      {
        ...frame,
        kind: "tell",
        reaches: [],
        knows: { ...told, registrations: [{ node: "x".repeat(1e6), start: 0n, end: 1n, priority: 1 }] },
        switches: [],
      },
      {
        ...frame,
        kind: "tell",
        reaches: [],
        knows: { ...told, registrations: [{ node: "x", start: 1n, end: 1n, priority: 1 }] },
        switches: [],
      },
      { ...frame, kind: "tell", reaches: [], knows: null, switches: [{ between: [1, 1], turns: 1, isCut: true }] },
      {
        ...frame,
        kind: "tell",
        reaches: [],
        knows: null,
        switches: [{ between: [0, 1], turns: Infinity, isCut: true }],
      },
      { ...frame, kind: "send", to: 0, bytes: new Uint8Array(2e6), takesMs: 1, isLost: false },
      { ...frame, kind: "send", to: 0, bytes: [1], takesMs: 1, isLost: false },
      { ...frame, kind: "send", to: 0, bytes: new Uint8Array(1), takesMs: 1e9, isLost: false },
      { ...frame, kind: "switch", switch: { between: [0, 99], turns: 1, isCut: true } },
    ];
    for (const data of junk) a.live.hear(data, tabs.nowMs);
    expect(a.live.refused).toBe(junk.length);
    expect(a.timeline.log.inputs).toBe(before);
    tabs.pass(2000);
    expectAgreement(tabs);
  });

  test("as a message of a tab that is there is refused by the replica, and all goes on", () => {
    const { tabs, a, b } = good();
    const random = seeded(3);
    for (let count = 0; count < 200; count++) {
      const bytes = Uint8Array.from({ length: 40 }, () => Math.floor(random() * 256));
      const post = { version: 1, tab: b.id, from: 1, at: 0, kind: "send", to: 0, bytes, takesMs: 5, isLost: false };
      a.live.hear(post, tabs.nowMs);
    }
    tabs.pass(15_000);
    expectAgreement(tabs);
    expectToReplay(a);
  });

  test("as real posts with something changed: 5,000 of them", () => {
    const { tabs, a, b } = good();
    const random = seeded(4);
    const below = (most: number) => Math.floor(random() * most);
    const values: unknown[] = [undefined, null, -1, 0, 1, 2 ** 40, "x", [], {}, 1n, true, new Uint8Array(2)];
    for (let count = 0; count < 5000; count++) {
      const post = structuredClone(b.posted[below(b.posted.length)]) as Record<string, unknown>;
      let place: Record<string, unknown> = post;
      for (let depth = below(4); depth > 0; depth--) {
        const inner = Object.values(place).filter(
          (it) => typeof it === "object" && it !== null && !(it instanceof Uint8Array),
        );
        place = (inner[below(inner.length)] as Record<string, unknown> | undefined) ?? place;
      }
      const keys = Object.keys(place);
      place[keys[below(keys.length)] ?? "x"] = values[below(values.length)];
      a.live.hear(post, tabs.nowMs);
    }
    tabs.pass(100);
    expectToReplay(a);
  });

  test("in its number: the recording is full one day, which is said, and nothing is agreed on any more", () => {
    const { tabs, a, b } = good();
    const bytes = new Uint8Array(9);
    const post = { version: 1, tab: b.id, from: 1, at: 0, kind: "send", to: 0, bytes, takesMs: 5, isLost: false };
    for (let count = 0; count < INPUTS_MAX; count++) a.live.hear(post, tabs.nowMs);
    expect(a.live.isFull).toBe(true);
    expect(a.isClosed).toBe(true);
    expect(a.isAgreed).toBe(false);
    expect(a.timeline.log.inputs.length).toBeLessThanOrEqual(INPUTS_MAX);
    expect(a.registers("yew", 1)).toBe(FULL);
    const what: What = { kind: "cut", between: [0, 1] };
    expect(a.live.do(what)).toBe(FULL);
    tabs.pass(1000);
    // Its goodbye was heard.
    expect(b.hearsOf).toEqual({});
  });
});
