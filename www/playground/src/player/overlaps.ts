/**
 * Of ranges that all lie over each other, each split names all: a thousand have a million owners, and a message or a file may bring many
 * thousands. So it is counted first, in O(n log n), and what is beyond is not drawn.
 */
import type { Columns } from "../world/replica";

/** More than any picture can show; found and painted in a fraction of a second. */
export const OVERLAPS_MAX = 300_000;

/** How many owners all splits of these registrations have in all. */
export function overlapsIn({ starts, ends }: Pick<Columns, "starts" | "ends">): number {
  const bounds = BigUint64Array.from([...starts, ...ends.filter((end) => end !== 0n)]).sort();
  const distinct = bounds.filter((bound, place) => bound !== bounds[place - 1]);
  const placeOf = (bound: bigint) => {
    let [low, high] = [0, distinct.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((distinct[middle] ?? 0n) < bound) low = middle + 1;
      else high = middle;
    }
    return low;
  };
  return starts.reduce((sum, start, place) => {
    const end = ends[place] ?? 0n;
    return sum + (end === 0n ? distinct.length : placeOf(end)) - placeOf(start);
  }, 0);
}
