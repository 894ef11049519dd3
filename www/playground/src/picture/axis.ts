/** The key axis above the rows, its hairlines through all of them, and the one key that all rows are asked for. */
import type { KeyFormat } from "../model/keys";
import type { Viewport } from "../model/viewport";
import { clampedX, xOf, type Layout } from "./layout";
import { label, line, rect, widthOf, type Mark } from "./mark";

const SIZE = 12;

export function axisMarks(layout: Layout, view: Viewport, format: KeyFormat): Mark[] {
  const { left, right, height, top, isSmall } = layout;
  const ticks = format.ticks(view.from, view.to, isSmall ? 4 : 11);
  return ticks.flatMap(({ key, label: text }) => {
    const x = xOf(layout, view, key);
    const half = widthOf(text, SIZE) / 2;
    const anchor = x - half < left - 4 ? "start" : x + half > right + 2 ? "end" : "middle";
    return [
      line(x, top - 6, x, height, { class: "hairline" }),
      label(x, 13, text, { class: "tick", "text-anchor": anchor }),
    ];
  });
}

/** Where the key is out of view there is nothing to draw. */
export function cursorMarks(layout: Layout, view: Viewport, key: number, format: KeyFormat): Mark[] {
  if (key < view.from || key >= view.to) return [];
  const x = cursorX(layout, view, key);
  const text = format.format(BigInt(key));
  const width = widthOf(text, SIZE) + 16;
  const pill = Math.min(layout.right - width, Math.max(layout.left, x - width / 2));
  return [
    line(x, 18, x, layout.height, { class: "key-line" }),
    rect(pill, 1, width, 18, { rx: 9, class: "key-pill" }),
    label(pill + width / 2, 14, text, { class: "key-text", "text-anchor": "middle" }),
  ];
}

/** A key is the stretch up to the next one; its line lies in the middle of it. */
export function cursorX(layout: Layout, view: Viewport, key: number): number {
  return (clampedX(layout, view, key) + clampedX(layout, view, key + 1)) / 2;
}
