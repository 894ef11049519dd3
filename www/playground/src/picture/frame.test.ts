import { expect, test } from "vitest";
import { decimalKeys } from "../model/keys";
import { NodeColors } from "../model/node-color";
import { countEnd } from "./dense";
import { framesMarks } from "./frame";
import { NO_LANES } from "./lanes";
import { layoutOf } from "./layout";
import { widthOf, type Mark } from "./mark";
import type { Frame } from "./scene";

const names = ["A", "B", "C"];
const layout = layoutOf(1180, 400, 3);
const paint = { layout, view: { from: 0, to: 1000 }, lanes: NO_LANES, colors: new NodeColors(), summaries: null };
const frame = (start: number, end: number, unlike = [0, 1]): Frame => ({ row: 2, start, end, unlike });
const marksOf = (...frames: Frame[]) => framesMarks(paint, frames, names, decimalKeys(1000));
const far = { ...paint, view: { from: 0, to: 840_000 } };
const boxes = (marks: readonly Mark[]) => marks.filter(({ shape }) => shape === "rect");
const words = (marks: readonly Mark[]) => marks.flatMap(({ text }) => text ?? []);

test("each has its box and its words, as long as they have room", () => {
  const marks = marksOf(frame(100, 400), frame(600, 700), frame(800, 803));
  expect(boxes(marks).length).toBe(3);
  expect(words(marks)).toEqual(["differs from A and B on 100 – 400", "differs", "differs"]);
  expect(marksOf({ row: 2, start: 1000, end: 2000, unlike: [0] })).toEqual([]);
});

test("wide ones beside each other stay apart, thin ones are one", () => {
  expect(boxes(marksOf(frame(100, 400), frame(400, 700, [0]))).length).toBe(2);
  const thin = marksOf(frame(100, 104), frame(106, 110), frame(112, 300));
  expect(boxes(thin).length).toBe(1);
  expect(words(thin)).toEqual(["differs in 3 places"]);
  expect(words(marksOf(frame(100, 104), frame(106, 500)))).toEqual(["differs from A and B in 2 places"]);
});

test("beside the count of a row of sums there is room for words, and none on it", () => {
  const none = new Float64Array(0);
  const summary = { bounds: none, held: none, weight: none, first: new Map(), count: 10_000 };
  const dense = { ...paint, summaries: [summary, summary, summary] };
  for (const start of [0, 5, 20, 60]) {
    const marks = framesMarks(dense, [frame(start, start + 3)], names, decimalKeys(1000));
    const [text] = marks.filter(({ shape }) => shape === "text");
    expect(text?.text).toBe("differs");
    const begin =
      Number(text?.attributes["x"]) - (text?.attributes["text-anchor"] === "end" ? widthOf("differs", 12) : 0);
    expect(begin).toBeGreaterThan(countEnd(layout, summary));
  }
});

test("words never lie on each other, and of many frames it is told once how many there are", () => {
  for (const count of [2, 4, 6, 7, 40, 10_500]) {
    const step = 840_000 / count;
    const frames = Array.from({ length: count }, (_, place) => frame(place * step, (place + 0.5) * step));
    const marks = framesMarks(far, frames, names, decimalKeys(840_000));
    const spans = marks.flatMap(({ shape, text = "", attributes }) => {
      const width = shape === "text" ? widthOf(text, 12) : 0;
      const x = Number(attributes["x"]) - (attributes["text-anchor"] === "end" ? width : 0);
      return shape === "text" ? [{ x, end: x + width }] : [];
    });
    spans.forEach(({ end }, place) => expect(end).toBeLessThanOrEqual(spans[place + 1]?.x ?? Infinity));
    if (count > 6) expect(words(marks)).toEqual([expect.stringContaining(`in ${count.toLocaleString("en")} places`)]);
    expect(boxes(marks).length).toBeLessThan(layout.width / 6);
  }
});
