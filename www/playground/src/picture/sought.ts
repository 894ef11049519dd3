/** A line below the owners' band of each row, along all keys that a node which is searched for serves first. */
import { clampedX, rowTop } from "./layout";
import { fine, path, type Mark } from "./mark";
import type { Paint } from "./row";
import { isAsked, type Row } from "./scene";

const [BELOW, HEIGHT] = [2, 4];
/** What is shorter would not be found. */
const LENGTH_MIN = 2;

/** One path for each row that has any; none if nobody is searched for. O(n) in the splits of the rows. */
export function soughtMarks(
  { layout, view }: Pick<Paint, "layout" | "view">,
  rows: readonly Row[],
  node: string | null,
): Mark[] {
  if (node === null) return [];
  return rows.flatMap((row, place) => {
    const { splits } = row;
    const { starts, ends, offsets, nodes, names } = splits.columns;
    const which = names.indexOf(node);
    if (which < 0 || !isAsked(row)) return [];
    const lines: { x: number; end: number }[] = [];
    for (let at = splits.placeBehind(view.from); (starts[at] ?? Infinity) < view.to; at++) {
      if (nodes[offsets[at - 1] ?? 0] !== which) continue;
      const x = fine(clampedX(layout, view, starts[at] ?? 0));
      const end = Math.max(x + LENGTH_MIN, fine(clampedX(layout, view, ends[at] ?? 0)));
      const last = lines.at(-1);
      if (last !== undefined && x <= last.end) last.end = Math.max(last.end, end);
      else lines.push({ x, end });
    }
    if (lines.length === 0) return [];
    const y = fine(rowTop(layout, place) + layout.bandTop + layout.bandHeight + BELOW);
    const d = lines.map(({ x, end }) => `M${x} ${y}H${fine(end)}V${fine(y + HEIGHT)}H${x}Z`).join("");
    return [path(d, { class: "sought" })];
  });
}
