// Each operation alone, and many in a list.
import { expect, test, vi } from "vitest";
import { increase, map, refusal, register, splits, wrong, type Operation } from "./kit.js";

test("every operation does what it says", () => {
  const here = map(1);
  expect(here.replica).toBe(1n);
  expect(here.register("a", 0, 100)).toBeInstanceOf(Uint8Array);
  here.increase("b", 50, null, 4);
  here.increase("b", 50, null);
  here.decrease("b", 50, null, 2);
  here.decrease("b", 50, null);
  expect(splits(here)).toEqual(["[0, 50) a:1", "[50, 100) b:2 a:1", "[100, null) b:2"]);
  expect(here.owners(99)).toStrictEqual([
    { node: "b", priority: 2 },
    { node: "a", priority: 1 },
  ]);
  expect(here.priority("b", 50, null)).toBe(2);
  expect(here.priority("b", 50, 60)).toBeUndefined();

  here.tighten("b", { start: 50, end: null }, { start: 60n, end: 70 });
  expect(here.registrations()).toStrictEqual([
    { node: "a", start: 0n, end: 100n, priority: 1 },
    { node: "b", start: 60n, end: 70n, priority: 2 },
  ]);
  here.release("a", 0, 100);
  expect(here.gaps()).toStrictEqual([
    { start: 0n, end: 60n },
    { start: 70n, end: null },
  ]);
  here.decrease("b", 60, 70, 9);
  expect(here.splits()).toEqual([]);
  expect(here.gaps()).toStrictEqual([{ start: 0n, end: null }]);
});

test("splits are plain objects with bigints, and null for no end", () => {
  const here = map(1);
  here.register("a", 5, null);
  expect(here.splits()).toStrictEqual([{ start: 5n, end: null, owners: [{ node: "a", priority: 1 }] }]);
});

test("an operation that does nothing has an empty delta, which merges", () => {
  const here = map(1);
  for (const delta of [here.release("a", 0, 1), here.decrease("a", 0, 1, 7), here.apply([])]) {
    expect(delta).toStrictEqual(new Uint8Array());
    expect(here.merge(delta)).toEqual([]);
  }
});

test("a list of operations does what they do one by one", () => {
  const [oneByOne, atOnce, other] = [map(1), map(1), map(2)];
  const operations: Operation[] = [
    register("a", 0, 100),
    increase("b", 50, null, 4),
    increase("b", 50n, null),
    { op: "decrease", node: "b", start: 50, end: null, by: 2 },
    register("c", Number.MAX_SAFE_INTEGER, 2n ** 53n),
    { op: "release", node: "a", start: 0, end: 100 },
    { op: "release", node: "nobody", start: 0, end: 100 },
    increase("a", 2n ** 64n - 2n, 2n ** 64n - 1n, 2 ** 32 - 1),
    { op: "increase", node: "d", start: 0, end: 1, by: undefined },
  ];
  for (const { op, node, start, end, ...rest } of operations) {
    if (op === "register" || op === "release") oneByOne[op](node, start, end);
    else if (op === "increase" || op === "decrease") oneByOne[op](node, start, end, "by" in rest ? rest.by : undefined);
  }
  const delta = atOnce.apply(operations);
  expect(atOnce.state()).toEqual(oneByOne.state());
  other.merge(delta);
  expect(other.state()).toEqual(atOnce.state());
  expect(splits(other)).toEqual([
    "[0, 1) d:1",
    "[50, 9007199254740991) b:3",
    "[9007199254740991, 9007199254740992) b:3 c:1",
    "[9007199254740992, 18446744073709551614) b:3",
    "[18446744073709551614, 18446744073709551615) a:4294967295 b:3",
    "[18446744073709551615, null) b:3",
  ]);
  expect(other.apply([{ op: "release", node: "nobody", start: 0, end: 1 }])).toHaveLength(0);
});

test("a list moves, hands over, carves, drains and sets priorities as the methods do", () => {
  const [oneByOne, atOnce] = [map(1), map(1)];
  const whole = { start: 0, end: 100 };
  const first = (here: ReturnType<typeof map>) =>
    here.apply([register("a", 0, 100), register("b", 0, 100), increase("b", 0, 100, 3)]);
  [oneByOne, atOnce].forEach(first);
  oneByOne.standIn("c", "b", 0, 50);
  oneByOne.drain("b", 0, 100, 9);
  oneByOne.drain("a", 0, 50, 2);
  oneByOne.handOver("b", 0, 100, "d");
  oneByOne.moveTo("d", whole, { start: 10, end: null });
  oneByOne.carve("d", { start: 10, end: null }, { start: 20n, end: 30n });
  oneByOne.setPriority("d", 10, 20, 2 ** 53 - 1);
  oneByOne.tighten("c", { start: 0, end: 50 }, { start: 1, end: 50 });
  oneByOne.setPriority("c", 1, 50, 0);
  oneByOne.unite("d", 30, null);
  atOnce.apply([
    { op: "standIn", node: "c", other: "b", start: 0, end: 50 },
    { op: "drain", node: "b", ...whole, count: 9 },
    { op: "drain", node: "a", start: 0, end: 50, count: 2 },
    { op: "handOver", node: "b", ...whole, to: "d" },
    { op: "moveTo", node: "d", ...whole, to: { start: 10, end: null } },
    { op: "carve", node: "d", start: 10, end: null, hole: { start: 20n, end: 30n } },
    { op: "setPriority", node: "d", start: 10, end: 20, to: 2 ** 53 - 1 },
    { op: "tighten", node: "c", start: 0, end: 50, to: { start: 1, end: 50 } },
    { op: "setPriority", node: "c", start: 1, end: 50, to: 0 },
    { op: "unite", node: "d", start: 30, end: null },
  ]);
  expect(atOnce.state()).toEqual(oneByOne.state());
  expect(splits(atOnce)).toEqual([
    "[10, 20) d:9007199254740991",
    "[30, 50) d:4",
    "[50, 100) d:4 a:1",
    "[100, null) d:4",
  ]);
  const refused: [object, string][] = [
    [{ op: "moveTo", node: "nobody", ...whole, to: whole }, "not-registered"],
    [{ op: "carve", node: "a", start: 50, end: 100, hole: { start: 0, end: 1 } }, "not-overlapping"],
  ];
  for (const [operation, code] of refused) {
    const error = refusal(() => atOnce.apply(wrong([operation])));
    expect([error.code, error.index]).toEqual([code, 0]);
  }
});

