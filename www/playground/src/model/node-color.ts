/**
 * Nodes are told apart by eight colours in a fixed order, given out in the order in which nodes appear in the page; nodes that appear
 * together take theirs in name order. A node keeps its colour as long as the page lasts, whoever else comes or goes. The ninth node has the
 * first colour again, with a texture as second cue; the name stands with it wherever there is room.
 *
 * The eight are the same in both themes. They were searched for: any two of them are far apart in lightness or hue also for eyes
 * without one of the three kinds of cones, and each carries its name in dark or light ink. The test beside this file holds them to it.
 */
export type Scheme = "light" | "dark";

export interface NodeColor {
  readonly fill: string;
  /** For what is written on the fill. */
  readonly ink: string;
  /** Stands out from the fill, and where the fill does not from the paper, from that. */
  readonly edge: Readonly<Record<Scheme, string>>;
  /** Of the texture's lines on the fill. */
  readonly stripe: string;
  /** In degrees: which way the lines of the texture go, if there are any. */
  readonly angles: readonly number[];
}

const DARK = { ink: "#1d2126", stripe: "#ffffff66" };
const LIGHT = { ink: "#f4f2ec", stripe: "#00000059" };

export const HUES: readonly Omit<NodeColor, "angles">[] = [
  { fill: "#f6ce84", ...DARK, edge: { light: "#a38856", dark: "#fbebd4" } },
  { fill: "#584092", ...LIGHT, edge: { light: "#3d2b68", dark: "#8f83b5" } },
  { fill: "#6f9dee", ...DARK, edge: { light: "#587ec0", dark: "#a2bbf2" } },
  { fill: "#843a00", ...LIGHT, edge: { light: "#5c2600", dark: "#b08472" } },
  { fill: "#72dcff", ...DARK, edge: { light: "#4b95ad", dark: "#c6eeff" } },
  { fill: "#8e8d16", ...DARK, edge: { light: "#706f0f", dark: "#b5b47f" } },
  { fill: "#ea9092", ...DARK, edge: { light: "#c07577", dark: "#f1bbbc" } },
  { fill: "#0c7a77", ...LIGHT, edge: { light: "#065a57", dark: "#629391" } },
];

export const TEXTURES: readonly (readonly number[])[] = [[], [45], [135], [45, 135]];

/** The colour of the node that appeared at `place`, from 0. */
export function colorAt(place: number): NodeColor {
  const hue = HUES[place % HUES.length];
  const angles = TEXTURES[Math.floor(place / HUES.length) % TEXTURES.length];
  if (hue === undefined || angles === undefined) throw new RangeError(`${place} is no place`);
  return { ...hue, angles };
}

export class NodeColors {
  readonly #places = new Map<string, number>();

  /** Those of `nodes` that appear for the first time come next, in this order. */
  note(nodes: readonly string[]): void {
    for (const node of nodes) if (!this.#places.has(node)) this.#places.set(node, this.#places.size);
  }

  /** That of a node which has not appeared is the one that it would get next. O(1). */
  of(node: string): NodeColor {
    return colorAt(this.#places.get(node) ?? this.#places.size);
  }
}
