/** Who came first for which keys over time: a band for each replica, its first key at the top. It stands in the place of the diagram. */
import type { NodeColors } from "../model/node-color";
import { agreementMarks, scaleMarks, timeX, TOP, type Trace, type TraceLayout } from "./trace";
import { label, line, rect, widthOf, type Mark } from "./mark";
import { edgeOf, textureOf } from "./texture";

export interface Heat {
  readonly bands: readonly Band[];
  /** Where the key that is asked for lies among the keys in view, from 0 to 1; `null` if it does not. */
  readonly cursor: number | null;
}

/** What one row of the diagram answered from one moment up to another. */
export interface Band {
  readonly row: number;
  readonly from: number;
  readonly to: number;
  /** From the first key in view to the last; each up to the next, the last one to 1. `null` where nobody serves. */
  readonly stretches: readonly { readonly from: number; readonly node: string | null }[];
}

/** What its colours and its places stand for, in words. */
export interface Legend {
  readonly name: (node: string) => string;
  /** Which key is where: "top 0, bottom 999, dotted 420". */
  readonly keys: string;
}

export function heatMarks(layout: TraceLayout, trace: Trace, heat: Heat, colors: NodeColors, legend: Legend): Mark[] {
  const x = (ms: number) => Math.min(layout.right, Math.max(layout.left, timeX(layout, trace, ms)));
  const top = (row: number) => TOP + row * layout.rowHeight;
  const height = layout.rowHeight - 5;
  const marks: Mark[] = [];
  for (const { row, from, to, stretches } of heat.bands) {
    const [left, width] = [x(from), x(to) - x(from)];
    if (width <= 0) continue;
    stretches.forEach(({ from: begin, node }, place) => {
      if (node === null) return;
      const tall = ((stretches[place + 1]?.from ?? 1) - begin) * height;
      const y = top(row) + begin * height;
      const color = colors.of(node);
      marks.push(rect(left, y, width, tall, { class: "heat", fill: color.fill }));
      const texture = textureOf(color);
      if (texture !== null) marks.push(rect(left, y, width, tall, { class: "heat", fill: texture }));
    });
  }
  trace.names.forEach((name, row) => {
    const middle = top(row) + height / 2;
    marks.push(rect(layout.left, top(row), layout.right - layout.left, height, { class: "band-edge" }));
    marks.push(label(layout.left - 10, middle + 4, name, { class: "trace-name", "text-anchor": "end" }));
    if (heat.cursor === null) return;
    const y = top(row) + heat.cursor * height;
    marks.push(line(layout.left, y, layout.right, y, { class: "asked" }));
  });
  const words = legendMarks(layout, heat, colors, legend);
  return [...marks, ...words, ...agreementMarks(layout, trace), ...scaleMarks(layout, trace)];
}

const SWATCH = 9;

/** Above the bands: each node's colour, whoever has most of the picture first, as many as have room; and which key is where. */
function legendMarks(layout: TraceLayout, heat: Heat, colors: NodeColors, { name, keys }: Legend): Mark[] {
  const marks: Mark[] = [];
  let x = layout.left;
  for (const node of nodesIn(heat)) {
    const words = name(node);
    const width = SWATCH + 4 + widthOf(words, 12);
    if (x + width > layout.right) break;
    const color = colors.of(node);
    const texture = textureOf(color);
    marks.push(rect(x, 0, SWATCH, SWATCH, { fill: color.fill, stroke: edgeOf(color), "stroke-width": 0.8 }));
    if (texture !== null) marks.push(rect(x, 0, SWATCH, SWATCH, { fill: texture }));
    marks.push(label(x + SWATCH + 4, SWATCH, words, { class: "note" }));
    x += width + 12;
  }
  if (x + 12 + widthOf(keys, 12) > layout.right) return marks;
  return [...marks, label(x + 12, SWATCH, keys, { class: "note" })];
}

function nodesIn({ bands }: Heat): string[] {
  const areas = new Map<string, number>();
  for (const { from, to, stretches } of bands) {
    stretches.forEach(({ from: begin, node }, place) => {
      if (node === null) return;
      const area = (to - from) * ((stretches[place + 1]?.from ?? 1) - begin);
      areas.set(node, (areas.get(node) ?? 0) + area);
    });
  }
  return [...areas].sort(([, one], [, other]) => other - one).map(([node]) => node);
}
