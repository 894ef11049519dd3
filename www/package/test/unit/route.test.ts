// Whom to go to for a key.
import { expect, test } from "vitest";
import { code, map, wrong, type RangeMap } from "./kit.js";

function served(priorities: Record<string, number>): RangeMap {
  const here = map(1);
  for (const [node, priority] of Object.entries(priorities)) here.increase(node, 0, null, priority);
  return here;
}

function shares(here: RangeMap, by: "preference" | "weight"): Record<string, number> {
  const counts: Record<string, number> = {};
  for (let key = 0; key < 20_000; key++) {
    const node = here.route(key, { by, wanted: 1 })[0]?.node ?? "";
    counts[node] = (counts[node] ?? 0) + 1 / 20_000;
  }
  return counts;
}

test("equal nodes share the keys, and weights decide how large a share is", () => {
  const equal = shares(served({ a: 2, b: 2, c: 2, d: 2, e: 1 }), "preference");
  expect(Object.keys(equal).sort()).toEqual(["a", "b", "c", "d"]);
  for (const share of Object.values(equal)) expect(share).toBeCloseTo(0.25, 1);
  const weighted = shares(served({ a: 1, b: 2, c: 4 }), "weight");
  for (const [node, expected] of Object.entries({ a: 1 / 7, b: 2 / 7, c: 4 / 7 }))
    expect(Math.abs((weighted[node] ?? 0) - expected)).toBeLessThan(0.02);
});

test("what is chosen is what every replica chooses, natively too", () => {
  const here = served({ "node-0": 1, "node-1": 2, "node-2": 3, "node-3": 3, "node-4": 3 });
  const chosen = (by: "preference" | "weight") =>
    Array.from({ length: 16 }, (_, key) => here.route(key, { by })[0]?.node.slice(5)).join("");
  expect(chosen("preference")).toBe("4324344323424232");
  expect(chosen("weight")).toBe("0314141123124231");
});

test("as many as are wanted, apart as far as they can be", () => {
  const here = served({ "east-1": 5, "east-2": 5, "west-1": 1 });
  const zone = (node: string) => node.slice(0, 4);
  expect(
    here
      .route(7)
      .map(({ node }) => node)
      .sort(),
  ).toEqual(["east-1", "east-2", "west-1"]);
  expect(here.route(7, { wanted: 2 }).map(({ node }) => zone(node))).toEqual(["east", "east"]);
  expect(here.route(7, { wanted: 2, apart: zone }).map(({ node }) => zone(node))).toEqual(["east", "west"]);
  expect(here.route(7, { wanted: 3, apart: zone }).map(({ node }) => zone(node))).toEqual(["east", "west", "east"]);
  expect(here.route(7, { wanted: 0 })).toEqual([]);
  expect(map(2).route(7)).toEqual([]);
});

test("what is asked may ask the map again, and what it throws is thrown", () => {
  const here = served({ a: 1, b: 1 });
  expect(here.route(3, { apart: (node) => here.register(node, 0, 1) && node })).toHaveLength(2);
  const fault = new Error("no zone");
  const thrower = () => {
    throw fault;
  };
  expect(() => here.route(3, { apart: thrower })).toThrow(fault);
});

test("wrong arguments are refused", () => {
  const here = map(1);
  expect(code(() => here.route(wrong("x")))).toBe("invalid-key");
  for (const options of [{ by: "name" }, { wanted: -1 }, { wanted: 1.5 }, { apart: "zone" }, { zone: 1 }, 7, null])
    expect(code(() => here.route(1, wrong(options)))).toBe("invalid-options");
});
