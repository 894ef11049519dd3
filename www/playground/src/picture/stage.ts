/** The whole stage: axis, rows, frames, links, circles, and messages on their way, in the order in which they are painted. */
import type { KeyFormat } from "../model/keys";
import type { NodeColors } from "../model/node-color";
import { axisMarks, cursorMarks } from "./axis";
import { lanesOf } from "./lanes";
import { layoutOf } from "./layout";
import type { Mark } from "./mark";
import { circleMarks, flightMarks, linkMarks } from "./network";
import { frameMarks, rowMarks, ruleMark, type Paint } from "./row";
import type { Flight, Stage } from "./scene";

export function paintOf(stage: Stage, width: number, height: number, colors: NodeColors): Paint {
  const layout = layoutOf(width, height, stage.rows.length);
  return { layout, view: stage.view, lanes: lanesOf(stage.rows, stage.view), colors };
}

/** Those of four replicas can still be told apart. */
const MANY_LINKS = 6;

/** What changes only when the world does. */
export function stillMarks(stage: Stage, paint: Paint, format: KeyFormat): Mark[] {
  const { layout } = paint;
  const names = stage.rows.map(({ name }) => name);
  return [
    ...axisMarks(layout, stage.view, format),
    ...stage.rows.flatMap((row, place) => [...rowMarks(paint, row, place), ruleMark(paint, place)]),
    ...stage.frames.flatMap((frame) => frameMarks(paint, frame, names, format)),
    ...stage.links.flatMap((link) => linkMarks(layout, link, stage.links.length > MANY_LINKS)),
  ];
}

/** What lies above the messages. */
export function circlesOf({ rows, frames }: Stage, { layout }: Paint): Mark[] {
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
