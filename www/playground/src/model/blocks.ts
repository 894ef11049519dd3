/** A map of addresses looks at whole blocks only: at all of them, at a /8, or at a /16. Each of these is a square on the curve. */
import type { Viewport } from "./viewport";

/** How many of an address's 32 bits vary within what can be looked at, the whole first. */
export const LEVELS = [32, 24, 16] as const;
export type Level = (typeof LEVELS)[number];

export interface Block {
  readonly from: number;
  readonly level: Level;
}

export function sizeOf(level: number): number {
  return 2 ** level;
}

export function blockAround(key: number, level: Level): Block {
  return { from: Math.floor(key / sizeOf(level)) * sizeOf(level), level };
}

/** The smallest one that holds a view. */
export function blockOf({ from, to }: Viewport): Block {
  const level = LEVELS.findLast((one) => to - from <= sizeOf(one) && to <= blockAround(from, one).from + sizeOf(one));
  return blockAround(from, level ?? 32);
}

export function viewOf({ from, level }: Block): Viewport {
  return { from, to: from + sizeOf(level) };
}

/** One level closer to a key if the factor is below 1, else one further from it. */
export function zoomBlock(view: Viewport, factor: number, at: number): Viewport {
  const place = LEVELS.indexOf(blockOf(view).level) + (factor < 1 ? 1 : -1);
  return viewOf(blockAround(at, LEVELS[Math.min(LEVELS.length - 1, Math.max(0, place))] ?? 32));
}

/** The view, or one as large that has the key in it. */
export function revealBlock(view: Viewport, key: number): Viewport {
  const block = blockOf(view);
  return viewOf(blockAround(key, block.level));
}
