/** The second cue of nodes that share a colour: lines over it. */
import { TEXTURES, HUES, type NodeColor } from "../model/node-color";

export interface Texture {
  readonly id: string;
  readonly angles: readonly number[];
  readonly stripe: string;
}

/** All that there are: the SVG that paints them needs one pattern for each. */
export const ALL_TEXTURES: readonly Texture[] = [...new Set(HUES.map(({ stripe }) => stripe))].flatMap((stripe) =>
  TEXTURES.filter((angles) => angles.length > 0).map((angles) => ({ id: idOf(angles, stripe), angles, stripe })),
);

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
