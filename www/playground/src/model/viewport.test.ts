import { expect, test } from "vitest";
import { pan, reveal, span, toKey, toX, wholeSpace, zoom } from "./viewport";

const LIMIT = 1000;
const whole = wholeSpace(LIMIT);

test("zooming keeps the key under the pointer in its place", () => {
  const view = zoom(whole, LIMIT, 0.5, 400);
  expect(span(view)).toBe(500);
  expect(toX(view, 800, 400)).toBeCloseTo(toX(whole, 800, 400));
});

test("no zoom or pan leaves the key space, or gets narrower than a few keys", () => {
  let view = whole;
  for (let step = 0; step < 50; step++) view = zoom(view, LIMIT, 0.5, 999);
  expect(span(view)).toBe(16);
  expect(view.to).toBeLessThanOrEqual(LIMIT);
  expect(pan(view, LIMIT, 1e9)).toEqual({ from: 984, to: 1000 });
  expect(pan(view, LIMIT, -1e9)).toEqual({ from: 0, to: 16 });
  expect(zoom(view, LIMIT, 1e9)).toEqual(whole);
});

test("pixels and keys are inverse", () => {
  const view = { from: 120, to: 480 };
  for (const key of [120, 200, 480]) expect(toKey(view, 640, toX(view, 640, key))).toBeCloseTo(key);
});

test("revealing moves only what is out of view", () => {
  const view = { from: 100, to: 200 };
  expect(reveal(view, LIMIT, 150, 400)).toBe(view);
  expect(reveal(view, LIMIT, 500, 520)).toEqual({ from: 460, to: 560 });
  expect(reveal(view, LIMIT, 990, Infinity)).toEqual({ from: 900, to: 1000 });
});