test("a list with a bad operation is refused whole, and the error says which it is", () => {
  const here = map(1);
  here.register("a", 0, 100);
  const state = here.state();
  const good = increase("a", 0, 100, 2);
  const item = (changes: object) => ({ op: "register", node: "b", start: 0, end: 1, ...changes });
  const refused: [bad: unknown, code: string, words: string][] = [
    [null, "invalid-operation", "operations[1] must be an object, not null"],
    ["release", "invalid-operation", 'operations[1] must be an object, not "release"'],
    [
      item({ op: "raise" }),
      "invalid-operation",
      "operations[1].op must be one of register, release, increase, decrease, tighten, moveTo, " +
        'carve, handOver, setPriority, drain, standIn, unite, not "raise"',
    ],
    [item({ node: undefined }), "invalid-node", "operations[1].node must be a string, not undefined"],
    [item({ node: "\ud800" }), "invalid-node", "operations[1].node must be "],
    [item({ node: "ü".repeat(128) }), "invalid-node", "operations[1].node must be "],
    [item({ start: -1 }), "invalid-key", "operations[1].start must be "],
    [item({ end: undefined }), "invalid-key", "operations[1].end must be "],
    [
      item({ op: "release", start: 7n, end: 5 }),
      "invalid-range",
      "operations[1]: a range's start must be below its end, but start is 7 and end is 5",
    ],
    [item({ op: "tighten" }), "invalid-range", "operations[1].to must be an object with start and end, not undefined"],
    [
      item({ op: "tighten", to: { start: 1, end: 1 } }),
      "invalid-range",
      "operations[1]: a range's start must be below",
    ],
    [item({ op: "increase", by: 0 }), "invalid-amount", "operations[1].by must be "],
    [item({ op: "decrease", by: "1" }), "invalid-amount", "operations[1].by must be "],
    [item({ op: "carve", hole: 3 }), "invalid-range", "operations[1].hole must be an object with start and end, not 3"],
    [item({ op: "handOver", to: 3 }), "invalid-node", "operations[1].to must be a string, not 3"],
    [item({ op: "standIn" }), "invalid-node", "operations[1].other must be a string, not undefined"],
    [
      item({ op: "setPriority", to: -1 }),
      "invalid-amount",
      "operations[1].to must be an integer from 0 to 2^53 - 1, not -1",
    ],
    [
      item({ op: "drain" }),
      "invalid-amount",
      "operations[1].count must be an integer from 0 to 2^32 - 1, not undefined",
    ],
    [item({ op: "drain", count: 2, by: 1 }), "invalid-amount", "operations[1].by must be left out of a drain, not 1"],
    [
      item({ op: "increase", amount: 7 }),
      "invalid-operation",
      'operations[1] must be of op, node, start, end, by, not "amount"',
    ],
    [item({ by: 7 }), "invalid-amount", "operations[1].by must be left out of a register, not 7"],
    [
      item({ op: "drain", count: 2, hole: 1 }),
      "invalid-operation",
      'operations[1] must be of op, node, start, end, count, not "hole"',
    ],
    [
      item({ op: "unite", pirority: 5 }),
      "invalid-operation",
      'operations[1] must be of op, node, start, end, not "pirority"',
    ],
    [
      item({ op: "drain", count: 2n }),
      "invalid-amount",
      "operations[1].count must be an integer from 0 to 2^32 - 1, not 2n",
    ],
    [item({ node: new String("a") }), "invalid-node", "operations[1].node must be a string, not [object String]"],
  ];
  for (const [bad, code, words] of refused) {
    const error = refusal(() => here.apply([good, wrong(bad), good]));
    expect(error.index).toBe(1);
    expect(error.code).toBe(code);
    expect(error.message.slice(0, words.length)).toBe(words);
  }
  for (const notAList of [undefined, null, 5, good]) {
    const error = refusal(() => here.apply(wrong(notAList)));
    expect(error.code).toBe("invalid-operation");
    expect("index" in error).toBe(false);
  }
  expect(here.state()).toEqual(state);
});

test("subscribers hear of a list of operations once", () => {
  const here = map(1);
  const heard = vi.fn();
  here.onChange(heard);
  here.apply([
    register("a", 20, null),
    register("b", 0, 5),
    increase("b", 4, 9),
    { op: "release", node: "nobody", start: 10, end: 12 },
  ]);
  const ranges = [
    { start: 0n, end: 9n },
    { start: 20n, end: null },
  ];
  expect(heard.mock.calls).toStrictEqual([[{ source: "local", ranges }]]);
});

test("getters of operations may call the map: what they do comes first", () => {
  const here = map(1);
  const item = {
    ...increase("", 20_000, 20_001, 7),
    get node() {
      // Enough to make the module's memory grow, and with it move.
      here.apply(Array.from({ length: 20_000 }, (_, start) => register("getter", start, 20_000)));
      return "a";
    },
  };
  here.apply([item]);
  expect(splits(here)).toEqual(["[0, 20000) getter:1", "[20000, 20001) a:7"]);
});
