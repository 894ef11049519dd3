/**
 * What lies in each of many cells of a view, as sums: for views in which ranges are too many to be drawn one by one. Cells begin at the
 * same keys wherever the view moves, so that nothing flickers; those at its edges are as much of them as is in view.
 */
import { span, type Viewport } from "../model/viewport";
import type { Layout } from "./layout";
import type { Registrations, Splits } from "./ranges";
import type { Row } from "./scene";

export interface Summary {
  /** Cell i is from bound i up to bound i + 1. */
  readonly bounds: Float64Array;
  /** How many registrations there are in view. */
  readonly count: number;
  /** How many hold a key, and what their priorities sum up to: means over the keys of a cell. */
  readonly held: Float64Array;
  readonly weight: Float64Array;
  /** Of each node, for what share of a cell's keys it is the first. The rest is what nobody serves. */
  readonly first: ReadonlyMap<string, Float64Array>;
}

/** So many pixels each range in view has at least, or they are too many. */
const PIXELS_EACH = 3;
const CELL_PIXELS = 4;

/** Whether a row has more ranges in view than can be told apart. O(rows × pixels), however many there are. */
export function isDense(rows: readonly Row[], { left, right }: Layout, { from, to }: Viewport): boolean {
  const most = Math.max(1, (right - left) / PIXELS_EACH);
  return rows.some(
    ({ splits, registrations }) => splits.countIn(from, to) > most || registrations.countIn(from, to, most + 1) > most,
  );
}

export function cellsIn({ left, right }: Layout): number {
  return Math.max(1, Math.floor((right - left) / CELL_PIXELS));
}

/** O(cells + ranges in view). */
export function summaryOf(
  { registrations, splits }: Pick<Row, "registrations" | "splits">,
  view: Viewport,
  cells: number,
): Summary {
  const bounds = boundsOf(view, cells);
  return { bounds, ...heldIn(registrations, view, bounds), first: firstIn(splits, view, bounds) };
}

function boundsOf({ from, to }: Viewport, cells: number): Float64Array {
  const width = (to - from) / cells;
  const begin = Math.floor(from / width) + 1;
  const inner = Array.from({ length: cells }, (_, place) => (begin + place) * width);
  return Float64Array.from([from, ...inner.filter((bound) => bound > from && bound < to), to]);
}

function heldIn(
  registrations: Registrations,
  view: Viewport,
  bounds: Float64Array,
): Pick<Summary, "count" | "held" | "weight"> {
  const { starts, ends, priorities } = registrations.columns;
  const [held, weight] = [new Float64Array(bounds.length - 1), new Float64Array(bounds.length - 1)];
  let count = 0;
  for (const place of registrations.placesIn(view.from, view.to)) {
    const priority = priorities[place] ?? 0;
    count++;
    spread(bounds, view, starts[place] ?? 0, ends[place] ?? 0, (cell, share) => {
      held[cell] = (held[cell] ?? 0) + share;
      weight[cell] = (weight[cell] ?? 0) + share * priority;
    });
  }
  return { count, held, weight };
}

function firstIn(splits: Splits, view: Viewport, bounds: Float64Array): Summary["first"] {
  const { starts, ends, offsets, nodes, names } = splits.columns;
  const shares = names.map(() => new Float64Array(bounds.length - 1));
  for (let place = splits.placeBehind(view.from); (starts[place] ?? Infinity) < view.to; place++) {
    const of = shares[nodes[offsets[place - 1] ?? 0] ?? 0];
    spread(bounds, view, starts[place] ?? 0, ends[place] ?? 0, (cell, share) => {
      if (of !== undefined) of[cell] = (of[cell] ?? 0) + share;
    });
  }
  return new Map(names.map((name, node) => [name, shares[node] ?? new Float64Array()]));
}

/** Tells of each cell that a range has keys of which share of its keys these are. */
function spread(
  bounds: Float64Array,
  view: Viewport,
  start: number,
  end: number,
  tell: (cell: number, share: number) => void,
): void {
  const cells = bounds.length - 1;
  const [from, to] = [Math.max(start, view.from), Math.min(end, view.to)];
  // All but the first and the last are equally wide.
  const width = cells > 2 ? ((bounds[cells - 1] ?? 0) - (bounds[1] ?? 0)) / (cells - 2) : span(view);
  const inner = bounds[1] ?? view.to;
  let cell = from < inner ? 0 : Math.min(cells - 1, 1 + Math.floor((from - inner) / width));
  // What was rounded may be one beside.
  while (cell > 0 && (bounds[cell] ?? 0) > from) cell--;
  while (cell < cells - 1 && (bounds[cell + 1] ?? 0) <= from) cell++;
  for (; cell < cells && (bounds[cell] ?? Infinity) < to; cell++) {
    const [low, high] = [bounds[cell] ?? 0, bounds[cell + 1] ?? 0];
    tell(cell, (Math.min(to, high) - Math.max(from, low)) / (high - low));
  }
}
