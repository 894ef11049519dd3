/**
 * A row whose ranges are too many to be drawn one by one. Above, how many registrations hold a key as height, the darker the higher
 * their priorities; below, in the owners' band, of each few keys which share each node serves first, and hatched what nobody does.
 */
import type { NodeColors } from "../model/node-color";
import type { Viewport } from "../model/viewport";
import { clampedX, rowTop, type Layout } from "./layout";
import { label, path, rect, widthOf, type Mark } from "./mark";
import type { Summary } from "./summary";
import { textureOf } from "./texture";

const TEXT = 13;
/** How dark ranges are whose priority is 1 on average, 2 to 3, 4 to 7, and from 8 on. */
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
  const outlines = SHADES.map(() => "");
  held.forEach((mean, cell) => {
    if (mean === 0) return;
    const shade = Math.min(SHADES.length - 1, Math.floor(Math.log2(Math.max(1, (weight[cell] ?? 0) / mean))));
    const height = Math.max(1, Math.round((mean / most) * layout.lanesHeight));
    outlines[shade] += box(edges, cell, base - height, base);
  });
  const marks = outlines.flatMap((d, shade) =>
    d === "" ? [] : [path(d, { class: "held", "fill-opacity": SHADES[shade] ?? 1 })],
  );
  const words = `${count.toLocaleString("en")} ${count === 1 ? "range" : "ranges"}`;
  return [...marks, label(layout.left, rowTop(layout, place) + layout.bandTop - 4, words, { class: "note" })];
}

/** Each node's part of the band, the first by name at the bottom. */
function firstMarks(ground: Ground, { bounds, first }: Summary, place: number): Mark[] {
  const { layout, colors } = ground;
  const edges = edgesOf(ground, bounds);
  const top = rowTop(layout, place) + layout.bandTop;
  const bottom = top + layout.bandHeight;
  const stack = new Float64Array(bounds.length - 1);
  const y = (share: number) => Math.round((bottom - share * layout.bandHeight) * 2) / 2;
  const marks = [rect(layout.left, top, layout.right - layout.left, layout.bandHeight, { fill: "url(#gap)" })];
  const names: Mark[] = [];
  for (const [node, shares] of [...first].sort(([a], [b]) => (a < b ? -1 : 1))) {
    let d = "";
    const middles = new Float64Array(shares.length);
    shares.forEach((share, cell) => {
      const below = stack[cell] ?? 0;
      const here = (stack[cell] = Math.min(1, below + share));
      middles[cell] = y((below + here) / 2);
      if (y(below) > y(here)) d += box(edges, cell, y(here), y(below));
    });
    if (d === "") continue;
    const color = colors.of(node);
    marks.push(path(d, { fill: color.fill }));
    const texture = textureOf(color);
    if (texture !== null) marks.push(path(d, { fill: texture }));
    const at = placeOfName(node, shares, edges);
    if (at !== null)
      names.push(
        label((edges[at] ?? 0) + 2, (middles[at] ?? 0) + TEXT * 0.36, node, {
          class: "owner",
          fill: color.ink,
          "text-anchor": "middle",
        }),
      );
  }
  return layout.bandHeight * LEAST_SHARE < TEXT ? marks : [...marks, ...names];
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

function box(edges: readonly number[], cell: number, top: number, bottom: number): string {
  const [left = 0, right = 0] = [edges[cell], edges[cell + 1]];
  return right > left ? `M${left} ${bottom}V${top}H${right}V${bottom}Z` : "";
}
