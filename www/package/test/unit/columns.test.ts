// Splits and owners in columns: as many arrays as there are attributes, instead of objects.
import { expect, test } from "vitest";
import {
  code,
  increase,
  map,
  random,
  refusal,
  register,
  splits,
  wrong,
  type OwnerColumns,
  type RangeMap,
} from "./kit.js";

/** Each list of owners in columns, in short. */
function ownersIn({ ownerOffsets, ownerNodes, ownerPriorities, nodes }: OwnerColumns): string[] {
  expect(ownerOffsets).toBeInstanceOf(Uint32Array);
  expect(ownerNodes).toBeInstanceOf(Uint32Array);
  expect(ownerPriorities).toBeInstanceOf(Float64Array);
  expect(new Set(nodes).size, "each name once").toBe(nodes.length);
  expect(ownerNodes.length).toBe(ownerPriorities.length);
  const owners = Array.from(ownerNodes, (node, place) => ` ${nodes[node]}:${ownerPriorities[place]}`);
  return Array.from(ownerOffsets.subarray(1), (end, at) => owners.slice(ownerOffsets[at], end).join(""));
}

/** The splits in columns, in short as `splits` writes them. */
function splitsIn(map: RangeMap): string[] {
  const columns = map.splitColumns();
  const { starts, ends } = columns;
  expect([starts, ends].every((keys) => keys instanceof BigUint64Array)).toBe(true);
  const owners = ownersIn(columns);
  expect([starts.length, ends.length]).toEqual([owners.length, owners.length]);
  return owners.map((list, at) => `[${starts[at]}, ${ends[at] || null})${list}`);
}

test("columns hold what objects hold", () => {
  const here = map(1);
  expect(splitsIn(here)).toEqual([]);
  expect(ownersIn(here.ownersOf([0, 5]))).toEqual(["", ""]);
  expect(ownersIn(here.ownersOf([]))).toEqual([]);
  // More nodes than are remembered by address.
  const operations = Array.from({ length: 6_000 }, (_, number) =>
    increase(`node ${number}`, number * 10, number * 10 + 15, (number % 7) + 1),
  );
  here.apply([...operations, register("last", 2n ** 64n - 1n, null)]);
  const expected = splits(here);
  expect(expected).toHaveLength(12_000);
  expect(expected.at(-1)).toBe("[18446744073709551615, null) last:1");
  expect(splitsIn(here)).toEqual(expected);

  const owners = [" node 1:2 node 0:1", " node 5999:1", "", " last:1", " node 0:1"];
  expect(ownersIn(here.ownersOf([12, 60_003, 60_005, 2n ** 64n - 1n, 0n]))).toEqual(owners);
  expect(ownersIn(here.ownersOf(BigUint64Array.of(12n, 60_003n, 60_005n, 2n ** 64n - 1n, 0n)))).toEqual(owners);
  expect(ownersIn(here.ownersOf(Float64Array.of(12, 60_003)))).toEqual(owners.slice(0, 2));
});

test("what is handed out is the caller's: nothing that happens later changes it", () => {
  const here = map(1);
  here.register("a", 0, 10);
  const [columns, owners] = [here.splitColumns(), here.ownersOf([5])];
  const before = structuredClone({ columns, owners });
  here.apply(Array.from({ length: 20_000 }, (_, start) => register(`b ${start % 100}`, start, 20_000)));
  here.splitColumns();
  expect({ columns, owners }).toStrictEqual(before);
});

test("priorities of columns are exact beyond 32 bits", () => {
  const here = map(1);
  for (let count = 0; count < 3; count += 1) here.increase("a", 0, 1, 2 ** 32 - 1);
  expect(here.priority("a", 0, 1)).toBe(3 * (2 ** 32 - 1));
  expect([...here.ownersOf([0]).ownerPriorities]).toEqual([3 * (2 ** 32 - 1)]);
});

test("splits, columns, owners and gaps tell the same as the registrations, whatever was done", () => {
  for (let seed = 0; seed < 60; seed += 1) {
    const draw = random(seed);
    const here = map(1);
    for (let step = 0; step < 40; step += 1) {
      const start = draw(12);
      const end = draw(4) === 0 ? null : start + 1 + draw(6);
      here.apply([increase(`n${draw(4)}`, start, end, 1 + draw(3))]);
      if (draw(3) === 0) here.decrease(`n${draw(4)}`, start, end, 1 + draw(3));
      if (draw(3) === 0) here.release(`n${draw(4)}`, start, end);
    }
    const keys = Array.from({ length: 20 }, (_, key) => key);
    // Slow and obvious: of each node the highest priority that covers the key.
    const expected = keys.map((key) => {
      const owners = new Map<string, number>();
      for (const { node, start, end, priority } of here.registrations()) {
        const isCovered = start <= key && (end === null || key < end);
        if (isCovered) owners.set(node, Math.max(priority, owners.get(node) ?? 0));
      }
      const inOrder = [...owners].sort(([a, left], [b, right]) => right - left || (a < b ? -1 : 1));
      return inOrder.map(([node, priority]) => ` ${node}:${priority}`).join("");
    });
    expect(ownersIn(here.ownersOf(keys)), `seed ${seed}`).toEqual(expected);
    expect(splitsIn(here)).toEqual(splits(here));
    for (const key of keys) {
      const covers = ({ start, end }: { start: bigint; end: bigint | null }) =>
        start <= key && (end === null || key < end);
      expect(here.owners(key)).toEqual(here.splits().find(covers)?.owners ?? []);
      expect(here.gaps().some(covers)).toBe(expected[key] === "");
    }
  }
});

test("lists of keys are checked", () => {
  const here = map(1);
  for (const notAList of [undefined, null, 5, 5n, "5", {}, new DataView(new ArrayBuffer(8))].map(wrong)) {
    expect(code(() => here.ownersOf(notAList))).toBe("invalid-key");
  }
  for (const notAKey of [-1, 0.5, null, undefined, "5"].map(wrong)) {
    expect(code(() => here.ownersOf([0, notAKey]))).toBe("invalid-key");
  }
  expect(code(() => here.ownersOf(Float64Array.of(0, 0.5)))).toBe("invalid-key");
  expect(refusal(() => here.ownersOf([0, -1])).message).toMatch(/^keys\[1\] must be an integer/);
});
