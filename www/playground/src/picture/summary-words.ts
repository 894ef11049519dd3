/** What is said of a picture that shows sums, and what helps: only if it does. */
import { grouped } from "../model/numbers";
import { span, zoom, type Viewport } from "../model/viewport";
import type { Layout } from "./layout";
import type { Row } from "./scene";
import { isDense, type Summary } from "./summary";

export function summaryWords(
  summaries: readonly Summary[],
  rows: readonly Row[],
  layout: Layout,
  limit: number,
  cursor: number,
): string {
  const most = Math.max(...summaries.map(({ count }) => count));
  const ranges = `${grouped(most)} ranges`;
  if (isDense(rows, layout, closest(limit, cursor))) return `${ranges} lie here, too many to draw each`;
  return layout.isSmall ? `${ranges}: zoom in to see each` : `${ranges} in view, drawn together: zoom in to see each`;
}

/** As close as one can look at a key. */
function closest(limit: number, cursor: number): Viewport {
  const whole = { from: 0, to: limit };
  return zoom(whole, limit, 1 / span(whole), cursor);
}
