/** One replica's row: what is registered there, as thin lines, below that the owners of each key, and a frame where others answer otherwise. */
import type { NodeColor, NodeColors } from "../model/node-color";
import type { Viewport } from "../model/viewport";
import { laneKey, type Lanes } from "./lanes";
import { clampedX, rowTop, type Layout } from "./layout";
import { denseMarks, mostHeld } from "./dense";
import { fitting, label, line, rect, widthOf, type Mark } from "./mark";
import type { Owner, Registration, Row } from "./scene";
import type { Summary } from "./summary";
import { edgeOf, textureOf } from "./texture";

const TEXT = 13;
/** No lane is thinner: it could not be told from a hairline. */
export const LANE_MIN = 3;
const LANE_MAX = 28;

export interface Paint {
  readonly layout: Layout;
  readonly view: Viewport;
  readonly lanes: Lanes;
  readonly colors: NodeColors;
  /** Of each row, if there are too many ranges in view to draw each; then none has a lane. */
  readonly summaries: readonly Summary[] | null;
}

export function laneHeight({ lanesHeight }: Layout, { count }: Lanes): number {
  return Math.min(LANE_MAX, Math.max(LANE_MIN, lanesHeight / Math.max(1, count)));
}

/** How many lanes have room. */
export function lanesShown(layout: Layout, lanes: Lanes): number {
  return Math.min(lanes.count, Math.floor(layout.lanesHeight / laneHeight(layout, lanes)));
}

/** What is thinner is all edge. */
const EDGED_PIXELS = 3;

/** A node's colour, and where that is close to the paper's, an edge that is not. */
function filled(color: NodeColor, width: number): Mark["attributes"] {
  if (width < EDGED_PIXELS) return { fill: edgeOf(color) };
  return { fill: color.fill, stroke: edgeOf(color), "stroke-width": 0.8 };
}

/** Where the line of a registration lies, or `null` if its lane has no room. A higher priority makes it thicker. */
export function barOf(
  paint: Paint,
  row: number,
  registration: Registration,
): { x: number; y: number; width: number; height: number } | null {
  const { layout, view, lanes } = paint;
  const lane = lanes.of.get(laneKey(registration));
  if (lane === undefined || lane >= lanesShown(layout, lanes)) return null;
  const room = laneHeight(layout, lanes);
  const height = Math.max(2, room * Math.min(0.85, 0.2 + Math.log2(registration.priority + 1) * 0.15));
  const x = clampedX(layout, view, registration.start);
  const width = Math.max(1, clampedX(layout, view, registration.end) - x - 1);
  // They lie close above the answer that they lead to, whatever room is left.
  const top = layout.lanesTop + layout.lanesHeight - lanesShown(layout, lanes) * room;
  return { x, y: rowTop(layout, row) + top + lane * room + (room - height) / 2, width, height };
}

/** The same of one that is taken: if its lane has no room, above all others. */
export function takenBarOf(paint: Paint, row: number, registration: Registration): ReturnType<typeof barOf> {
  const { layout, view } = paint;
  const { start, end } = registration;
  if (start >= view.to || end <= view.from) return null;
  const x = clampedX(layout, view, start);
  const width = Math.max(2, clampedX(layout, view, end) - x - 1);
  return barOf(paint, row, registration) ?? { x, y: rowTop(layout, row) + layout.lanesTop, width, height: LANE_MIN };
}

export function rowMarks(paint: Paint, row: Row, place: number): Mark[] {
  if (row.presence !== "online" && row.presence !== "offline") {
    const words = {
      crashed: "has crashed",
      unheard: "lives in another tab, and is not heard from",
      overfull: "knows too many overlapping ranges to be drawn",
    };
    const { layout } = paint;
    const y = rowTop(layout, place) + layout.rowHeight / 2;
    return [label(layout.left + 6, y, `${row.name} ${words[row.presence]}`, { class: "differs-text" })];
  }
  const summary = paint.summaries?.[place];
  if (summary !== undefined) return denseMarks(paint, summary, mostHeld(paint.summaries ?? []), place);
  return [...laneMarks(paint, row, place), ...bandMarks(paint, row, place)];
}

