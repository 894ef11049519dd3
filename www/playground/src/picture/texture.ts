/** The second cue of nodes that share a colour: lines over it. */
import { TEXTURES, HUES, type NodeColor } from "../model/node-color";

/** Lines in a tile that is repeated. */
export interface Pattern {
  readonly id: string;
  readonly d: string;
  readonly stroke: string;
  readonly strokeWidth: number;
  /** How wide and high the tile is. */
  readonly size: number;
}

const LINES: Readonly<Record<number, string>> = { 45: "M-1 1L1 -1M0 6L6 0M5 7L7 5", 135: "M-1 5L1 7M0 0L6 6M5 -1L7 1" };

/** All that there are: whoever paints needs each of them. */
export const PATTERNS: readonly Pattern[] = [
  { id: "gap", d: "M-2 2L2 -2M0 8L8 0M6 10L10 6", stroke: "var(--hatch)", strokeWidth: 1.6, size: 8 },
  { id: "apart", d: "M-2 6L2 10M0 0L8 8M6 -2L10 2", stroke: "var(--alarm)", strokeWidth: 1.6, size: 8 },
  ...[...new Set(HUES.map(({ stripe }) => stripe))].flatMap((stripe) =>
    TEXTURES.filter((angles) => angles.length > 0).map((angles) => ({
      id: idOf(angles, stripe),
      d: angles.map((angle) => LINES[angle]).join(""),
      stroke: stripe,
      strokeWidth: 1.4,
      size: 6,
    })),
  ),
];

/** What to fill with, above the node's colour; `null` for the first eight. */
export function textureOf({ angles, stripe }: NodeColor): string | null {
  return angles.length === 0 ? null : `url(#${idOf(angles, stripe)})`;
}

/** Stands out from the paper where the node's colour does not, in either theme. */
export function edgeOf({ edge }: NodeColor): string {
  return `light-dark(${edge.light}, ${edge.dark})`;
}

function idOf(angles: readonly number[], stripe: string): string {
  return `texture-${angles.join("-")}-${stripe.slice(1)}`;
}
