/** From what a hand does to a range, to the operations that say so. */
import { clamp } from "../model/viewport";
import { laneKey } from "../picture/lanes";
import type { Registration, Row } from "../picture/scene";
import { operation } from "../stories/write";
import type { Operation } from "../world/input";

export interface Bounds {
  readonly start: number;
  readonly end: number;
}

/** A range that is drawn from one bound to another, in either direction; `null` as long as it is empty. */
export function drawn(from: number, to: number): Bounds | null {
  return from === to ? null : { start: Math.min(from, to), end: Math.max(from, to) };
}

/** A registration whose part was dragged by so many keys, within the key space; never shorter than `least`. */
export function dragged(
  { start, end }: Bounds,
  part: "start" | "end" | "whole",
  by: number,
  limit: number,
  least = 1,
): Bounds {
  if (part === "start") return { start: clamp(start + by, 0, Math.min(end, limit) - least), end };
  if (part === "end") return { start, end: clamp((end === Infinity ? limit : end) + by, start + least, limit) };
  const last = end === Infinity ? limit : end;
  const shift = clamp(by, -start, limit - last);
  return { start: start + shift, end: end === Infinity && shift === 0 ? Infinity : last + shift };
}

/** Registers with a priority. */
export function registering(node: string, { start, end }: Bounds, priority: number): Operation[] {
  const register = operation({ op: "register", node, start, end });
  return priority > 1 ? [register, operation({ op: "increase", node, start, end, by: priority - 1 })] : [register];
}

/** Takes a registration to other bounds, with its priority: by a tighten if they lie within, else as a release and a new register. */
export function moving({ node, start, end, priority }: Registration, to: Bounds): Operation[] {
  if (to.start === start && to.end === end) return [];
  if (to.start >= start && to.end <= end) return [operation({ op: "tighten", node, start, end, to })];
  return [operation({ op: "release", node, start, end }), ...registering(node, to, priority)];
}

/** Which registrations operations touch, with their priorities in a row; 0 is not registered. */
export function touchedIn(
  { registrations }: Pick<Row, "registrations">,
  operations: readonly Operation[],
): Registration[] {
  const touched = new Map<string, Registration>();
  for (const operation of operations) {
    for (const { start, end } of operation.op === "tighten" ? [operation, operation.to] : [operation]) {
      const name = { node: operation.node, start: Number(start), end: end === null ? Infinity : Number(end) };
      const known = registrations.find(name);
      touched.set(laneKey(name), { ...name, priority: known?.priority ?? 0 });
    }
  }
  return [...touched.values()];
}

/** The operations that give registrations of a row the priorities that they once had. */
export function restoring(row: Pick<Row, "registrations">, once: readonly Registration[]): Operation[] {
  return once.flatMap(({ node, start, end, priority }) => {
    const now = row.registrations.find({ node, start, end })?.priority ?? 0;
    if (priority === now) return [];
    if (priority === 0) return [operation({ op: "release", node, start, end })];
    if (now === 0) return registering(node, { start, end }, priority);
    const op = priority > now ? "increase" : "decrease";
    return [operation({ op, node, start, end, by: Math.abs(priority - now) })];
  });
}
