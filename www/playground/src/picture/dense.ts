/**
 * A row whose ranges are too many to be drawn one by one. Above, how many registrations hold a key as height, the stronger the higher
 * their priorities; below, in the owners' band, of each few keys which share each node serves first, and hatched what nobody does.
 */
import type { NodeColors } from "../model/node-color";
import { grouped } from "../model/numbers";
import type { Viewport } from "../model/viewport";
import { clampedX, rowTop, type Layout } from "./layout";
import { label, path, rect, widthOf, type Mark } from "./mark";
import type { Summary } from "./summary";
import { edgeOf, textureOf } from "./texture";

const TEXT = 13;
/** How strong ranges are whose priority is 1 on average, 2 to 3, 4 to 7, and from 8 on. */
const SHADES = [0.28, 0.45, 0.65, 0.9];

interface Ground {
  readonly layout: Layout;
  readonly view: Viewport;
  readonly colors: NodeColors;
}

/** `most`: how many hold a key of any row at most, so that rows can be compared. */
export function denseMarks(ground: Ground, summary: Summary, most: number, place: number): Mark[] {
  return [...heldMarks(ground, summary, most, place), ...firstMarks(ground, summary, place)];
}

/** The most that hold a key, as a mean over a cell. */
export function mostHeld(summaries: readonly Summary[]): number {
  return summaries.reduce((most, { held }) => held.reduce((one, other) => Math.max(one, other), most), 0);
}

/** Whole pixels, so that neighbours neither leave a gap nor lie on each other. */
function edgesOf({ layout, view }: Ground, bounds: Float64Array): number[] {
  return Array.from(bounds, (key) => Math.round(clampedX(layout, view, key)));
}

function heldMarks(ground: Ground, { bounds, held, weight, count }: Summary, most: number, place: number): Mark[] {
  const { layout } = ground;
  const edges = edgesOf(ground, bounds);
  const base = Math.round(rowTop(layout, place) + layout.lanesTop + layout.lanesHeight);
  const tops = SHADES.map(() => new Float64Array(held.length).fill(base));
  held.forEach((mean, cell) => {
    if (mean === 0) return;
    const shade = Math.min(SHADES.length - 1, Math.floor(Math.log2(Math.max(1, (weight[cell] ?? 0) / mean))));
    const column = tops[shade];
    if (column !== undefined) column[cell] = base - Math.max(1, Math.round((mean / most) * layout.lanesHeight));
  });
  const marks = SHADES.flatMap((strength, shade) => {
    const d = outline(edges, tops[shade] ?? [], base);
    return d === "" ? [] : [path(d, { class: "held", "fill-opacity": strength })];
  });
  const y = rowTop(layout, place) + layout.bandTop - 6;
  return [...marks, label(layout.left, y, countWords(count), { class: "note" })];
}

function countWords(count: number): string {
  return `${grouped(count)} ${count === 1 ? "range" : "ranges"}`;
}

/** Where what is written above the band of a row of sums ends. */
export function countEnd({ left }: Layout, { count }: Pick<Summary, "count">): number {
  return left + widthOf(countWords(count), 12);
}

/** Each node's part of the band, the first by name at the bottom: each down to there, and those above painted before those below. */
function firstMarks(ground: Ground, { bounds, first }: Summary, place: number): Mark[] {
  const { layout, colors } = ground;
  const edges = edgesOf(ground, bounds);
  const top = rowTop(layout, place) + layout.bandTop;
  const bottom = Math.round(top + layout.bandHeight);
  const stack = new Float64Array(bounds.length - 1);
  const y = (share: number) => Math.round((bottom - Math.min(1, share) * layout.bandHeight) * 2) / 2;
  const parts: Mark[][] = [];
  const names: Mark[] = [];
  for (const [node, shares] of [...first].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const at = placeOfName(node, shares, edges);
    const below = at === null ? 0 : (stack[at] ?? 0);
    let isThere = false;
    for (let cell = 0; cell < stack.length; cell++) {
      const share = shares[cell] ?? 0;
      isThere ||= share > 0;
      stack[cell] = (stack[cell] ?? 0) + share;
    }
    if (!isThere) continue;
    const d = outline(edges, stack.map(y), bottom);
    const color = colors.of(node);
    const texture = textureOf(color);
    const edge = { stroke: edgeOf(color), "stroke-width": 0.6 };
    parts.push([path(d, { fill: color.fill, ...edge }), ...(texture === null ? [] : [path(d, { fill: texture })])]);
    if (at === null || layout.bandHeight * LEAST_SHARE < TEXT) continue;
    const middle = y((below + (stack[at] ?? 0)) / 2) + TEXT * 0.36;
    names.push(label((edges[at] ?? 0) + 2, middle, node, { class: "owner", fill: color.ink, "text-anchor": "middle" }));
  }
  const gaps = rect(layout.left, top, layout.right - layout.left, layout.bandHeight, { fill: "url(#gap)" });
  return [gaps, ...parts.reverse().flat(), ...names];
}

/** A name stands in the longest run of cells of which its node serves so much. */
const LEAST_SHARE = 0.45;

/** The cell in the middle of it; `null` if the name has no room in any. */
function placeOfName(node: string, shares: Float64Array, edges: readonly number[]): number | null {
  let best: { from: number; to: number } | null = null;
  let from = 0;
  for (let cell = 0; cell <= shares.length; cell++) {
    if ((shares[cell] ?? 0) >= LEAST_SHARE) continue;
    if (cell - from > (best === null ? 0 : best.to - best.from)) best = { from, to: cell };
    from = cell + 1;
  }
  if (best === null || (edges[best.to] ?? 0) - (edges[best.from] ?? 0) < widthOf(node, TEXT) + 8) return null;
  return Math.floor((best.from + best.to) / 2);
}

/** Of columns that stand on a base; nothing where they are as low as that. */
function outline(edges: readonly number[], tops: ArrayLike<number>, base: number): string {
  let d = "";
  let height = base;
  for (let cell = 0; cell <= tops.length; cell++) {
    const top = tops[cell] ?? base;
    if (top === height) continue;
    d += height === base ? `M${edges[cell]} ${base}V${top}` : `H${edges[cell]}V${top}`;
    if (top === base) d += "Z";
    height = top;
  }
  return d;
}
