/**
 * The space-time diagram: a line for each replica, a dot for each operation, an arrow for each message, a cross where one was lost, a
 * shaded span while something is cut; and below it the strip of agreement.
 */
import type { NodeColors } from "../model/node-color";
import { circle, cross, fine, label, line, path, rect, widthOf, type Mark } from "./mark";
import { edgeOf } from "./texture";

export interface Trace {
  readonly fromMs: number;
  readonly toMs: number;
  readonly nowMs: number;
  readonly names: readonly string[];
  /** Which replica has which row. */
  readonly replicas: readonly number[];
  readonly operations: readonly { readonly at: number; readonly row: number; readonly node: string }[];
  readonly messages: readonly TraceMessage[];
  readonly spans: readonly { readonly from: number; readonly to: number; readonly words: string }[];
  readonly agreement: readonly { readonly from: number; readonly to: number; readonly isAgreed: boolean }[];
}

export interface TraceMessage {
  readonly from: number;
  readonly to: number;
  readonly sentAt: number;
  /** When it arrived, or was lost. */
  readonly endsAt: number;
  readonly isLost: boolean;
  readonly node: string | null;
}

export interface TraceLayout {
  readonly width: number;
  readonly height: number;
  readonly left: number;
  readonly right: number;
  readonly rowHeight: number;
  readonly stripTop: number;
}

/** So many messages can be told apart. More are lines without heads, and without the colours of what they tell of. */
export const MESSAGES_APART_MAX = 600;

export const TOP = 12;
const STRIP = 8;
const FOOT = 18;

export function traceLayout(width: number, height: number, left: number, rows: number): TraceLayout {
  const stripTop = height - FOOT - STRIP - 4;
  return { width, height, left, right: width - 12, rowHeight: (stripTop - TOP) / Math.max(1, rows), stripTop };
}

export function timeX(
  { left, right }: TraceLayout,
  { fromMs, toMs }: Pick<Trace, "fromMs" | "toMs">,
  ms: number,
): number {
  return left + ((ms - fromMs) / Math.max(1, toMs - fromMs)) * (right - left);
}

export function timeAt(
  { left, right }: TraceLayout,
  { fromMs, toMs }: Pick<Trace, "fromMs" | "toMs">,
  x: number,
): number {
  const share = Math.min(1, Math.max(0, (x - left) / Math.max(1, right - left)));
  return Math.round(fromMs + share * (toMs - fromMs));
}

export function traceMarks(layout: TraceLayout, trace: Trace, colors: NodeColors): Mark[] {
  const y = (row: number) => TOP + (row + 0.5) * layout.rowHeight - 2;
  const x = (ms: number) => Math.min(layout.right, Math.max(layout.left, timeX(layout, trace, ms)));
  const marks: Mark[] = [];
  for (const { from, to } of trace.spans)
    marks.push(rect(x(from), 0, Math.max(1, x(to) - x(from)), layout.stripTop - 3, { class: "span" }));
  trace.names.forEach((name, row) => {
    marks.push(line(layout.left, y(row), layout.right, y(row), { class: "life" }));
    marks.push(label(layout.left - 10, y(row) + 4, name, { class: "trace-name", "text-anchor": "end" }));
  });
  const messages = trace.messages.flatMap((message) => messageMarks(trace, message, x, y, colors));
  marks.push(...(trace.messages.length > MESSAGES_APART_MAX ? crowdOf(messages) : messages));
  for (const { at, row, node } of trace.operations) {
    marks.push(
      circle(x(at), y(row), 4.5, { class: "operation", fill: colors.of(node).fill, stroke: colors.of(node).ink }),
    );
  }
  // Above all that they might lie on.
  return [...marks, ...spanWords(layout, trace), ...agreementMarks(layout, trace), ...scaleMarks(layout, trace)];
}

/** What each span is: above the first line, beside the words before if that is still in the span, else between two lines further down. */
function spanWords(layout: TraceLayout, trace: Trace): Mark[] {
  const x = (ms: number) => Math.min(layout.right, Math.max(layout.left, timeX(layout, trace, ms)));
  const ends: number[] = [];
  return trace.spans.map(({ from, to, words }) => {
    const width = widthOf(words, 12);
    const wanted = Math.min(x(from) + 4, layout.right - width);
    const beside = Math.max(wanted, (ends[0] ?? -Infinity) + 8);
    const isBeside = beside === wanted || beside + width <= x(to);
    const free = ends.findIndex((end) => end < wanted);
    const place = isBeside ? 0 : free === -1 ? ends.length : free;
    const begin = isBeside ? beside : wanted;
    ends[place] = begin + width;
    const y = place === 0 ? 10 : TOP + place * layout.rowHeight + 2;
    return label(begin, y, words, { class: "span-text" });
  });
}

