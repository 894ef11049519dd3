/** Where things lie on the stage, in pixels. */
import { span, type Viewport } from "../model/viewport";

export interface Layout {
  readonly width: number;
  readonly height: number;
  readonly isSmall: boolean;
  /** Where the key axis begins and ends. */
  readonly left: number;
  readonly right: number;
  /** Where the first row begins, and how high each is. */
  readonly top: number;
  readonly rowHeight: number;
  /** Of the owners' band within a row. */
  readonly bandTop: number;
  readonly bandHeight: number;
  readonly lanesTop: number;
  readonly lanesHeight: number;
  /** Of the circle of a replica. */
  readonly circleX: number;
  readonly radius: number;
  /** How far the links between rows that are not neighbours bend aside, and how much more for each row between. */
  readonly bend: number;
  readonly bendStep: number;
}

const TOP = 26;
/** Rows that are lower have less air, and their words lie over their lanes. */
const ROOMY_ROW = 56;
/** No row is lower: its circle and the names in its band would not fit. What does not fit then is scrolled to. */
const LEAST_ROW = 36;
/** Links of so few replicas bend as they always do; those of more share the room there is. */
const FEW_ROWS = 4;

export function layoutOf(width: number, height: number, rows: number): Layout {
  const isSmall = width < 600;
  const rowHeight = Math.max(LEAST_ROW, (height - TOP) / Math.max(1, rows));
  const isRoomy = rowHeight >= ROOMY_ROW;
  const bandHeight = Math.round(isRoomy ? Math.min(72, Math.max(22, rowHeight * 0.34)) : rowHeight * 0.44);
  const bandTop = rowHeight - bandHeight - (isRoomy ? 8 : 4);
  const lanesTop = isRoomy ? 8 : 3;
  const [left, circleX] = isSmall ? [58, 22] : [168, 30];
  const bend = isSmall ? 12 : 22;
  return {
    width,
    height: TOP + rowHeight * rows,
    isSmall,
    left,
    right: width - (isSmall ? 6 : 12),
    top: TOP,
    rowHeight,
    bandTop,
    bandHeight,
    lanesTop,
    lanesHeight: Math.max(0, bandTop - lanesTop - (isRoomy ? 16 : 2)),
    circleX,
    radius: Math.min(isSmall ? 14 : 16, rowHeight / 2 - 4),
    bend,
    bendStep: rows <= FEW_ROWS ? (isSmall ? 4 : 9) : Math.min(13, (left - circleX - bend - 10) / (rows - 1)),
  };
}

export function xOf({ left, right }: Layout, view: Viewport, key: number): number {
  return left + ((key - view.from) / span(view)) * (right - left);
}

/** The same, for what ends beyond the view: at its edge, and not far away. */
export function clampedX(layout: Layout, view: Viewport, key: number): number {
  return Math.min(layout.right, Math.max(layout.left, xOf(layout, view, key)));
}

export function keyAt({ left, right }: Layout, view: Viewport, x: number): number {
  return view.from + ((x - left) / Math.max(1, right - left)) * span(view);
}

export function rowTop({ top, rowHeight }: Layout, row: number): number {
  return top + row * rowHeight;
}
