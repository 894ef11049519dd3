import { expect, test } from "vitest";
import { hashOf, idOf, numberBelow } from "./random";

test("numbers are the same for the same, and differ with the seed, the names and their order", () => {
  expect(hashOf(1, 2, 3)).toBe(hashOf(1, 2, 3));
  const all = new Set<number>();
  for (let seed = 0; seed < 20; seed++)
    for (let a = 0; a < 20; a++) for (let b = 0; b < 20; b++) all.add(hashOf(seed, a, b));
  // Of 8,000 among 2^32, two are equal once in 134 times.
  expect(all.size).toBeGreaterThan(7_998);
});

test("numbers below are even", () => {
  const counts = new Array<number>(10).fill(0);
  for (let place = 0; place < 100_000; place++) {
    const number = numberBelow(10, 5, place);
    counts[number] = (counts[number] ?? NaN) + 1;
  }
  // Six standard deviations of 95 each.
  for (const count of counts) expect(Math.abs(count - 10_000)).toBeLessThan(570);
  expect(numberBelow(1, 5, 7)).toBe(0);
});

test("ids are different, not 0, and have 64 bits", () => {
  const ids = Array.from({ length: 10_000 }, (_, name) => idOf(3, name));
  expect(new Set(ids).size).toBe(ids.length);
  expect(ids.every((id) => id > 0n && id < 2n ** 64n)).toBe(true);
  expect(ids.some((id) => id >= 2n ** 63n)).toBe(true);
});
