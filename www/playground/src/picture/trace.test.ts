import { expect, test } from "vitest";
import { NodeColors } from "../model/node-color";
import { seeded } from "../model/random";
import { heatMarks } from "./heat";
import { widthOf, type Mark } from "./mark";
import { MESSAGES_APART_MAX, traceLayout, traceMarks, type Trace } from "./trace";

const NOTHING: Trace = {
  fromMs: 0,
  toMs: 10_000,
  nowMs: 10_000,
  names: ["A", "B", "C", "D"],
  replicas: [0, 1, 2, 3],
  operations: [],
  messages: [],
  spans: [],
  agreement: [],
};
const of = (marks: readonly Mark[], kind: string) => marks.filter(({ attributes }) => attributes["class"] === kind);
const boxOf = ({ attributes, text = "" }: Mark) => {
  const [x, y] = [Number(attributes["x"]), Number(attributes["y"])];
  return { left: x, right: x + widthOf(text, 12), top: y - 9, bottom: y };
};

test("what a span is lies on no line of a replica, and on no other words: 500 random diagrams of up to three spans at once", () => {
  const random = seeded(7);
  const below = (most: number) => Math.floor(random() * most);
  for (let count = 0; count < 500; count++) {
    const layout = traceLayout(below(2) === 0 ? 338 : 1240, 150, 30, 4);
    const spans = Array.from({ length: 1 + below(3) }, (_, place) => {
      const from = below(8000);
      return { from, to: from + below(9000), words: ["C is cut off", "A–C is cut", "B has crashed"][place] ?? "" };
    }).sort((one, other) => one.from - other.from);
    const marks = traceMarks(layout, { ...NOTHING, spans }, new NodeColors());
    const words = of(marks, "span-text");
    expect(words.map(({ text }) => text)).toEqual(spans.map((span) => span.words));
    const lines = of(marks, "life").map(({ attributes }) => Number(attributes["y1"]));
    const boxes = words.map(boxOf);
    for (const [place, box] of boxes.entries()) {
      expect(box.right).toBeLessThanOrEqual(layout.right + 0.1);
      expect(lines.filter((y) => box.top <= y && y <= box.bottom)).toEqual([]);
      for (const other of boxes.slice(place + 1)) {
        const isApart =
          box.right <= other.left || other.right <= box.left || box.bottom <= other.top || other.bottom <= box.top;
        expect(isApart, JSON.stringify(spans)).toBe(true);
      }
    }
    // Nothing that is drawn later lies on them but the strip and the times below.
    expect(marks.indexOf(words[0] ?? marks[0]!)).toBeGreaterThan(
      marks.lastIndexOf(of(marks, "life").at(-1) ?? marks[0]!),
    );
  }
});

test("over time, each colour that is seen has its name, the most of it first, as far as there is room", () => {
  const colors = new NodeColors();
  colors.note(["oak", "maple", "elm"]);
  const band = {
    row: 0,
    from: 0,
    to: 8000,
    stretches: [
      { from: 0, node: "oak" },
      { from: 0.2, node: "maple" },
      { from: 0.9, node: null },
    ],
  };
  const heat = { bands: [band, { ...band, row: 1, to: 1000, stretches: [{ from: 0, node: "elm" }] }], cursor: 0.5 };
  const legend = { name: (node: string) => node.toUpperCase(), keys: "keys: 0 at the top" };
  const texts = (width: number) =>
    of(heatMarks(traceLayout(width, 150, 30, 4), NOTHING, heat, colors, legend), "note").map(({ text }) => text);
  expect(texts(1240)).toEqual(["MAPLE", "OAK", "ELM", "keys: 0 at the top"]);
  expect(texts(200)).toEqual(["MAPLE", "OAK", "ELM"]);
  expect(texts(120)).toEqual(["MAPLE"]);
});

test("one message more than can be told apart: all of them are drawn, as one path for each look", () => {
  const random = seeded(3);
  const layout = traceLayout(1240, 150, 30, 4);
  const many = (count: number): Trace["messages"] =>
    Array.from({ length: count }, (_, place) => {
      const sentAt = Math.floor(random() * 9000);
      const endsAt = sentAt + Math.floor(random() * 900);
      return { from: place % 4, to: (place + 1) % 4, sentAt, endsAt, isLost: place % 5 === 0, node: null };
    });
  const marksOf = (messages: Trace["messages"]) => {
    const marks = traceMarks(layout, { ...NOTHING, messages }, new NodeColors());
    return marks.filter(({ attributes }) => /^(sent|cross)/.test(String(attributes["class"])));
  };
  for (const count of [0, 1, MESSAGES_APART_MAX]) {
    const sent = marksOf(many(count)).filter(({ attributes }) => String(attributes["class"]).startsWith("sent"));
    expect(sent).toHaveLength(count);
  }
  const messages = many(MESSAGES_APART_MAX + 1);
  const crowd = marksOf(messages);
  expect(crowd.length).toBeGreaterThan(1);
  expect(crowd.length).toBeLessThanOrEqual(4);
  const drawn = new Set(crowd.flatMap(({ attributes }) => String(attributes["d"]).match(/M[^M]+/g) ?? []));
  for (const message of messages) {
    const [alone] = marksOf([message]);
    const { x1, y1, x2, y2 } = alone?.attributes ?? {};
    expect(drawn.has(`M${Math.round(Number(x1))} ${y1}L${Math.round(Number(x2))} ${y2}`)).toBe(true);
  }
});
