/** Tabs of one channel without a browser, for the tests beside this. */
import { expect } from "vitest";
import { inputsOfTab } from "../stories/eight-tabs";
import type { Input } from "../world/input";
import { isAgreed } from "../world/history";
import { Log } from "../world/log";
import { textOf } from "../world/samples";
import { Timeline } from "../world/timeline";
import { Live, type Channel } from "./live";

/** Tabs of one channel: what one posts, each other gets in that order, whenever that is. */
export class Tabs {
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

export class Tab {
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

export function logOf(seed: number, inputs: readonly Input[]): Log {
  const { log, fault } = Log.of(seed, inputs);
  if (log === undefined) throw new Error(fault);
  return log;
}

/** The recording says the same without any tab, at its end and on the way. */
export function expectToReplay({ timeline, live }: Tab): void {
  const alone = new Timeline(timeline.log);
  for (const share of [0.3, 0.7, 1]) {
    const at = Math.floor(live.presentMs * share);
    expect(textOf(alone.stateAt(at).world)).toBe(textOf(timeline.stateAt(at).world));
  }
  expect(alone.history(live.presentMs).agreement).toEqual(timeline.history(live.presentMs).agreement);
  alone.free();
}

export function expectAgreement({ all }: Tabs): void {
  const fingerprints = new Set(all.map(({ fingerprint }) => fingerprint));
  expect(fingerprints.size).toBe(1);
  for (const tab of all) {
    expect(tab.isAgreed).toBe(true);
    expect(Object.keys(tab.hearsOf)).toHaveLength(all.length - 1);
  }
}
