/**
 * Of ranges that all lie over each other, each split names all: a thousand have a million owners, and a message or a file may bring many
 * thousands. So it is counted first, in O(n log n), and what is beyond is not drawn.
 */
import type { Columns } from "../picture/ranges";

/** More than any picture can show; found and painted in a fraction of a second. */
export const OVERLAPS_MAX = 300_000;

/** How many owners all splits of these registrations, which are in the order of their starts, have in all. */
export function overlapsIn({ starts, ends }: Pick<Columns, "starts" | "ends">): number {
  const ended = ends.toSorted();
  let [sum, bound, boundsBefore, start, end] = [0, -1, -1, 0, 0];
  // Each covers as many splits as bounds begin one from its start on and before its end.
  while (end < ended.length) {
    const isStart = start < starts.length && (starts[start] ?? 0) <= (ended[end] ?? 0);
    const next = (isStart ? starts[start] : ended[end]) ?? 0;
    if (next !== bound) [bound, boundsBefore] = [next, boundsBefore + 1];
    if (isStart) {
      sum -= boundsBefore;
      start += 1;
    } else {
      sum += boundsBefore;
      end += 1;
    }
  }
  return sum;
}
