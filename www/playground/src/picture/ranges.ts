/**
 * Ranges in key order with the owners of each, in columns: ten thousand are read at once, and only those that a picture shows become
 * objects. Nothing here looks at more than it is asked for, but for the first search among registrations, which notes how far they reach.
 */
import type { Owner, Registration, Split } from "./scene";

export interface Columns {
  readonly starts: Float64Array;
  /** Infinity is no end. */
  readonly ends: Float64Array;
  /** For each range, the place behind its last owner in the next two columns. */
  readonly offsets: Uint32Array;
  /** Which node: its place in `names`. */
  readonly nodes: Uint32Array;
  readonly priorities: Float64Array;
  readonly names: readonly string[];
}

/** What has the same owners, the first before the others, without the keys that nobody serves. */
export class Splits {
  static readonly NONE = Splits.of([]);

  constructor(readonly columns: Columns) {}

  static of(splits: readonly Split[]): Splits {
    return new Splits(columnsOf(splits.filter(({ owners }) => owners.length > 0)));
  }

  get count(): number {
    return this.columns.starts.length;
  }

  /** The place of the first split that ends behind a key. O(log n). */
  placeBehind(key: number): number {
    return firstOver(this.columns.ends, key);
  }

  /** How many have keys of a window. O(log n). */
  countIn(from: number, to: number): number {
    return Math.max(0, firstOver(this.columns.starts, to, true) - this.placeBehind(from));
  }

  ownersOf(place: number): Owner[] {
    const { offsets, nodes, priorities, names } = this.columns;
    const owners: Owner[] = [];
    for (let at = offsets[place - 1] ?? 0; at < (offsets[place] ?? 0); at++)
      owners.push({ node: names[nodes[at] ?? 0] ?? "", priority: priorities[at] ?? 0 });
    return owners;
  }

  ownersAt(key: number): Owner[] {
    const place = this.placeBehind(key);
    return (this.columns.starts[place] ?? Infinity) <= key ? this.ownersOf(place) : [];
  }

  /** Those that have keys of a window, and between them the gaps; the first and the last gap from and up to its edge. */
  *in(from: number, to: number): Generator<Split> {
    const { starts, ends } = this.columns;
    let key = from;
    for (let place = this.placeBehind(from); place < this.count; place++) {
      const [start, end] = [starts[place] ?? 0, ends[place] ?? 0];
      if (start >= to) break;
      if (start > key) yield { start: key, end: start, owners: [] };
      yield { start, end, owners: this.ownersOf(place) };
      key = end;
    }
    if (key < to) yield { start: key, end: to, owners: [] };
  }

  /** The whole key space: all of them, and the gaps. */
  [Symbol.iterator](): Generator<Split> {
    return this.in(0, Infinity);
  }
}

/** Whether a split has the same owners in the same order as one of the same or of other splits; a place of -1 has none. */
export function isAlike(one: Splits, place: number, other: Splits, otherPlace: number): boolean {
  if (place < 0 || otherPlace < 0) return place < 0 && otherPlace < 0;
  const [a, b] = [one.columns, other.columns];
  const from = a.offsets[place - 1] ?? 0;
  const otherFrom = b.offsets[otherPlace - 1] ?? 0;
  const count = (a.offsets[place] ?? 0) - from;
  if (count !== (b.offsets[otherPlace] ?? 0) - otherFrom) return false;
  for (let at = 0; at < count; at++) {
    if (a.priorities[from + at] !== b.priorities[otherFrom + at]) return false;
    if (a.names[a.nodes[from + at] ?? 0] !== b.names[b.nodes[otherFrom + at] ?? 0]) return false;
  }
  return true;
}

/** Each with one owner, by start, end and node. */
export class Registrations {
  static readonly NONE = Registrations.of([]);
  #reaches: Float64Array | undefined;

  constructor(readonly columns: Columns) {}

  /** From any, in any order. */
  static of(registrations: readonly Registration[]): Registrations {
    const sorted = registrations.toSorted(
      (a, b) => a.start - b.start || (a.end === b.end ? (a.node < b.node ? -1 : 1) : a.end - b.end),
    );
    return new Registrations(columnsOf(sorted.map(({ start, end, ...owner }) => ({ start, end, owners: [owner] }))));
  }

  get count(): number {
    return this.columns.starts.length;
  }

  /** The nodes that have any. */
  get nodes(): readonly string[] {
    return this.columns.names;
  }

  at(place: number): Registration {
    const { starts, ends, nodes, priorities, names } = this.columns;
    const [start, end] = [starts[place] ?? 0, ends[place] ?? 0];
    return { node: names[nodes[place] ?? 0] ?? "", start, end, priority: priorities[place] ?? 0 };
  }

  /** The places of those that have keys of a window. */
  *placesIn(from: number, to: number): Generator<number> {
    const { starts, ends } = this.columns;
    for (let place = firstOver(this.#reach(), from); place < starts.length && (starts[place] ?? 0) < to; place++)
      if ((ends[place] ?? 0) > from) yield place;
  }

  *in(from: number, to: number): Generator<Registration> {
    for (const place of this.placesIn(from, to)) yield this.at(place);
  }

  /** How many have keys of a window, counting no further than to `most`. */
  countIn(from: number, to: number, most = Infinity): number {
    let count = 0;
    for (const places = this.placesIn(from, to); count < most && places.next().done === false;) count++;
    return count;
  }

  find({ node, start, end }: Omit<Registration, "priority">): Registration | undefined {
    const { starts, ends, nodes, names } = this.columns;
    for (let place = firstOver(starts, start, true); starts[place] === start; place++)
      if (ends[place] === end && names[nodes[place] ?? 0] === node) return this.at(place);
    return undefined;
  }

  [Symbol.iterator](): Generator<Registration> {
    return this.in(0, Infinity);
  }

  /** How far each, or one before it, reaches. */
  #reach(): Float64Array {
    if (this.#reaches === undefined) {
      let reach = 0;
      this.#reaches = this.columns.ends.map((end) => (reach = Math.max(reach, end)));
    }
    return this.#reaches;
  }
}

/** The place of the first number over a bound, or not below it, in a column that never falls. */
function firstOver(column: Float64Array, bound: number, orEqual = false): number {
  let [low, high] = [0, column.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    const value = column[middle] ?? Infinity;
    if (value > bound || (orEqual && value === bound)) high = middle;
    else low = middle + 1;
  }
  return low;
}

function columnsOf(splits: readonly Split[]): Columns {
  const owners = splits.flatMap((split) => split.owners);
  const names = [...new Set(owners.map(({ node }) => node))];
  let count = 0;
  return {
    starts: Float64Array.from(splits, ({ start }) => start),
    ends: Float64Array.from(splits, ({ end }) => end),
    offsets: Uint32Array.from(splits, (split) => (count += split.owners.length)),
    nodes: Uint32Array.from(owners, ({ node }) => names.indexOf(node)),
    priorities: Float64Array.from(owners, ({ priority }) => priority),
    names,
  };
}
