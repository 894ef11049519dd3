import { expect, test } from "vitest";
import { decimalKeys } from "../model/keys";
import { NodeColors } from "../model/node-color";
import { boundUnder, hitAt, keyUnder } from "./hit";
import { lanesOf } from "./lanes";
import { layoutOf, xOf } from "./layout";
import { Registrations, Splits } from "./ranges";
import { barOf, type Paint } from "./row";
import type { Registration, Row } from "./scene";

const view = { from: 0, to: 1000 };
const oak: Registration = { node: "oak", start: 100, end: 300, priority: 3 };
const elm: Registration = { node: "elm", start: 250, end: 700, priority: 1 };
const row = (replica: number, ...registrations: Registration[]): Row => ({
  replica,
  name: "AB"[replica] ?? "",
  presence: "online",
  registrations: Registrations.of(registrations),
  splits: Splits.NONE,
});
const rows = [row(0, oak, elm), row(1, oak)];
const layout = layoutOf(1280, 480, rows.length);
const paint: Paint = { layout, view, lanes: lanesOf(rows, view), colors: new NodeColors(), summaries: null };
const hit = (x: number, y: number) => hitAt(paint, rows, 420, x, y, "mouse");

test("each registration can be taken in the middle and at its ends, in each row that has it", () => {
  for (const [place, registration] of [
    [0, oak],
    [0, elm],
    [1, oak],
  ] as const) {
    const bar = barOf(paint, place, registration);
    if (bar === null) throw new Error("it has a lane");
    const y = bar.y + bar.height / 2;
    for (const [x, part] of [
      [bar.x + 1, "start"],
      [bar.x + bar.width / 2, "whole"],
      [bar.x + bar.width - 1, "end"],
    ] as const) {
      expect(hit(x, y)).toEqual({ on: "bar", row: place, registration, part });
    }
  }
});

test("what a row does not have is free there, and the band, the axis and the cursor are what they are", () => {
  const bar = barOf(paint, 1, elm);
  expect(bar).not.toBeNull();
  expect(hit(xOf(layout, view, 500), (bar?.y ?? 0) + 2)).toEqual({ on: "free", row: 1 });
  expect(hit(xOf(layout, view, 500), layout.top + layout.bandTop + 4)).toEqual({ on: "band", row: 0 });
  expect(hit(xOf(layout, view, 800), 5)).toEqual({ on: "axis" });
  expect(hit(xOf(layout, view, 420), 5)).toEqual({ on: "cursor" });
  expect(hit(20, 200)).toEqual({ on: "nothing" });
});

test("a key lies in the key space, and a bound is round", () => {
  expect(keyUnder(paint, -50, 1000)).toBe(0);
  expect(keyUnder(paint, 5000, 1000)).toBe(999);
  expect(keyUnder(paint, xOf(layout, view, 420) + 0.2, 1000)).toBe(420);
  expect(boundUnder(paint, xOf(layout, view, 421), decimalKeys(1000))).toBe(420);
});

test("the same lanes in all rows, a node's together, and more room for whoever looks closer", () => {
  const { of, count } = lanesOf(rows, view);
  expect(count).toBe(2);
  expect(new Set(of.values()).size).toBe(2);
  expect(lanesOf(rows, { from: 400, to: 500 }).count).toBe(1);
  const twice = row(0, oak, { ...oak, start: 200, end: 400 }, elm, { ...oak, start: 500, end: 600 });
  const lanes = lanesOf([twice], view);
  expect([...lanes.of].filter(([key]) => key.endsWith("oak")).map(([, lane]) => lane)).toEqual([0, 1, 0]);
  expect(lanes.count).toBe(3);
});
