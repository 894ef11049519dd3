// Advice which keys to take and which to give up.
import { expect, test } from "vitest";
import { code, map, splits, wrong, type LoadBucket, type RangeMap } from "./kit.js";

/** Ten buckets of ten keys. */
const even = (load = 7): LoadBucket[] =>
  Array.from({ length: 10 }, (_, at) => ({ start: 10 * at, end: BigInt(10 * at + 10), load, keys: 10 }));

const capacities = new Map([
  ["a", 1],
  ["b", 1],
]);

/** Two maps, one for each node, of which a serves all. */
function both(): Record<string, RangeMap> {
  const [a, b] = [map(1), map(2)];
  b.merge(a.register("a", 0, 100));
  return { a, b };
}

test("a full node gives half to another, in rounds that come to rest", () => {
  const maps = both();
  const aims = { count: 1, movedPerMille: 1000 };
  const told: string[] = [];
  for (let round = 0; ; round += 1) {
    const advices = Object.keys(maps).map((node) => maps[node]!.advice(node, even(), capacities, aims)!);
    if (advices.every(({ operations }) => operations.length === 0)) break;
    expect(round).toBeLessThan(5);
    const deltas = advices.map((advice) => maps[advice.node]!.apply(advice.operations));
    for (const it of Object.values(maps)) for (const delta of deltas) it.merge(delta);
    for (const { operations } of advices) for (const { node, op } of operations) told.push(`${node} ${op}`);
  }
  expect(told).toEqual(["b standIn", "a drain"]);
  expect(splits(maps.a!)).toEqual(["[0, 50) a:1", "[50, 100) b:2"]);
  const { load, wanted, fair } = maps.b!.advice("b", even(), capacities, aims)!;
  expect([load, wanted, fair]).toEqual([35, 35, 35]);
});

test("advice tells what to do, and for whom", () => {
  const { a, b } = both();
  const advice = b!.advice("b", even(), capacities, { count: 1, movedPerMille: 200 });
  const operations = [{ op: "standIn", node: "b", other: "a", start: 80n, end: 100n }];
  expect(advice).toStrictEqual({ node: "b", load: 0, wanted: 14, fair: 35, operations });
  const hot = [{ start: 5, end: 6, load: 90, keys: 1 }];
  const shared = b!.advice("b", hot, capacities, { count: 1, movedPerMille: 1000 });
  expect(shared!.operations).toStrictEqual([{ op: "register", node: "b", start: 5n, end: 6n }]);
  a!.merge(b!.apply(advice!.operations));
  const given = a!.advice("a", even(), capacities, { count: 1, movedPerMille: 200 });
  expect(given!.operations).toStrictEqual([{ op: "drain", node: "a", start: 80n, end: 100n, count: 1 }]);
  const alone = map(3);
  for (let start = 0; start < 40; start += 10) alone.register("b", start, start + 10);
  const united = alone.advice("b", even(0).slice(0, 4), new Map([["b", 1]]), { count: 1 });
  expect(united!.operations).toStrictEqual([{ op: "unite", node: "b", start: 0n, end: 40n }]);
  expect(b!.advice("c", even(), capacities)).toBeNull();
  expect(b!.advice("b", [], new Map([["b", 0]]))!.operations).toEqual([]);
});

test("what is not load, capacities or aims is refused", () => {
  const { a } = both();
  const refused = (...given: unknown[]) => code(() => a!.advice(...(wrong(given) as Parameters<RangeMap["advice"]>)));
  const bucket = { start: 0, end: 10, load: 1, keys: 1 };
  expect(refused("", [], capacities)).toBe("invalid-node");
  expect(refused("a", "load", capacities)).toBe("invalid-options");
  expect(refused("a", [null], capacities)).toBe("invalid-range");
  expect(refused("a", [{ ...bucket, end: 0 }], capacities)).toBe("invalid-range");
  for (const load of [-1, 0.5, 2 ** 53, 1n, NaN]) {
    expect(refused("a", [{ ...bucket, load }], capacities)).toBe("invalid-amount");
    expect(refused("a", [{ ...bucket, keys: load }], capacities)).toBe("invalid-amount");
    expect(refused("a", [], new Map([["a", load]]))).toBe("invalid-amount");
  }
  expect(refused("a", [bucket, bucket], capacities)).toBe("invalid-options");
  const great = { ...bucket, load: Number.MAX_SAFE_INTEGER };
  expect(refused("a", [great, { ...great, start: 10, end: 20, load: 1 }], capacities)).toBe("invalid-options");
  expect(refused("a", [], { a: 1 })).toBe("invalid-options");
  expect(refused("a", [], new Map([["", 1]]))).toBe("invalid-node");
  expect(refused("a", [], capacities, { count: -1 })).toBe("invalid-options");
  expect(refused("a", [], capacities, { slack: 1 })).toBe("invalid-options");
  expect(a!.registrations()).toHaveLength(1);
});