/** The strip: when all knew the same. */
export function agreementMarks(layout: TraceLayout, trace: Trace): Mark[] {
  const x = (ms: number) => Math.min(layout.right, Math.max(layout.left, timeX(layout, trace, ms)));
  return trace.agreement
    .filter(({ from, to }) => to > trace.fromMs && from < trace.toMs)
    .map(({ from, to, isAgreed }) =>
      rect(x(from), layout.stripTop, Math.max(0.8, x(to) - x(from)), STRIP, {
        class: isAgreed ? "agreed" : "apart-strip",
      }),
    );
}

/** It is drawn up to where it is now. What becomes of it shows only then; what is lost gets half-way. */
function messageMarks(
  { nowMs, fromMs }: Trace,
  { from, to, sentAt, endsAt, isLost, node }: TraceMessage,
  x: (ms: number) => number,
  y: (row: number) => number,
  colors: NodeColors,
): Mark[] {
  if (sentAt > nowMs || endsAt < fromMs) return [];
  const hasEnded = endsAt <= nowMs;
  const share = Math.min(1, (nowMs - sentAt) / Math.max(1, endsAt - sentAt));
  const [x0, y0] = [x(sentAt), y(from)];
  const [x1, y1] = [x(Math.min(endsAt, nowMs)), y0 + (y(to) - y0) * share * (isLost ? 0.5 : 1)];
  const isQuiet = node === null && !(isLost && hasEnded);
  const stroke = isLost && hasEnded ? "var(--alarm)" : node === null ? "var(--ink-soft)" : edgeOf(colors.of(node));
  const marks = [line(x0, y0, x1, y1, { class: isQuiet ? "sent quiet" : "sent", stroke })];
  if (!hasEnded) return marks;
  if (isLost) return [...marks, ...cross(x1, y1, 3.5)];
  const point = `M${fine(x1)} ${fine(y1)}l-3.5 ${y1 > y0 ? -6 : 6}l7 0z`;
  return isQuiet ? marks : [...marks, path(point, { fill: stroke })];
}

/** All lines that look alike as one path, however many they are. */
function crowdOf(marks: readonly Mark[]): Mark[] {
  const paths = new Map<string, { d: Set<string>; attributes: Mark["attributes"] }>();
  for (const { shape, attributes } of marks) {
    const { x1, y1, x2, y2, ...look } = attributes;
    if (shape !== "line") continue;
    const key = `${look["class"]} ${look["stroke"]}`;
    const known = paths.get(key) ?? { d: new Set(), attributes: { ...look, fill: "none" } };
    paths.set(key, known);
    // On whole pixels along the time, many lie on each other.
    known.d.add(`M${Math.round(Number(x1))} ${y1}L${Math.round(Number(x2))} ${y2}`);
  }
  return [...paths.values()].map(({ d, attributes }) => path([...d].join(""), attributes));
}

export function scaleMarks(layout: TraceLayout, trace: Trace): Mark[] {
  const spanMs = trace.toMs - trace.fromMs;
  const atMost = Math.max(2, Math.floor((layout.right - layout.left) / 90));
  const step =
    [250, 500, 1000, 2000, 5000, 10_000, 30_000, 60_000, 300_000, 600_000].find((ms) => spanMs / ms <= atMost) ??
    3_600_000;
  const marks: Mark[] = [];
  for (let ms = Math.ceil(trace.fromMs / step) * step; ms <= trace.toMs; ms += step) {
    const x = timeX(layout, trace, ms);
    const anchor = x > layout.right - 14 ? "end" : x < layout.left + 14 ? "start" : "middle";
    marks.push(label(x, layout.height - 5, inSeconds(ms), { class: "tick", "text-anchor": anchor }));
  }
  return marks;
}

export function inSeconds(ms: number): string {
  return `${Math.round(ms / 100) / 10} s`;
}

/** The handle that scrubs: a line through all, and a knob on the strip. */
export function handleMarks(layout: TraceLayout, trace: Pick<Trace, "fromMs" | "toMs">, nowMs: number): Mark[] {
  const x = Math.min(layout.right, Math.max(layout.left, timeX(layout, trace, nowMs)));
  return [
    line(x, 0, x, layout.stripTop + STRIP, { class: "now-line" }),
    circle(x, layout.stripTop + STRIP / 2, 7, { class: "now-knob" }),
  ];
}
