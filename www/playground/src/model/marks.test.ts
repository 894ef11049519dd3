import { expect, test } from "vitest";
import { itemAt, marksIn } from "./marks";

const items = Array.from({ length: 10_000 }, (_, index) => ({ start: index * 10, end: index * 10 + 9 }));

test("never more marks than pixels, and all that is narrow is counted", () => {
  const { wide, specks, narrow } = marksIn(items, { from: 0, to: 100_000 }, 500);
  expect(wide).toEqual([]);
  expect(specks).toHaveLength(500);
  expect(narrow).toBe(10_000);
});

test("a speck shows the widest of its pixel", () => {
  const three = [
    { start: 0, end: 2 },
    { start: 3, end: 8 },
    { start: 8, end: 9 },
  ];
  expect(marksIn(three, { from: 0, to: 1000 }, 10).specks.map(({ item }) => item)).toEqual([three[1]]);
});

test("zoomed in, only what is in view is drawn, cut at its edges", () => {
  const { wide, specks } = marksIn(items, { from: 505, to: 525 }, 200);
  expect(specks).toEqual([]);
  expect(wide.map(({ x0, x1 }) => [x0, x1])).toEqual([
    [0, 40],
    [50, 140],
    [150, 200],
  ]);
});

test("an unbounded end reaches the edge", () => {
  expect(marksIn([{ start: 10, end: Infinity }], { from: 0, to: 100 }, 100).wide).toMatchObject([{ x0: 10, x1: 100 }]);
});

test("finding the item at a key, or near it", () => {
  expect(itemAt(items, 23, 0)).toBe(items[2]);
  expect(itemAt(items, 29.5, 0)).toBeUndefined();
  expect(itemAt(items, 29.8, 0.5)).toBe(items[3]);
  expect(itemAt(items, 29.2, 0.5)).toBe(items[2]);
  expect(itemAt([], 5, 10)).toBeUndefined();
});
