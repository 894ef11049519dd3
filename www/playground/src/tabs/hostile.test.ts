import { describe, expect, test } from "vitest";
import { seeded } from "../model/random";
import { REPLICAS_MAX, type What } from "../world/input";
import { INPUTS_MAX } from "../world/log";
import { expectAgreement, expectToReplay, Tabs } from "./harness";
import { FULL } from "./live";

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
