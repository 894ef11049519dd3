import { expect, test } from "vitest";
import { paintMarks, type Look } from "./canvas";
import { circle, label, line, path, rect, type Mark } from "./mark";

const PLAIN: Look = {
  fill: "black",
  fillOpacity: 1,
  stroke: null,
  strokeWidth: 1,
  dashes: [],
  cap: "butt",
  join: "miter",
  opacity: 1,
  strokesFirst: false,
  font: "12px sans-serif",
  align: "start",
};

/** What is called on a canvas, and to what it is set, in order. */
function callsFor(marks: readonly Mark[], look: Partial<Look>): string[] {
  const calls: string[] = [];
  const context = new Proxy({} as CanvasRenderingContext2D, {
    get:
      (_, name) =>
      (...given: unknown[]) =>
        void calls.push(`${String(name)} ${given.map(String).join(" ")}`.trim()),
    set: (_, name, value) => {
      if (["fillStyle", "strokeStyle", "globalAlpha", "textAlign"].includes(String(name)))
        calls.push(`${String(name)} = ${value}`);
      return true;
    },
  });
  paintMarks(context, marks, () => ({ ...PLAIN, ...look }));
  // The last gives the canvas back as it was.
  return calls.filter((call) => !call.startsWith("setLineDash") && call !== "globalAlpha = 1");
}

test("each shape is painted where its mark says", () => {
  expect(callsFor([rect(1, 2, 30, 4, {})], {})).toEqual(["fillStyle = black", "fillRect 1 2 30 4"]);
  expect(callsFor([rect(1, 2, 30, 4, { rx: 3 })], {})).toEqual([
    "beginPath",
    "roundRect 1 2 30 4 3",
    "fillStyle = black",
    "fill",
  ]);
  expect(callsFor([rect(1, 2, 3, 4, { rx: 3 })], {})).toEqual(["fillStyle = black", "fillRect 1 2 3 4"]);
  expect(callsFor([line(1, 2, 3, 4, {})], { fill: null, stroke: "red" })).toEqual([
    "beginPath",
    "moveTo 1 2",
    "lineTo 3 4",
    "strokeStyle = red",
    "stroke",
  ]);
  expect(callsFor([circle(5, 6, 7, {})], {})).toEqual([
    "beginPath",
    "arc 5 6 7 0 6.283185307179586",
    "fillStyle = black",
    "fill",
  ]);
  expect(callsFor([label(5, 6, "oak")], { align: "center" })).toEqual([
    "textAlign = center",
    "fillStyle = black",
    "fillText oak 5 6",
  ]);
});

test("a path is painted as it is written", () => {
  const written: string[] = [];
  Object.assign(globalThis, {
    Path2D: class {
      constructor(d: string) {
        written.push(d);
      }
    },
  });
  expect(callsFor([path("M0 0V5", {})], {}).length).toBe(2);
  expect(written).toEqual(["M0 0V5"]);
  Reflect.deleteProperty(globalThis, "Path2D");
});

test("what is to be seen through is, and a stroke may lie below", () => {
  const words = callsFor([label(0, 9, "differs")], {
    stroke: "white",
    strokesFirst: true,
    opacity: 0.5,
    fillOpacity: 0.5,
  });
  expect(words).toEqual([
    "textAlign = start",
    "globalAlpha = 0.5",
    "strokeStyle = white",
    "strokeText differs 0 9",
    "globalAlpha = 0.25",
    "fillStyle = black",
    "fillText differs 0 9",
  ]);
});
