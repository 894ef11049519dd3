/**
 * What of a lane is worth drawing. Only what meets the viewport is looked at, found by binary search; whatever is
 * narrower than a pixel shares a one-pixel speck with its neighbours in that pixel, shown as the widest of them. So a
 * band never draws more marks than it has pixels, however many ranges there are.
 */
import { firstEndingAfter, type Interval } from "./ranges";
import { toX, type Viewport } from "./viewport";

export interface Mark<T> {
  readonly item: T;
  readonly x0: number;
  readonly x1: number;
}

export interface Marks<T> {
  readonly wide: Mark<T>[];
  readonly specks: Mark<T>[];
  /** How many items are in specks: their true width cannot be seen at this zoom. */
  readonly narrow: number;
}

/** `items` in key order and disjoint. */
export function marksIn<T extends Interval>(items: readonly T[], view: Viewport, width: number): Marks<T> {
  const wide: Mark<T>[] = [];
  const specks: Mark<T>[] = [];
  let narrow = 0;
  let widest = 0;
  for (let index = firstEndingAfter(items, view.from); index < items.length; index++) {
    const item = items[index];
    if (item === undefined || item.start >= view.to) break;
    const x0 = Math.max(0, toX(view, width, item.start));
    const x1 = Math.min(width, toX(view, width, item.end));
    if (x1 - x0 >= 1) {
      wide.push({ item, x0, x1 });
      continue;
    }
    narrow++;
    const pixel = Math.floor(x0);
    const last = specks.at(-1);
    if (last === undefined || last.x0 !== pixel) {
      specks.push({ item, x0: pixel, x1: pixel + 1 });
      widest = x1 - x0;
    } else if (x1 - x0 > widest) {
      specks[specks.length - 1] = { item, x0: pixel, x1: pixel + 1 };
      widest = x1 - x0;
    }
  }
  return { wide, specks, narrow };
}

/** The item at a key, or the nearest within `tolerance` keys of it. */
export function itemAt<T extends Interval>(items: readonly T[], key: number, tolerance: number): T | undefined {
  const index = firstEndingAfter(items, key);
  const here = items[index];
  if (here !== undefined && here.start <= key) return here;
  const before = items[index - 1];
  const behind = before === undefined ? Infinity : key - before.end;
  const ahead = here === undefined ? Infinity : here.start - key;
  if (Math.min(behind, ahead) > tolerance) return undefined;
  return behind < ahead ? before : here;
}
