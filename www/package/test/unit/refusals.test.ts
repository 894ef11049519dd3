// What is accepted, and that everything else is refused with a code and changes nothing.
import { openRangeMap } from "crdt-range-map/persistent";
import { expect, test, vi } from "vitest";
import { code, map, RangeMap, Recording, refusal, splits, wrong } from "./kit.js";

const last = 2n ** 64n - 1n;

test("keys reach from 0 to the last number of 64 bits", () => {
  const here = map(1);
  here.register("a", 0, 1n);
  here.register("b", Number.MAX_SAFE_INTEGER, 2n ** 53n);
  here.register("c", last - 1n, last);
  here.register("d", last, null);
  expect(splits(here)).toEqual([
    "[0, 1) a:1",
    "[9007199254740991, 9007199254740992) b:1",
    "[18446744073709551614, 18446744073709551615) c:1",
    "[18446744073709551615, null) d:1",
  ]);
  expect(here.owners(last)).toEqual([{ node: "d", priority: 1 }]);
  expect(here.owners(-0)).toEqual([{ node: "a", priority: 1 }]);
});

test("what is no key is refused", () => {
  const here = map(1);
  here.register("a", 0, 1);
  const state = here.state();
  const notKeys = [
    Number.MAX_SAFE_INTEGER + 1,
    -1,
    -1n,
    1.5,
    NaN,
    Infinity,
    last + 1n,
    "5",
    true,
    undefined,
    [1],
    Symbol.iterator,
    Object.create(null),
    Object(1n),
  ].map(wrong);
  for (const key of notKeys) {
    expect(code(() => here.owners(key))).toBe("invalid-key");
    expect(code(() => here.register("a", key, null))).toBe("invalid-key");
    expect(code(() => here.register("a", 0, key))).toBe("invalid-key");
  }
  expect(code(() => here.owners(wrong(null)))).toBe("invalid-key");
  expect(code(() => wrong(here).owners())).toBe("invalid-key");
  // A forgotten end is not an unbounded one.
  expect(code(() => wrong(here).register("a", 5))).toBe("invalid-key");
  expect(here.state()).toEqual(state);
});

test("nodes are well-formed strings of 1 to 255 bytes", () => {
  const here = map(1);
  const longest = "ü".repeat(127) + "x";
  const names = ["a", "\0", "\ufffd", "💡", longest];
  for (const name of names) here.register(name, 0, 1);
  const found = here.registrations().map(({ node }) => node);
  expect(found.sort()).toEqual(names.sort());
  for (const node of ["", longest + "x", "\ud800", "\udca1💡", 5, null, undefined, Object("a")].map(wrong)) {
    for (const method of ["register", "release", "increase", "decrease", "priority"] as const) {
      expect(code(() => here[method](node, 0, 1))).toBe("invalid-node");
    }
    expect(code(() => here.tighten(node, { start: 0, end: 2 }, { start: 0, end: 1 }))).toBe("invalid-node");
  }
});

test("a range holds at least one key", () => {
  const here = map(1);
  for (const [start, end] of [
    [5, 5],
    [7, 5],
    [1, 0],
    [last, last],
    [last, 0],
  ] as const) {
    for (const method of ["register", "release", "increase", "decrease", "priority"] as const) {
      expect(code(() => here[method]("a", start, end))).toBe("invalid-range");
    }
  }
  expect(refusal(() => here.priority("a", 7, 5)).message).toBe(
    "a range's start must be below its end, but start is 7 and end is 5; nothing has changed",
  );
  const part = { start: 0, end: 1 };
  for (const notARange of [undefined, null, 5, "0-5"].map(wrong)) {
    expect(code(() => here.tighten("a", notARange, part))).toBe("invalid-range");
    expect(code(() => here.tighten("a", part, notARange))).toBe("invalid-range");
  }
  expect(here.gaps()).toEqual([{ start: 0n, end: null }]);
});

