import { describe, expect, test } from "vitest";
import type { Operation, Range } from "./input";
import { Replica, type Columns } from "./replica";

const ALL: Range = { start: 0n, end: null };

function started(id = 1n): Replica {
  const replica = new Replica();
  replica.start(id, 7n);
  replica.connect(0);
  return replica;
}

function poll(replica: Replica, now = 0) {
  return replica.poll(now, () => undefined);
}

function register(node: string, start: number, end: number | null): Operation {
  return { op: "register", node, start: BigInt(start), end: end === null ? null : BigInt(end) };
}

/** "start end owner:priority owner:priority" for each. */
function lines({ starts, ends, offsets, nodes, priorities, names }: Columns): string[] {
  return Array.from(starts, (start, place) => {
    const owners = [];
    for (let at = offsets[place - 1] ?? 0; at < (offsets[place] ?? 0); at++)
      owners.push(`${names[nodes[at] ?? -1]}:${priorities[at]}`);
    return `${start} ${ends[place] || "…"} ${owners.join(" ")}`;
  });
}

describe("operations", () => {
  test("each does what it says", () => {
    const replica = started();
    const range = { start: 0n, end: 100n };
    expect(replica.apply([register("a", 0, 100), { op: "increase", node: "a", by: 2 ** 32 - 1, ...range }])).toBe(
      undefined,
    );
    expect(replica.owners(5n)).toEqual([{ node: "a", priority: 2 ** 32 }]);
    replica.apply([{ op: "decrease", node: "a", by: 2 ** 32 - 4, ...range }, register("b", 50, null)]);
    replica.apply([{ op: "tighten", node: "a", ...range, to: { start: 20n, end: 60n } }]);
    expect(lines(replica.splitsIn(ALL))).toEqual(["20 50 a:4", "50 60 a:4 b:1", "60 … b:1"]);
    expect(replica.owners(55n)).toEqual([
      { node: "a", priority: 4 },
      { node: "b", priority: 1 },
    ]);
    replica.apply([{ op: "release", node: "b", start: 50n, end: null }]);
    expect(lines(replica.registrationsIn(ALL))).toEqual(["20 60 a:4"]);
    expect(replica.owners(19n)).toEqual([]);
    replica.free();
  });

  test("all are done or none, and why not is said", () => {
    const replica = started();
    const tighten: Operation = { op: "tighten", node: "b", start: 0n, end: 9n, to: { start: 1n, end: 9n } };
    expect(replica.apply([register("a", 0, 9), tighten])).toBe("the registration is not visible");
    expect(lines(replica.registrationsIn(ALL))).toEqual([]);
    expect(replica.apply([register("x".repeat(256), 0, 9)])).toMatch(/1 to 255 bytes/);
    replica.free();
  });

  test("the least and the greatest keys, and names of all kinds", () => {
    const replica = started();
    const most = 2n ** 64n - 1n;
    replica.apply([
      { op: "register", node: "→🦀\0", start: most - 1n, end: most },
      { op: "register", node: "b", start: most, end: null },
    ]);
    expect(lines(replica.splitsIn(ALL))).toEqual([`${most - 1n} ${most} →🦀\0:1`, `${most} … b:1`]);
    expect([most - 1n, most, 0n].map((key) => replica.owners(key).length)).toEqual([1, 1, 0]);
    replica.free();
  });
});

test("a window has what lies of splits in it, and whole registrations", () => {
  const replica = started();
  replica.apply([register("a", 0, 10), register("b", 20, 30), register("c", 30, null)]);
  const splits = (start: number, end: number | null) =>
    lines(replica.splitsIn({ start: BigInt(start), end: end === null ? null : BigInt(end) })).join(", ");
  expect(splits(9, 21)).toBe("9 10 a:1, 20 21 b:1");
  expect(splits(10, 20)).toBe("");
  expect(splits(29, 31)).toBe("29 30 b:1, 30 31 c:1");
  expect(splits(1000, null)).toBe("1000 … c:1");
  expect(lines(replica.registrationsIn({ start: 5n, end: 20n }))).toEqual(["0 10 a:1"]);
  replica.free();
});

test("a clone goes on exactly alike, and apart from the original", () => {
  const replica = started();
  replica.apply([register("a", 0, 10)]);
  const clone = replica.clone();
  expect(poll(clone, 50)).toEqual(poll(replica, 50));
  expect([clone.wakeAt, clone.fingerprint, clone.id]).toEqual([replica.wakeAt, replica.fingerprint, replica.id]);
  clone.apply([register("b", 0, 10)]);
  expect(poll(clone, 60).sent).toHaveLength(1);
  expect(clone.fingerprint).not.toBe(replica.fingerprint);
  expect(replica.owners(5n)).toEqual([{ node: "a", priority: 1 }]);
  replica.free();
  expect(clone.owners(5n)).toHaveLength(2);
  clone.free();
});

test("contributions say who did what, and what a release cancelled", () => {
  const [a, b] = [started(1n), started(2n)];
  const range = { start: 0n, end: 10n };
  const pass = (from: Replica, to: Replica, now: number) =>
    poll(from, now).sent.forEach((bytes) => to.receive(bytes, now));
  a.apply([register("n", 0, 10), { op: "increase", node: "n", by: 4, ...range }]);
  pass(a, b, 1);
  expect(b.contributions("n", range)).toEqual([
    {
      kind: "contribution",
      replica: 1n,
      birth: 1,
      last: 2,
      registered: 1,
      isRegistered: true,
      adjustments: 4,
      cancelled: undefined,
    },
  ]);
  // Concurrent: one more here, and a release there.
  a.apply([{ op: "increase", node: "n", by: 1, ...range }]);
  b.apply([{ op: "release", node: "n", ...range }]);
  pass(a, b, 2);
  const [left, ...others] = b.contributions("n", range);
  expect(others).toEqual([]);
  expect(left).toEqual({
    kind: "contribution",
    replica: 1n,
    birth: 1,
    last: 3,
    registered: 1,
    isRegistered: false,
    adjustments: 1,
    cancelled: { until: 2, adjustments: 4, by: { replica: 2n, sequence: 1 } },
  });
  expect(b.owners(5n)).toEqual([{ node: "n", priority: 1 }]);
  expect([b.contributions("m", range), b.contributions("", range), b.contributions("x".repeat(256), range)]).toEqual([
    [],
    [],
    [],
  ]);
  a.free();
  b.free();
});

test("one that is not there answers nothing", () => {
  const replica = started();
  replica.apply([register("a", 0, 10)]);
  poll(replica);
  replica.end("crashed");
  expect([replica.isThere, replica.id, replica.fingerprint, replica.wakeAt]).toEqual([false, undefined, "", Infinity]);
  expect([replica.owners(5n), lines(replica.splitsIn(ALL)), lines(replica.registrationsIn(ALL))]).toEqual([[], [], []]);
  expect([replica.contributions("a", ALL), replica.apply([register("a", 0, 10)]), poll(replica).sent]).toEqual([
    [],
    undefined,
    [],
  ]);
  replica.receive(new Uint8Array([1]), 5);
  expect(replica.clone().isThere).toBe(false);
});

test("what is no message is refused with a reason", () => {
  const replica = started();
  poll(replica);
  replica.receive(new Uint8Array([1, 2, 3]), 5);
  expect(poll(replica, 5).refused).toEqual(["not a message of this protocol"]);
  replica.free();
});
