/**
 * What lies in each of many cells of a view, as sums: for views in which ranges are too many to be drawn one by one. Cells begin at the
 * same keys wherever the view moves, so that nothing flickers; those at its edges are as much of them as is in view.
 */
import type { Viewport } from "../model/viewport";
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
  let [count, cell] = [0, 0];
  for (const place of registrations.placesIn(view.from, view.to)) {
    const start = Math.max(starts[place] ?? 0, view.from);
    const end = Math.min(ends[place] ?? 0, view.to);
    cell = cellOf(bounds, cell, start);
    spread(held, bounds, cell, start, end, 1);
    spread(weight, bounds, cell, start, end, priorities[place] ?? 0);
    count++;
  }
  return { count, held, weight };
}

function firstIn(splits: Splits, view: Viewport, bounds: Float64Array): Summary["first"] {
  const { starts, ends, offsets, nodes, names } = splits.columns;
  const shares = names.map(() => new Float64Array(bounds.length - 1));
  let cell = 0;
  for (let place = splits.placeBehind(view.from); (starts[place] ?? Infinity) < view.to; place++) {
    const start = Math.max(starts[place] ?? 0, view.from);
    cell = cellOf(bounds, cell, start);
    const of = shares[nodes[offsets[place - 1] ?? 0] ?? 0];
    if (of !== undefined) spread(of, bounds, cell, start, Math.min(ends[place] ?? 0, view.to), 1);
  }
  return new Map(names.map((name, node) => [name, shares[node] ?? new Float64Array()]));
}

/** The cell of a key that lies in `cell` or behind it. */
function cellOf(bounds: Float64Array, cell: number, key: number): number {
  let at = cell;
  while ((bounds[at + 1] ?? Infinity) <= key) at++;
  return at;
}

/** Adds to each cell, of which a range that begins in `first` has keys, an amount for the share of its keys that these are. */
function spread(
  column: Float64Array,
  bounds: Float64Array,
  first: number,
  start: number,
  end: number,
  amount: number,
): void {
  let from = start;
  for (let cell = first; from < end && cell < column.length; cell++) {
    const [low, high] = [bounds[cell] ?? 0, bounds[cell + 1] ?? 0];
    const to = Math.min(end, high);
    column[cell] = (column[cell] ?? 0) + (amount * (to - from)) / (high - low);
    from = to;
  }
}
