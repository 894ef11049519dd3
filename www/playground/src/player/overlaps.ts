/**
 * Of ranges that all lie over each other, each split names all: a thousand have a million owners, and a message or a file may bring many
 * thousands. So it is counted first, in O(n log n), and what is beyond is not drawn.
 */
import type { Columns } from "../picture/ranges";

/** More than any picture can show; found and painted in a fraction of a second. */
export const OVERLAPS_MAX = 300_000;

/** How many owners all splits of these registrations have in all. */
export function overlapsIn({ starts, ends }: Pick<Columns, "starts" | "ends">): number {
  const bounds = new Float64Array(starts.length + ends.length);
  bounds.set(starts);
  bounds.set(ends, starts.length);
  bounds.sort();
  const distinct = bounds.filter((bound, place) => bound !== bounds[place - 1] && bound !== Infinity);
  const placeOf = (bound: number) => {
    let [low, high] = [0, distinct.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((distinct[middle] ?? 0) < bound) low = middle + 1;
      else high = middle;
    }
    return low;
  };
  return starts.reduce((sum, start, place) => sum + placeOf(ends[place] ?? Infinity) - placeOf(start), 0);
}
