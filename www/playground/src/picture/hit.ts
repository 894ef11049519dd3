/** What lies under a pointer on the stage. */
import { clamp, span } from "../model/viewport";
import type { KeyFormat } from "../model/keys";
import { cursorX } from "./axis";
import { keyAt, rowTop } from "./layout";
import { barOf, type Paint } from "./row";
import type { Registration, Row } from "./scene";

export type Hit =
  | { readonly on: "cursor" }
  | { readonly on: "axis" }
  | { readonly on: "band"; readonly row: number }
  | {
      readonly on: "bar";
      readonly row: number;
      readonly registration: Registration;
      readonly part: "start" | "end" | "whole";
    }
  | { readonly on: "free"; readonly row: number }
  | { readonly on: "nothing" };

/** A finger needs more than a mouse does. */
const REACH = { mouse: 5, touch: 14 };

/** O(log n) and those registrations that are under the pointer. */
export function hitAt(
  paint: Paint,
  rows: readonly Row[],
  cursor: number,
  x: number,
  y: number,
  pointer: keyof typeof REACH,
): Hit {
  const { layout, view } = paint;
  const reach = REACH[pointer];
  if (x < layout.left - reach || x > layout.right + reach) return { on: "nothing" };
  const inView = cursor >= view.from && cursor < view.to;
  const toCursor = inView ? Math.abs(x - cursorX(layout, view, cursor)) : Infinity;
  if (y < layout.top) return toCursor <= 24 ? { on: "cursor" } : { on: "axis" };
  const row = Math.min(rows.length - 1, Math.floor((y - layout.top) / layout.rowHeight));
  const place = rows[row];
  if (place === undefined) return { on: "nothing" };
  const within = y - rowTop(layout, row);
  if (within >= layout.bandTop - 4) return toCursor <= reach ? { on: "cursor" } : { on: "band", row };
  const bar = nearestBar(paint, place, row, x, y, reach);
  if (bar !== null) return bar;
  return toCursor <= Math.min(4, reach) ? { on: "cursor" } : { on: "free", row };
}

function nearestBar(paint: Paint, row: Row, place: number, x: number, y: number, reach: number): Hit | null {
  let best: { hit: Hit; distance: number } | null = null;
  const { layout, view } = paint;
  // The least that is drawn is a pixel wide.
  const from = keyAt(layout, view, x - reach - 1);
  for (const registration of row.registrations.in(from, keyAt(layout, view, x + reach + 1))) {
    const bar = barOf(paint, place, registration);
    if (bar === null || x < bar.x - reach || x > bar.x + bar.width + reach) continue;
    const distance = Math.abs(y - (bar.y + bar.height / 2));
    if (distance > bar.height / 2 + reach || distance >= (best?.distance ?? Infinity)) continue;
    // In a short bar the middle third still moves it.
    const edge = Math.min(reach + 3, bar.width / 3);
    const part = x < bar.x + edge ? "start" : x > bar.x + bar.width - edge ? "end" : "whole";
    best = { hit: { on: "bar", row: place, registration, part }, distance };
  }
  return best?.hit ?? null;
}

/** The key under a pointer. */
export function keyUnder({ layout, view }: Paint, x: number, limit: number): number {
  return clamp(Math.floor(keyAt(layout, view, x)), 0, limit - 1);
}

/** The roundest bound of a range near a pointer. */
export function boundUnder({ layout, view }: Paint, x: number, format: KeyFormat): number {
  return format.snap(keyAt(layout, view, x), span(view) / Math.max(1, layout.right - layout.left));
}
