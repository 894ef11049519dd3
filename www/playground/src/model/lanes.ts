/**
 * Places registrations in lanes, so that no two bars of a lane overlap. With a handful of nodes each node has lanes of
 * its own, in name order, so that a bar stays where it is when others come and go. With many nodes that would be a
 * thousand nearly empty lanes: there the bars are packed into the first lane that is free.
 */
import type { Registration } from "crdt-range-map";
import { intervalOf, type Interval } from "./ranges";

export interface Bar extends Interval {
  readonly registration: Registration;
}

export interface Lane {
  /** The node that this lane belongs to; `null`: any node. */
  readonly node: string | null;
  readonly bars: readonly Bar[];
}

/** More nodes than this share their lanes. */
export const MOST_NODES_WITH_LANES = 8;

/** The nodes of several replicas' registrations, each once, in name order. */
export function nodesOf(lists: readonly (readonly Registration[])[]): string[] {
  const names = new Set<string>();
  for (const registrations of lists) for (const { node } of registrations) names.add(node);
  return [...names].sort();
}

/** `registrations` in order of their start; `nodes` in name order. The last lane is always empty: room to draw in. */
export function layOut(registrations: readonly Registration[], nodes: readonly string[]): Lane[] {
  const lanes =
    nodes.length <= MOST_NODES_WITH_LANES
      ? nodes.flatMap((node) => lanesOfNode(registrations, node))
      : pack(registrations, null);
  return [...lanes, { node: null, bars: [] }];
}

function lanesOfNode(registrations: readonly Registration[], node: string): Lane[] {
  const lanes = pack(
    registrations.filter((registration) => registration.node === node),
    node,
  );
  return lanes.length > 0 ? lanes : [{ node, bars: [] }];
}

function pack(registrations: readonly Registration[], node: string | null): Lane[] {
  const lanes: { bars: Bar[]; end: number }[] = [];
  for (const registration of registrations) {
    const bar: Bar = { registration, ...intervalOf(registration) };
    const free = lanes.find((lane) => lane.end <= bar.start);
    if (free === undefined) lanes.push({ bars: [bar], end: bar.end });
    else {
      free.bars.push(bar);
      free.end = bar.end;
    }
  }
  return lanes.map(({ bars }) => ({ node, bars }));
}
