/** The key axis above the rows, its hairlines through all of them, and the one key that all rows are asked for. */
import type { KeyFormat } from "../model/keys";
import type { Viewport } from "../model/viewport";
import { clampedX, xOf, type Layout } from "./layout";
import { label, line, rect, widthOf, type Mark } from "./mark";

const SIZE = 12;
/** How wide a digit is at a tick: all are alike. */
const DIGIT = 0.61 * SIZE;

export function axisMarks(layout: Layout, view: Viewport, format: KeyFormat): Mark[] {
  const { height, top, isSmall } = layout;
  const lines = format
    .ticks(view.from, view.to, isSmall ? 4 : 11)
    .map(({ key }) => xOf(layout, view, key))
    .map((x) => line(x, top - 6, x, height, { class: "hairline" }));
  const texts = textsOf(layout, view, format).map(({ x, text, anchor }) =>
    label(x, 13, text, { class: "tick", "text-anchor": anchor }),
  );
  return [...lines, ...texts];
}

/** What is written at a tick, and from where to where. */
interface TickText {
  readonly x: number;
  readonly text: string;
  readonly anchor: "start" | "middle" | "end";
  readonly begin: number;
  readonly end: number;
}

/** Of each tick whose text does not lie on the one before. */
function textsOf(layout: Layout, view: Viewport, format: KeyFormat): TickText[] {
  const { left, right, isSmall } = layout;
  const texts: TickText[] = [];
  for (const { key, label: text } of format.ticks(view.from, view.to, isSmall ? 4 : 11)) {
    const x = xOf(layout, view, key);
    const width = text.length * DIGIT;
    const anchor = x - width / 2 < left - 4 ? "start" : x + width / 2 > right + 2 ? "end" : "middle";
    const begin = anchor === "start" ? x : anchor === "end" ? x - width : x - width / 2;
    if (begin > (texts.at(-1)?.end ?? -Infinity) + 4) texts.push({ x, text, anchor, begin, end: begin + width });
  }
  return texts;
}

/** Where the key is out of view there is nothing to draw. */
export function cursorMarks(layout: Layout, view: Viewport, key: number, format: KeyFormat): Mark[] {
  if (key < view.from || key >= view.to) return [];
  const x = cursorX(layout, view, key);
  const text = format.format(BigInt(key));
  const width = widthOf(text, SIZE) + 16;
  const pill = Math.min(layout.right - width, Math.max(layout.left, x - width / 2));
  // Half a number beside it would be another number.
  const hidden = textsOf(layout, view, format).filter(({ begin, end }) => begin < pill + width + 3 && end > pill - 3);
  return [
    ...hidden.map(({ begin, end }) => rect(begin - 1, 0, end - begin + 2, 17, { fill: "var(--paper)" })),
    line(x, 18, x, layout.height, { class: "key-line" }),
    rect(pill, 1, width, 18, { rx: 9, class: "key-pill" }),
    label(pill + width / 2, 14, text, { class: "key-text", "text-anchor": "middle" }),
  ];
}

/** A key is the stretch up to the next one; its line lies in the middle of it. */
export function cursorX(layout: Layout, view: Viewport, key: number): number {
  return (clampedX(layout, view, key) + clampedX(layout, view, key + 1)) / 2;
}
