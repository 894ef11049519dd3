import { expect, test } from "vitest";
import { blockAround, blockOf, revealBlock, sizeOf, viewOf, zoomBlock } from "./blocks";
import { RESERVED, reservedAt } from "./reserved";

const WHOLE = { from: 0, to: 2 ** 32 };
const KEY = 25 * 2 ** 24 + 200 * 2 ** 16 + 7;

test("looking closer and further goes from the whole to a /8 and a /16, and back", () => {
  const near = zoomBlock(WHOLE, 0.5, KEY);
  expect(near).toEqual({ from: 25 * 2 ** 24, to: 26 * 2 ** 24 });
  const nearer = zoomBlock(near, 0.5, KEY);
  expect(nearer).toEqual(viewOf(blockAround(KEY, 16)));
  expect(zoomBlock(nearer, 0.5, KEY)).toEqual(nearer);
  expect(zoomBlock(nearer, 2, KEY)).toEqual(near);
  expect(zoomBlock(near, 2, KEY)).toEqual(WHOLE);
  expect(zoomBlock(WHOLE, 2, KEY)).toEqual(WHOLE);
});

test("any view lies in a block, and a key beyond it is brought into view", () => {
  expect(blockOf({ from: KEY - 3.5, to: KEY + 3.5 })).toEqual(blockAround(KEY, 16));
  expect(blockOf({ from: 2 ** 31 - 1, to: 2 ** 31 + 1 })).toEqual({ from: 0, level: 32 });
  expect(revealBlock(viewOf(blockAround(KEY, 24)), 0)).toEqual({ from: 0, to: sizeOf(24) });
});

test("what is reserved is in order, apart, and found", () => {
  RESERVED.forEach(({ start, end }, place) => {
    expect(start).toBeGreaterThanOrEqual(RESERVED[place - 1]?.end ?? 0);
    expect(reservedAt(start)).toBe(RESERVED[place]);
    expect(reservedAt(end - 1)).toBe(RESERVED[place]);
  });
  expect(reservedAt(10 * 2 ** 24)?.what).toBe("private use");
  expect(reservedAt(8 * 2 ** 24)).toBe(undefined);
});
