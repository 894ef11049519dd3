import { expect, test } from "vitest";
import { Pinch } from "./pinch";

test("one finger is no pinch; two that part look closer at what is between them, and take it along", () => {
  const pinch = new Pinch();
  pinch.begin(1, 100);
  expect(pinch.move(1, 120)).toBeNull();
  expect(pinch.isOn).toBe(false);
  pinch.begin(2, 220);
  expect(pinch.isOn).toBe(true);
  expect(pinch.move(2, 320)).toEqual({ factor: 0.5, at: 220, by: 50 });
  expect(pinch.move(1, 220)).toEqual({ factor: 2, at: 270, by: 50 });
  // A third finger changes nothing.
  pinch.begin(3, 500);
  expect(pinch.move(3, 900)).toBeNull();
  pinch.end(1);
  expect(pinch.isOn).toBe(false);
  expect(pinch.move(2, 400)).toBeNull();
});

test("fingers that meet, or cross, look neither infinitely close nor far", () => {
  const pinch = new Pinch();
  pinch.begin(1, 100);
  pinch.begin(2, 200);
  for (const x of [100, 100, 99, 0]) {
    const { factor } = pinch.move(2, x) ?? { factor: NaN };
    expect(factor).toBeGreaterThanOrEqual(0.1);
    expect(factor).toBeLessThanOrEqual(10);
  }
});
