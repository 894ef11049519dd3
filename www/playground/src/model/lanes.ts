/**
 * Places registrations in lanes, so that no two bars of a lane overlap. With a handful of nodes each node has lanes of
 * its own, in name order, so that a bar stays where it is when others come and go. With many nodes that would be a
 * thousand nearly empty lanes: there the bars are packed into the first lane that is free. More lanes than a band can
 * hold are packed anew for each view, with what is in view alone.
 */
import type { Registration } from "crdt-range-map";
import { intervalOf, sameRegistration, type Interval, type RegistrationName } from "./ranges";
import type { Viewport } from "./viewport";

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

/** More lanes than this are not drawn. */
export const MOST_LANES = 48;

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

export interface Fitted {
  /** At most `MOST_LANES`, the last one empty. */
  readonly lanes: readonly Lane[];
  /** How many registrations in view are in none of them. */
  readonly without: number;
}

/** `lanes` as `layOut` gives them, if they are not too many; else what is in view alone, `selected` always among it. */
export function fit(
  lanes: readonly Lane[],
  registrations: readonly Registration[],
  view: Viewport,
  selected: RegistrationName | null,
): Fitted {
  if (lanes.length <= MOST_LANES) return { lanes, without: 0 };
  const inView = registrations.filter((registration) => {
    const { start, end } = intervalOf(registration);
    return end > view.from && start < view.to;
  });
  const packed = pack(inView, null);
  const shown = packed.slice(0, MOST_LANES - 1);
  const hidden = packed.slice(MOST_LANES - 1);
  const chosen = hidden.findIndex(({ bars }) => selected !== null && bars.some((bar) => isOf(bar, selected)));
  const [last, lane] = [shown.at(-1), hidden[chosen]];
  if (last !== undefined && lane !== undefined) {
    shown[shown.length - 1] = lane;
    hidden[chosen] = last;
  }
  const without = hidden.reduce((sum, { bars }) => sum + bars.length, 0);
  return { lanes: [...shown, { node: null, bars: [] }], without };
}

/** Where a registration is in `lanes`, if it is there. */
export function find(lanes: readonly Lane[], name: RegistrationName): { bar: Bar; lane: number } | null {
  for (const [lane, { bars }] of lanes.entries()) {
    const bar = bars.find((bar) => isOf(bar, name));
    if (bar !== undefined) return { bar, lane };
  }
  return null;
}

function isOf(bar: Bar, name: RegistrationName): boolean {
  return sameRegistration(bar.registration, name);
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