function laneMarks(paint: Paint, row: Row, place: number): Mark[] {
  const { layout, lanes, colors } = paint;
  const marks: Mark[] = [];
  for (const registration of row.registrations.in(paint.view.from, paint.view.to)) {
    const bar = barOf(paint, place, registration);
    if (bar === null) continue;
    const radius = Math.min(2, bar.height / 2);
    marks.push(
      rect(bar.x, bar.y, bar.width, bar.height, { rx: radius, ...filled(colors.of(registration.node), bar.width) }),
    );
    const texture = textureOf(colors.of(registration.node));
    if (texture !== null) marks.push(rect(bar.x, bar.y, bar.width, bar.height, { rx: radius, fill: texture }));
  }
  const hidden = lanes.count - lanesShown(layout, lanes);
  if (hidden > 0) {
    const y = rowTop(layout, place) + layout.bandTop - 4;
    marks.push(
      label(layout.left, y, `${hidden} more ${hidden === 1 ? "line does" : "lines do"} not fit`, { class: "note" }),
    );
  }
  return marks;
}

function bandMarks(paint: Paint, row: Row, place: number): Mark[] {
  const { layout, view } = paint;
  const y = rowTop(layout, place) + layout.bandTop;
  const marks: Mark[] = [];
  for (const { start, end, owners } of row.splits.in(view.from, view.to)) {
    const x = clampedX(layout, view, start);
    const width = Math.max(1, clampedX(layout, view, end) - x - 1);
    const [first, ...others] = owners;
    if (first === undefined) marks.push(rect(x, y, width, layout.bandHeight, { fill: "url(#gap)" }));
    else marks.push(...splitMarks(paint, x, y, width, first, others));
  }
  return marks;
}

/** So many owners beside the first have a line of their own, if each has its room; how many more there are stands in the box of the first. */
const LINES_MAX = 3;
const LINE_MIN = 1.7;
/** A band that is lower leaves more of it to the first, whose name is to fit. */
const ROOMY_BAND = 22;

function splitMarks(
  { layout, colors }: Paint,
  x: number,
  y: number,
  width: number,
  first: Owner,
  others: readonly Owner[],
): Mark[] {
  const height = layout.bandHeight * (layout.bandHeight < ROOMY_BAND ? 0.78 : 0.7);
  const lines = Math.min(LINES_MAX, Math.floor((layout.bandHeight - height) / LINE_MIN));
  const color = colors.of(first.node);
  const radius = Math.min(3, width / 4);
  const marks = [rect(x, y, width, height, { rx: radius, ...filled(color, width) })];
  const texture = textureOf(color);
  if (texture !== null) marks.push(rect(x, y, width, height, { rx: radius, fill: texture }));
  const step = (layout.bandHeight - height) / lines;
  others.slice(0, lines).forEach(({ node }, at) => {
    marks.push(
      rect(x, y + height + 1 + at * step, width, Math.max(1.5, step - 1.2), { ...filled(colors.of(node), width) }),
    );
  });
  const more = others.length > lines ? `+${others.length - lines}` : "";
  const room = width - 10;
  const moreRoom = more === "" ? 0 : widthOf(more, TEXT) + 6;
  const text = nameIn(first, room - moreRoom);
  const textY = y + height / 2 + TEXT * 0.36;
  if (text !== "") marks.push(label(x + 6, textY, text, { class: "owner", fill: color.ink }));
  if (more !== "" && room >= moreRoom)
    marks.push(label(x + width - 5, textY, more, { class: "owner", fill: color.ink, "text-anchor": "end" }));
  return marks;
}

/** Name and priority, the name, or as much of it as has room. */
function nameIn({ node, priority }: Owner, room: number): string {
  if (room < TEXT / 3) return "";
  const both = `${node} ${priority}`;
  return widthOf(both, TEXT) <= room ? both : fitting(node, TEXT, room);
}

export function and(words: readonly string[]): string {
  return words.length < 2 ? (words[0] ?? "") : `${words.slice(0, -1).join(", ")} and ${words.at(-1) ?? ""}`;
}

/** The hairline below a row. */
export function ruleMark({ layout }: Paint, place: number): Mark {
  const y = rowTop(layout, place) + layout.rowHeight - 1;
  return line(0, y, layout.width, y, { class: "rule" });
}
