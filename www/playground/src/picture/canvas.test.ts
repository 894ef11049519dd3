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
  const only = { ...PLAIN, ...look };
  paintMarks(
    context,
    marks,
    marks.map(() => only),
  );
  // The last gives the canvas back as it was.
  return calls.filter((call) => !call.startsWith("setLineDash") && call !== "globalAlpha = 1");
}

test("each shape is painted where its mark says", () => {
  expect(callsFor([rect(1, 2, 30, 4, {})], {})).toEqual(["fillStyle = black", "fillRect 1 2 30 4"]);
  expect(callsFor([rect(1, 2, 30, 4, { rx: 3 })], {})).toEqual([
    "fillStyle = black",
    "beginPath",
    "roundRect 1 2 30 4 3",
    "fill",
  ]);
  expect(callsFor([rect(1, 2, 3, 4, { rx: 3 })], {})).toEqual(["fillStyle = black", "fillRect 1 2 3 4"]);
  expect(callsFor([line(1, 2, 3, 4, {})], { fill: null, stroke: "red" })).toEqual([
    "strokeStyle = red",
    "beginPath",
    "moveTo 1 2",
    "lineTo 3 4",
    "stroke",
  ]);
  expect(callsFor([circle(5, 6, 7, {})], {})).toEqual([
    "fillStyle = black",
    "beginPath",
    "arc 5 6 7 0 6.283185307179586",
    "fill",
  ]);
  expect(callsFor([label(5, 6, "oak")], { align: "center" })).toEqual([
    "fillStyle = black",
    "textAlign = center",
    "fillText oak 5 6",
  ]);
});

test("what looks like the one before is not said anew", () => {
  const look = { ...PLAIN, fill: "red" };
  expect(callsFor([rect(1, 2, 3, 4, {}), rect(5, 6, 7, 8, {})], look)).toEqual([
    "fillStyle = red",
    "fillRect 1 2 3 4",
    "fillRect 5 6 7 8",
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
    "strokeStyle = white",
    "fillStyle = black",
    "textAlign = start",
    "globalAlpha = 0.5",
    "strokeText differs 0 9",
    "globalAlpha = 0.25",
    "fillText differs 0 9",
  ]);
});
