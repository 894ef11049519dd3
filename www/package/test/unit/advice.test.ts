// Advice which keys to take and which to give up, and doing it.
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
    if (advices.every(({ steps }) => steps.length === 0)) break;
    expect(round).toBeLessThan(5);
    const deltas = advices.map((advice) => maps[advice.node]!.follow(advice));
    for (const it of Object.values(maps)) for (const delta of deltas) it.merge(delta);
    for (const { node, steps } of advices) for (const { step } of steps) told.push(`${node} ${step}`);
  }
  expect(told).toEqual(["b standIn", "a drain"]);
  expect(splits(maps.a!)).toEqual(["[0, 50) a:1", "[50, 100) b:2"]);
  const { load, wanted, fair } = maps.b!.advice("b", even(), capacities, aims)!;
  expect([load, wanted, fair]).toEqual([35, 35, 35]);
});

test("advice tells what to do, and for whom", () => {
  const { b } = both();
  const advice = b!.advice("b", even(), capacities, { count: 1, movedPerMille: 200 });
  const steps = [{ step: "standIn", other: "a", start: 80n, end: 100n }];
  expect(advice).toStrictEqual({ node: "b", count: 1, load: 0, wanted: 14, fair: 35, steps });
  const hot = [{ start: 5, end: 6, load: 90, keys: 1 }];
  const shared = b!.advice("b", hot, capacities, { count: 1, movedPerMille: 1000 });
  expect(shared!.steps).toStrictEqual([{ step: "register", start: 5n, end: 6n }]);
  expect(b!.advice("c", even(), capacities)).toBeNull();
  expect(b!.advice("b", [], new Map([["b", 0]]))!.steps).toEqual([]);
});

test("steps are followed one by one, and a drain asks the map", () => {
  const here = map(1);
  here.register("a", 0, 10);
  const follow = (...steps: object[]) => here.follow(wrong({ node: "a", count: 1, steps }));
  expect(follow({ step: "drain", start: 0, end: null })).toHaveLength(0);
  expect(follow({ step: "register", start: 10, end: null }, { step: "unite", start: 0, end: null })).not.toHaveLength(
    0,
  );
  expect(splits(here)).toEqual(["[0, null) a:1"]);
  expect(here.registrations()).toHaveLength(1);
  expect(follow()).toHaveLength(0);
});

test("what is not load, capacities, aims or advice is refused", () => {
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
  const follow = (advice: unknown) => code(() => a!.follow(wrong(advice)));
  expect(follow(null)).toBe("invalid-options");
  expect(follow({ node: 1, count: 1, steps: [] })).toBe("invalid-node");
  expect(follow({ node: "a", count: -1, steps: [] })).toBe("invalid-amount");
  expect(follow({ node: "a", count: 1, steps: {} })).toBe("invalid-options");
  expect(follow({ node: "a", count: 1, steps: [{ step: "leave", start: 0, end: 1 }] })).toBe("invalid-operation");
  expect(follow({ node: "a", count: 1, steps: [{ step: "standIn", start: 0, end: 1 }] })).toBe("invalid-node");
  expect(a!.registrations()).toHaveLength(1);
});
