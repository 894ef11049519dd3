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
}

const TOP = 26;

export function layoutOf(width: number, height: number, rows: number): Layout {
  const isSmall = width < 600;
  const rowHeight = Math.max(52, (height - TOP) / Math.max(1, rows));
  const bandHeight = Math.round(Math.min(72, Math.max(22, rowHeight * 0.34)));
  const bandTop = rowHeight - bandHeight - 8;
  const lanesTop = 8;
  return {
    width,
    height: TOP + rowHeight * rows,
    isSmall,
    left: isSmall ? 58 : 168,
    right: width - (isSmall ? 6 : 12),
    top: TOP,
    rowHeight,
    bandTop,
    bandHeight,
    lanesTop,
    lanesHeight: Math.max(0, bandTop - lanesTop - 16),
    circleX: isSmall ? 22 : 30,
    radius: isSmall ? 14 : 16,
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
