import { describe, expect, test } from "vitest";
import { blockAround, type Block } from "../model/blocks";
import { seeded } from "../model/random";
import { cellOf, ORDER, originOf, placeOf, sideOf, squaresOf, type Cell, type Square, type Stretch } from "./hilbert";

const near = (one: Cell, other: Cell) => Math.abs(one.x - other.x) + Math.abs(one.y - other.y);

describe.each([1, 2, 3, 4, 5, 8])("the curve of order %i", (order) => {
  const count = 4 ** order;

  test("meets each cell once, and knows its place", () => {
    const met = new Set<number>();
    for (let place = 0; place < count; place++) {
      const cell = cellOf(order, place);
      expect(cell.x).toBeLessThan(2 ** order);
      expect(cell.y).toBeLessThan(2 ** order);
      met.add(cell.x + cell.y * 2 ** order);
      expect(placeOf(order, cell)).toBe(place);
    }
    expect(met.size).toBe(count);
  });

  test("goes from each cell to one beside it", () => {
    for (let place = 1; place < count; place++) {
      expect(near(cellOf(order, place - 1), cellOf(order, place))).toBe(1);
    }
  });

  test("is the same as a finer one, seen from further away", () => {
    for (let place = 0; place < count; place++) {
      const { x, y } = cellOf(order, place);
      const finer = cellOf(order + 1, 4 * place + (place % 4));
      expect([finer.x >> 1, finer.y >> 1]).toEqual([x, y]);
    }
  });
});

test("the curve of all addresses: at its ends, and at random ones", () => {
  expect(cellOf(ORDER, 0)).toEqual({ x: 0, y: 0 });
  expect(cellOf(ORDER, 2 ** 32 - 1)).toEqual({ x: 2 ** 16 - 1, y: 0 });
  const random = seeded(1);
  for (let times = 0; times < 20_000; times++) {
    const place = Math.floor(random() * (2 ** 32 - 1));
    const cell = cellOf(ORDER, place);
    expect(placeOf(ORDER, cell)).toBe(place);
    expect(near(cell, cellOf(ORDER, place + 1))).toBe(1);
  }
});

test("it lies as other maps of the Internet do", () => {
  const first = [0, 1, 14, 15, 16, 19, 20, 21, 234, 235, 236, 239, 240, 241, 254, 255];
  expect(Array.from({ length: 16 }, (_, x) => placeOf(4, { x, y: 0 }))).toEqual(first);
});

/** Random stretches that lie among a few keys, some beside each other. */
function stretchesFrom(seed: number, from: number, keys: number): Stretch<string>[] {
  const random = seeded(seed);
  const stretches: Stretch<string>[] = [];
  for (let at = from; at < from + keys;) {
    const start = at + (random() < 0.5 ? 0 : Math.floor(random() * 40));
    const end = start + 1 + Math.floor(random() * random() * 200);
    stretches.push({ start, end, kind: "abc"[Math.floor(random() * 3)] ?? "" });
    at = end;
  }
  return stretches;
}

/** The kind of each square of `least` cells a side, counted address by address. */
function counted(stretches: readonly Stretch<string>[], block: Block, least: number): Map<string, string> {
  const found = new Map<string, string>();
  const size = least * least;
  const origin = originOf(block);
  for (let start = block.from; start < block.from + 2 ** block.level; start += size) {
    const kinds = new Map<string | undefined, number>();
    for (let at = start; at < start + size; at++) {
      const kind = stretches.find((one) => one.start <= at && at < one.end)?.kind;
      kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
    }
    const empty = kinds.get(undefined) ?? 0;
    kinds.delete(undefined);
    const most = Math.max(0, ...kinds.values());
    const kind = [...kinds].find(([, count]) => count === most)?.[0];
    const { x, y } = cellOf(ORDER, start);
    const place = `${Math.floor((x - origin.x) / least)} ${Math.floor((y - origin.y) / least)}`;
    if (kind !== undefined && most >= empty) found.set(place, kind);
  }
  return found;
}

function painted(squares: readonly Square<string>[], least: number): Map<string, string> {
  const found = new Map<string, string>();
  for (const { x, y, side, kind } of squares) {
    for (let right = 0; right < side; right += least) {
      for (let down = 0; down < side; down += least) {
        const place = `${(x + right) / least} ${(y + down) / least}`;
        if (found.has(place)) throw new Error(`${place} is painted twice`);
        found.set(place, kind);
      }
    }
  }
  return found;
}

test.each([1, 2, 4, 8])("squares of %i cells a side or more show what a count finds", (least) => {
  for (let seed = 0; seed < 3; seed++) {
    const block = blockAround((seed * 7 + 3) * 2 ** 16, 16);
    // Some lie before the block, and some behind it.
    const inside = stretchesFrom(seed, block.from - 50, 3_000);
    const behind = stretchesFrom(seed + 50, block.from + 2 ** 16 - 900, 1_100);
    const stretches = [...inside, ...behind];
    const squares = squaresOf(stretches, block, least);
    for (const { side } of squares) expect(side).toBeGreaterThanOrEqual(least);
    expect(new Map([...painted(squares, least)].sort())).toEqual(new Map([...counted(stretches, block, least)].sort()));
  }
});

test("a whole block is one square, and the whole of all is, too", () => {
  for (const level of [32, 24, 16] as const) {
    const block = blockAround(25 * 2 ** 24, level);
    const all = [{ start: 0, end: 2 ** 32, kind: "all" }];
    expect(squaresOf(all, block, 1)).toEqual([{ x: 0, y: 0, side: sideOf(block), kind: "all" }]);
  }
});
