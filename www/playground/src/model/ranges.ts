/** Ranges as the map gives them, and as numbers for drawing and searching. An end of `null` or Infinity is unbounded. */
import type { KeyRange, Registration } from "crdt-range-map";
import type { KeyFormat } from "./keys";

export interface Interval {
  readonly start: number;
  readonly end: number;
}

export function intervalOf(range: KeyRange): Interval {
  return { start: Number(range.start), end: range.end === null ? Infinity : Number(range.end) };
}

export function endOf(interval: Interval): bigint | null {
  return interval.end === Infinity ? null : BigInt(interval.end);
}

export function formatRange(range: KeyRange, format: KeyFormat): string {
  return range.end === null
    ? `${format.format(range.start)} and on`
    : `${format.format(range.start)} – ${format.format(range.end)}`;
}

/** What makes a registration the same registration: the triple, not its priority. */
export type RegistrationName = Pick<Registration, "node" | "start" | "end">;

export function sameRegistration(a: RegistrationName, b: RegistrationName): boolean {
  return a.node === b.node && a.start === b.start && a.end === b.end;
}

/** The order in which a map lists registrations: by start, end and node. Negative if `a` comes before `b`. */
function order(a: RegistrationName, b: RegistrationName): number {
  const [end, other] = [intervalOf(a).end, intervalOf(b).end];
  if (a.start !== b.start) return a.start < b.start ? -1 : 1;
  if (end !== other) return end < other ? -1 : 1;
  return a.node === b.node ? 0 : a.node < b.node ? -1 : 1;
}

/** The index of the next or previous one of `registrations`, as a map lists them, seen from one that may be gone from there. */
export function neighbourOf(registrations: readonly Registration[], from: RegistrationName, by: 1 | -1): number {
  if (by === 1) {
    const next = registrations.findIndex((registration) => order(registration, from) > 0);
    return next === -1 ? registrations.length : next;
  }
  return registrations.findLastIndex((registration) => order(registration, from) < 0);
}

/** Both ends within, and smaller: what `tighten` takes. */
export function isProperSubRange(part: KeyRange, whole: KeyRange): boolean {
  if (part.start === whole.start && part.end === whole.end) return false;
  const endsWithin = whole.end === null || (part.end !== null && part.end <= whole.end);
  return part.start >= whole.start && endsWithin;
}

/** Index of the first of `items` (in order, disjoint) that ends beyond `key`. */
export function firstEndingAfter(items: readonly Interval[], key: number): number {
  let low = 0;
  let high = items.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const item = items[middle];
    if (item !== undefined && item.end <= key) low = middle + 1;
    else high = middle;
  }
  return low;
}