test("amounts are integers from 1 to 2^32 - 1", () => {
  const here = map(1);
  here.increase("a", 0, 100, 2 ** 32 - 1);
  const state = here.state();
  for (const amount of [0, -1, 1.5, 2 ** 32, NaN, 1n, "1", null].map(wrong)) {
    expect(code(() => here.increase("a", 0, 100, amount))).toBe("invalid-amount");
    expect(code(() => here.decrease("a", 0, 100, amount))).toBe("invalid-amount");
  }
  expect(here.state()).toEqual(state);
});

test("a registration is tightened to a part of it, if it is there", () => {
  const here = map(1);
  here.register("a", 0, 100);
  const state = here.state();
  const [from, within, beyond] = [
    { start: 0, end: 100 },
    { start: 0, end: 50 },
    { start: 50, end: 101 },
  ];
  expect(code(() => here.tighten("a", from, beyond))).toBe("not-sub-range");
  expect(code(() => here.tighten("a", from, from))).toBe("not-sub-range");
  expect(code(() => here.tighten("b", from, within))).toBe("not-registered");
  const { message } = refusal(() => here.tighten("a", { start: 0, end: wrong("x") }, within));
  expect(message).toMatch(/^from\.end must be .*, not "x"; nothing has changed$/);
  expect(here.state()).toEqual(state);
});

test("replica ids are bigints of 64 bits", () => {
  expect(map(last).replica).toBe(last);
  const here = map(1);
  for (const id of [1, -1n, last + 1n, "1", null].map(wrong)) {
    expect(code(() => new RangeMap(id))).toBe("invalid-replica");
    expect(code(() => here.setReplica(id))).toBe("invalid-replica");
    expect(code(() => here.retire(id))).toBe("invalid-replica");
  }
  expect(code(() => here.retire(wrong(undefined)))).toBe("invalid-replica");
  expect(here.replica).toBe(1n);
});

test("ids that are left out are random, and it is told if none can be drawn", () => {
  const [one, other] = [new RangeMap(), new RangeMap()];
  expect(one.replica).not.toBe(other.replica);
  const before = one.replica;
  one.setReplica();
  expect(one.replica).not.toBe(before);
  one.free();
  other.free();
  vi.stubGlobal("crypto", undefined);
  expect(code(() => new RangeMap())).toBe("invalid-replica");
});

test("options are checked, and a channel is left as it was if one is wrong", () => {
  const here = map(1);
  const end = new Recording();
  const refused = [
    ...[5, "x", null].map((value) => ["options", value] as const),
    ...["bus", null, 1].map((kind) => ["kind", { kind }] as const),
    ...[5, null, {}].map((name) => ["name", { name }] as const),
    ...[5, {}, true].map((locks) => ["locks", { name: "n", locks }] as const),
    ["nmae", { nmae: "typo" }] as const,
  ];
  for (const [word, options] of refused) {
    const error = refusal(() => here.connect(end, wrong(options)));
    expect(error.code).toBe("invalid-options");
    expect(error.message).toContain(word);
  }
  expect([end.onmessage, end.posts, end.closedWith]).toEqual([null, [], []]);
  here.connect(end, { name: undefined, kind: undefined, locks: null });
  expect(end.posts.length).toBeGreaterThan(0);
});

