/** The replicas' circles, the links between them, and messages on their way. */
import type { NodeColors } from "../model/node-color";
import { rowTop, type Layout } from "./layout";
import { circle, cross, label, path, type Mark } from "./mark";
import type { Flight, Link, Row } from "./scene";

export interface Point {
  readonly x: number;
  readonly y: number;
}

export function circleAt(layout: Layout, place: number): Point {
  return { x: layout.circleX, y: rowTop(layout, place) + layout.rowHeight / 2 - 4 };
}

/** How far the curve of a link between rows that are not neighbours bends aside. */
function bend(layout: Layout, distance: number): number {
  return layout.bend + distance * layout.bendStep;
}

/** A point of the link from one row to another: 0 at its beginning, 1 at its end. */
export function alongLink(layout: Layout, from: number, to: number, share: number): Point {
  const a = circleAt(layout, from);
  const b = circleAt(layout, to);
  const distance = Math.abs(to - from);
  if (distance <= 1) return { x: a.x, y: a.y + (b.y - a.y) * share };
  // A quadratic curve whose control point is aside of the middle.
  const control = { x: a.x + 2 * bend(layout, distance), y: (a.y + b.y) / 2 };
  const rest = 1 - share;
  return {
    x: rest * rest * a.x + 2 * rest * share * control.x + share * share * b.x,
    y: rest * rest * a.y + 2 * rest * share * control.y + share * share * b.y,
  };
}

/** Faint is one of many, and one over which nothing goes; those that are cut stand out. */
export function linkMarks(layout: Layout, { between: [from, to], isCut }: Link, isFaint = false): Mark[] {
  const a = circleAt(layout, from);
  const b = circleAt(layout, to);
  const kind = { class: isCut ? "link cut" : isFaint ? "link faint" : "link" };
  const middle = alongLink(layout, from, to, 0.5);
  const d =
    Math.abs(to - from) <= 1
      ? `M${a.x} ${a.y}L${b.x} ${b.y}`
      : `M${a.x} ${a.y}Q${a.x + 2 * bend(layout, Math.abs(to - from))} ${(a.y + b.y) / 2} ${b.x} ${b.y}`;
  const marks = [path(d, kind)];
  if (isCut) marks.push(...cross(middle.x, middle.y, 4.5));
  return marks;
}

export function circleMarks(layout: Layout, row: Row, place: number, differs: boolean): Mark[] {
  const { x, y } = circleAt(layout, place);
  return [
    circle(x, y, layout.radius, {
      class: `replica${differs ? " apart" : ""}${row.presence === "online" ? "" : " offline"}`,
    }),
    label(x, y + 5, row.name, { class: "replica-name", "text-anchor": "middle" }),
  ];
}

export function flightMarks(layout: Layout, flight: Flight, colors: NodeColors): Mark[] {
  const { x, y } = alongLink(layout, flight.from, flight.to, flight.share);
  const fill = flight.node === null ? "var(--ink-soft)" : colors.of(flight.node).fill;
  return [circle(x, y, flight.node === null ? 4 : 6.5, { class: "message", fill })];
}
