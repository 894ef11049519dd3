/** The part of the key space that is looked at. All panels share one, so that replicas can be compared key by key. */
export interface Viewport {
  readonly from: number;
  readonly to: number;
}

/** Fewer keys than this are never stretched over a whole band. */
const LEAST_SPAN = 16;

export function wholeSpace(limit: number): Viewport {
  return { from: 0, to: limit };
}

export function span(view: Viewport): number {
  return view.to - view.from;
}

export function isWhole(view: Viewport, limit: number): boolean {
  return view.from <= 0 && view.to >= limit;
}

/** `factor` below 1 zooms in. The key `at` keeps its place on the band. */
export function zoom(view: Viewport, limit: number, factor: number, at = (view.from + view.to) / 2): Viewport {
  const width = clamp(span(view) * factor, Math.min(LEAST_SPAN, limit), limit);
  const share = (at - view.from) / span(view);
  return placed(at - share * width, width, limit);
}

export function pan(view: Viewport, limit: number, keys: number): Viewport {
  return placed(view.from + keys, span(view), limit);
}

/** The same span around `key`, or the view itself if the key is in it. */
export function reveal(view: Viewport, limit: number, from: number, to: number): Viewport {
  if (from < view.to && to > view.from) return view;
  const middle = (from + Math.min(to, limit)) / 2;
  return placed(middle - span(view) / 2, span(view), limit);
}

export function toX(view: Viewport, width: number, key: number): number {
  return ((key - view.from) / span(view)) * width;
}

export function toKey(view: Viewport, width: number, x: number): number {
  return view.from + (x / Math.max(1, width)) * span(view);
}

function placed(from: number, width: number, limit: number): Viewport {
  const start = clamp(from, 0, limit - width);
  return { from: start, to: start + width };
}

export function clamp(value: number, least: number, most: number): number {
  return Math.min(Math.max(value, least), Math.max(least, most));
}
