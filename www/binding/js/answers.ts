// Makes objects of what the module answers in columns.

import type {
  Attributes,
  Backer,
  KeyRange,
  Owner,
  OwnerColumns,
  Piece,
  Registration,
  Split,
  SplitColumns,
  WatchedPiece,
} from "./types.js";

/** Offsets, nodes, priorities, names, starts, ends. */
export type Columns = [Uint32Array, Uint32Array, Float64Array, string[], BigUint64Array, BigUint64Array];

function objects<T>(count: number, object: (at: number) => T): T[] {
  const list: T[] = [];
  for (let at = 0; at < count; at += 1) list.push(object(at));
  return list;
}

/** From starts and ends in turn. */
export const ranges = (keys: BigUint64Array): KeyRange[] =>
  objects(keys.length / 2, (at) => ({ start: keys[2 * at], end: keys[2 * at + 1] || null }));

export const ownerColumns = ([ownerOffsets, ownerNodes, ownerPriorities, nodes]: Columns): OwnerColumns => ({
  ownerOffsets,
  ownerNodes,
  ownerPriorities,
  nodes,
});

export const splitColumns = (columns: Columns): SplitColumns => ({
  starts: columns[4],
  ends: columns[5],
  ...ownerColumns(columns),
});

export const splits = ([offsets, nodes, priorities, names, starts, ends]: Columns): Split[] =>
  objects(starts.length, (at) => {
    const split: Split = { start: starts[at], end: ends[at] || null, owners: [] };
    for (let place = offsets[at]; place < offsets[at + 1]; place += 1) {
      split.owners.push({ node: names[nodes[place]], priority: priorities[place] });
    }
    return split;
  });

export const registrations = ([, nodes, priorities, names, starts, ends]: Columns): Registration[] =>
  objects(starts.length, (at) => ({
    node: names[nodes[at]],
    start: starts[at],
    end: ends[at] || null,
    priority: priorities[at],
  }));

/** Splits with one owner or none. */
export const pieces = (columns: Columns): Piece[] =>
  splits(columns).map(({ start, end, owners }) => ({ start, end, node: owners.length > 0 ? owners[0].node : null }));

/** Registrations without their priorities. */
export const nodesAndRanges = (columns: Columns): { node: string; start: bigint; end: bigint | null }[] =>
  registrations(columns).map(({ node, start, end }) => ({ node, start, end }));

/** From starts and ends in turn, and for each range two lists. */
export const watchedPieces = (keys: BigUint64Array, owners: Owner[][]): WatchedPiece[] =>
  ranges(keys).map((range, at) => ({ ...range, before: owners[2 * at], after: owners[2 * at + 1] }));

/** Those of a value that none before has, and then the others, also those without one; all in their order. */
export function spread(owners: readonly Owner[], valueOf: (node: string) => string | undefined): Owner[] {
  const seen = new Set<string | undefined>([undefined]);
  const [apart, others]: [Owner[], Owner[]] = [[], []];
  for (const owner of owners) {
    const value = valueOf(owner.node);
    (seen.has(value) ? others : apart).push(owner);
    seen.add(value);
  }
  return [...apart, ...others];
}

/** From keys and values in turn. */
export const attributesOf = (pairs: readonly string[]): Attributes =>
  Object.fromEntries(objects(pairs.length / 2, (at) => [pairs[2 * at], pairs[2 * at + 1]]));

/** From nodes, writers and what these say of themselves, in turn. */
export const backers = (parts: readonly unknown[]): Backer[] =>
  objects(parts.length / 3, (at) => {
    const [node, replica, pairs] = parts.slice(3 * at, 3 * at + 3) as [string, bigint, string[] | undefined];
    return { node, replica, attributes: pairs && attributesOf(pairs) };
  });
