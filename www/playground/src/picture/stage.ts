/** The whole stage: axis, rows, frames, links, circles, and messages on their way, in the order in which they are painted. */
import type { KeyFormat } from "../model/keys";
import type { NodeColors } from "../model/node-color";
import { axisMarks, cursorMarks } from "./axis";
import type { Viewport } from "../model/viewport";
import { lanesOf, NO_LANES } from "./lanes";
import { layoutOf } from "./layout";
import type { Mark } from "./mark";
import { circleMarks, flightMarks, linkMarks } from "./network";
import { framesMarks } from "./frame";
import { rowMarks, ruleMark, type Paint } from "./row";
import type { Splits } from "./ranges";
import type { Flight, Row, Stage } from "./scene";
import { cellsIn, isDense, summaryOf, type Summary } from "./summary";

/** What is to be said of a picture of sums stands below it. */
export const NOTE_HEIGHT = 20;

export function paintOf(
  { rows, view }: Pick<Stage, "rows" | "view">,
  width: number,
  height: number,
  colors: NodeColors,
): Paint {
  const roomy = layoutOf(width, height, rows.length);
  if (!isDense(rows, roomy, view)) return { layout: roomy, view, lanes: lanesOf(rows, view), colors, summaries: null };
  const layout = layoutOf(width, height - NOTE_HEIGHT, rows.length);
  return { layout, view, lanes: NO_LANES, colors, summaries: summariesOf(rows, view, cellsIn(layout)) };
}

/** Rows that know the same share their sums. */
function summariesOf(rows: readonly Row[], view: Viewport, cells: number): Summary[] {
  const found = new Map<Splits, Summary>();
  return rows.map((row) => {
    const summary = found.get(row.splits) ?? summaryOf(row, view, cells);
    found.set(row.splits, summary);
    return summary;
  });
}

/** Those of four replicas can still be told apart. */
const MANY_LINKS = 6;

/** What changes only when the world does. */
export function stillMarks(
  stage: Pick<Stage, "rows" | "frames" | "links" | "view">,
  paint: Paint,
  format: KeyFormat,
): Mark[] {
  const { layout } = paint;
  const names = stage.rows.map(({ name }) => name);
  return [
    ...axisMarks(layout, stage.view, format),
    ...stage.rows.flatMap((row, place) => [...rowMarks(paint, row, place), ruleMark(paint, place)]),
    ...framesMarks(paint, stage.frames, names, format),
    ...stage.links.flatMap((link) => {
      // Nothing goes over the links of whoever is offline.
      const isIdle = link.between.some((row) => stage.rows[row]?.presence !== "online");
      return linkMarks(layout, link, isIdle || stage.links.length > MANY_LINKS);
    }),
  ];
}

/** What lies above the messages. */
export function circlesOf({ rows, frames }: Pick<Stage, "rows" | "frames">, { layout }: Paint): Mark[] {
  const apart = new Set(frames.map(({ row }) => row));
  return rows.flatMap((row, place) => circleMarks(layout, row, place, apart.has(place)));
}

export function movingMarks(flights: readonly Flight[], { layout, colors }: Paint): Mark[] {
  return flights.flatMap((flight) => flightMarks(layout, flight, colors));
}

export function stageMarks(
  stage: Stage,
  flights: readonly Flight[],
  width: number,
  height: number,
  format: KeyFormat,
  colors: NodeColors,
): Mark[] {
  const paint = paintOf(stage, width, height, colors);
  return [
    ...stillMarks(stage, paint, format),
    ...movingMarks(flights, paint),
    ...circlesOf(stage, paint),
    ...cursorMarks(paint.layout, stage.view, stage.cursor, format),
  ];
}
