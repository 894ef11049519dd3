/** Where things are on a band, from top to bottom: axis, lanes, splits. In CSS pixels. */
import type { Lane } from "../../model/lanes";

export const AXIS_HEIGHT = 22;
export const SPACE_ABOVE_SPLITS = 18;
/** The first owner is prominent, the ones after it are listed below. */
export const FIRST_OWNER_HEIGHT = 26;
export const NEXT_OWNER_HEIGHT = 14;
export const NEXT_OWNERS = 2;
export const SPLITS_HEIGHT = FIRST_OWNER_HEIGHT + NEXT_OWNERS * NEXT_OWNER_HEIGHT;

const LEAST_LANE_HEIGHT = 7;
const MOST_LANE_HEIGHT = 24;
/** Text fits in lanes of this height and more. */
export const LANE_HEIGHT_FOR_TEXT = 13;

export interface Geometry {
  readonly height: number;
  readonly gutter: number;
  /** Width of the part that keys are laid out on. */
  readonly plot: number;
  readonly lanesTop: number;
  readonly laneHeight: number;
  readonly lanes: number;
  readonly splitsTop: number;
}

/** `lanesHeight` is for the lanes if they have room there; more of them make the band higher. */
export function geometryOf(width: number, gutter: number, lanesHeight: number, lanes: readonly Lane[]): Geometry {
  const laneHeight = Math.min(MOST_LANE_HEIGHT, Math.max(LEAST_LANE_HEIGHT, Math.floor(lanesHeight / lanes.length)));
  const splitsTop = AXIS_HEIGHT + Math.max(lanesHeight, laneHeight * lanes.length) + SPACE_ABOVE_SPLITS;
  return {
    height: splitsTop + SPLITS_HEIGHT,
    gutter,
    plot: Math.max(1, width - gutter),
    lanesTop: AXIS_HEIGHT,
    laneHeight,
    lanes: lanes.length,
    splitsTop,
  };
}

export type Place = { readonly part: "axis" | "splits" | "below" } | { readonly part: "lane"; readonly lane: number };

export function placeAt(geometry: Geometry, y: number): Place {
  if (y < geometry.lanesTop) return { part: "axis" };
  if (y >= geometry.splitsTop) return { part: y < geometry.splitsTop + SPLITS_HEIGHT ? "splits" : "below" };
  const lane = Math.floor((y - geometry.lanesTop) / geometry.laneHeight);
  return lane < geometry.lanes ? { part: "lane", lane } : { part: "below" };
}

export function laneTop(geometry: Geometry, lane: number): number {
  return geometry.lanesTop + lane * geometry.laneHeight;
}
