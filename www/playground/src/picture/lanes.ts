/**
 * Registrations get lanes, the same in all rows, so that rows can be compared. A node's lanes lie together, nodes in the order of their
 * first key. Only what is in view takes part, so whoever looks closer gets more room.
 */
import type { Viewport } from "../model/viewport";
import type { Registration, Row } from "./scene";

export interface Lanes {
  /** Of a registration, by {@link laneKey}. */
  readonly of: ReadonlyMap<string, number>;
  readonly count: number;
}

export const NO_LANES: Lanes = { of: new Map(), count: 0 };

export function laneKey({ node, start, end }: Omit<Registration, "priority">): string {
  return `${start}|${end}|${node}`;
}

/** O(n log n) for the n registrations in view. */
export function lanesOf(rows: readonly Row[], view: Viewport): Lanes {
  const byNode = new Map<string, Map<string, Registration>>();
  for (const { registrations } of rows) {
    for (const registration of registrations.in(view.from, view.to)) {
      const ofNode = byNode.get(registration.node) ?? new Map<string, Registration>();
      ofNode.set(laneKey(registration), registration);
      byNode.set(registration.node, ofNode);
    }
  }
  const of = new Map<string, number>();
  let count = 0;
  const first = (registrations: ReadonlyMap<string, Registration>) =>
    Math.min(...[...registrations.values()].map(({ start }) => start));
  const nodes = [...byNode].sort(([a, x], [b, y]) => first(x) - first(y) || (a < b ? -1 : 1));
  for (const [, registrations] of nodes) {
    const ends: number[] = [];
    for (const registration of [...registrations.values()].sort((a, b) => a.start - b.start || b.end - a.end)) {
      const free = ends.findIndex((end) => end <= registration.start);
      const lane = free === -1 ? ends.length : free;
      ends[lane] = registration.end;
      of.set(laneKey(registration), count + lane);
    }
    count += ends.length;
  }
  return { of, count };
}