test("options of a saved map are checked before anything else", async () => {
  const name = "n";
  const refused: [string, unknown][] = [
    ...[5, "x", null].map((value): [string, unknown] => ["options", value]),
    ...[undefined, {}, { name: 5 }, { name: "" }].map((value): [string, unknown] => ["name", value]),
    ...[5, {}, true].map((channel): [string, unknown] => ["channel", { name, channel }]),
    ...[5, "Ada", null].map((presence): [string, unknown] => ["presence", { name, presence }]),
    ...[5, "x", {}].map((onstatus): [string, unknown] => ["onstatus", { name, onstatus }]),
    ["kind", { name, presence: { kind: "star" } }],
    ["nmae", { nmae: name }],
    ["onStatus", { name, onStatus: () => {} }],
    ["lock", { name, presence: { name: "Ada", lock: "x" } }],
  ];
  for (const [word, options] of refused) {
    const error = await openRangeMap(wrong(options)).then(
      () => undefined,
      (error) => error,
    );
    expect(error).toMatchObject({ name: "PersistentError", code: "invalid-options" });
    expect(error.message).toContain(word);
  }
  const fine = { name, channel: null, presence: { name: "Ada", locks: null }, onstatus: null };
  await expect(openRangeMap(fine)).rejects.toMatchObject({ code: "no-storage" });
});

test("callbacks are functions", () => {
  const here = map(1);
  for (const notAFunction of [undefined, null, {}].map(wrong)) {
    expect(code(() => here.onChange(notAFunction))).toBe("invalid-callback");
    expect(code(() => here.journal(notAFunction))).toBe("invalid-callback");
  }
});

test("what is no delta is refused, and the message says where", () => {
  const here = map(1);
  for (const notBytes of [undefined, null, "bytes", [1], new ArrayBuffer(1), new Int8Array(1)].map(wrong)) {
    expect(code(() => here.merge(notBytes))).toBe("malformed");
  }
  expect(refusal(() => here.merge(new Uint8Array(3))).message).toMatch(/^not a delta, at byte 1: /);
});

test("bytes may lie anywhere in a buffer, or in one that was transferred away", () => {
  const [here, there] = [map(1), map(2)];
  const delta = here.register("a", 0, 10);
  const larger = new Uint8Array(delta.length + 9).fill(0xff);
  larger.set(delta, 5);
  expect(there.merge(larger.subarray(5, 5 + delta.length))).toEqual([{ start: 0n, end: 10n }]);
  structuredClone(delta, { transfer: [delta.buffer] });
  expect(there.merge(delta)).toEqual([]);
});

/** The first byte of a delta of integer keys. */
const header = 0x11;

test("a replica without sequence numbers says so", () => {
  const here = map(1);
  // 2^53 - 1 dots of replica 1, and nothing else.
  here.merge(Uint8Array.of(header, 3, 0, 0, 0, 0, 0, 0, 0, 1, 0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 31, 0));
  expect(code(() => here.register("a", 0, 1))).toBe("exhausted");
  expect(code(() => here.release("a", 0, 1))).toBe("exhausted");
  expect(here.splits()).toEqual([]);
});

test("hostile bytes are refused and change nothing", () => {
  const writer = map(1);
  for (const [start, node] of ["a", "b", "c"].entries()) {
    writer.increase(node, start, 1000, 7);
    writer.release(node, start, 1000);
    writer.register(node, start, null);
  }
  const state = writer.state();
  const hostile = [new Uint8Array(10_000).fill(0xff), new Uint8Array(10_000).fill(header), Uint8Array.of(...state, 0)];
  for (let length = 1; length < state.length; length += 1) hostile.push(state.slice(0, length));
  for (let bit = 0; bit < state.length * 8; bit += 1) {
    const flipped = state.slice();
    flipped[bit >> 3]! ^= 1 << (bit & 7);
    hostile.push(flipped);
  }
  const counts = { refused: 0, taken: 0 };
  for (const bytes of hostile) {
    const here = new RangeMap(2n);
    here.register("x", 0, 5);
    const before = here.state();
    let isTaken = true;
    try {
      here.merge(bytes);
    } catch (error) {
      isTaken = false;
      expect((error as { code?: string }).code).toBe("malformed");
      expect(here.state()).toEqual(before);
    }
    // Some bits are as good as others, such as those of a name.
    counts[isTaken ? "taken" : "refused"] += 1;
    here.splits();
    here.free();
  }
  expect(counts.refused).toBeGreaterThan(state.length);
  expect(counts.taken).toBeGreaterThan(0);
});
