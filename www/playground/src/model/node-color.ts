/**
 * A node's colour is a function of its name alone, so every tab and every replica paints it alike, today and tomorrow.
 * The name is read as one large number; its hue is that number times the golden angle. Names that differ by one in the
 * last letter ("a", "b", "c"; "node-1", "node-2") are neighbours as numbers and so fall far apart on the colour wheel.
 * Lightness steps with the number too, which tells close hues apart, also for eyes that see fewer of them.
 */
export type Scheme = "light" | "dark";

export interface NodeColor {
  readonly fill: string;
  readonly edge: string;
}

interface Oklch {
  readonly lightness: number;
  readonly chroma: number;
  readonly hue: number;
}

const GOLDEN_RATIO_CONJUGATE = 0.618033988749895;

const FILLS: Readonly<Record<Scheme, readonly [number, number, number]>> = {
  light: [0.86, 0.74, 0.8],
  dark: [0.4, 0.49, 0.445],
};

const cache = new Map<string, NodeColor>();

export function nodeColor(node: string, scheme: Scheme): NodeColor {
  const key = `${scheme}/${node}`;
  const known = cache.get(key);
  if (known !== undefined) return known;
  const color = {
    fill: hex(nodeFill(node, scheme)),
    edge: hex({ ...nodeFill(node, scheme), lightness: scheme === "light" ? 0.56 : 0.76, chroma: 0.13 }),
  };
  cache.set(key, color);
  return color;
}

function nodeFill(node: string, scheme: Scheme): Oklch {
  const number = nameNumber(node);
  const lightness = FILLS[scheme][number % 3] ?? FILLS[scheme][0];
  return { lightness, chroma: scheme === "light" ? 0.1 : 0.11, hue: ((number * GOLDEN_RATIO_CONJUGATE) % 1) * 360 };
}

function nameNumber(name: string): number {
  let number = 0;
  for (const character of name) number = (number * 31 + (character.codePointAt(0) ?? 0)) % 2 ** 32;
  return number;
}

/** To sRGB as `#rrggbb`; what falls outside of sRGB is clipped (the chroma above is chosen so that little does). */
function hex(color: Oklch): string {
  return `#${linearSrgb(color)
    .map((channel) => Math.min(1, Math.max(0, channel)))
    .map((channel) => (channel <= 0.0031308 ? 12.92 * channel : 1.055 * channel ** (1 / 2.4) - 0.055))
    .map((channel) =>
      Math.round(channel * 255)
        .toString(16)
        .padStart(2, "0"),
    )
    .join("")}`;
}

/** The matrices are those of Björn Ottosson's definition of Oklab. */
function linearSrgb({ lightness, chroma, hue }: Oklch): [number, number, number] {
  const a = chroma * Math.cos((hue * Math.PI) / 180);
  const b = chroma * Math.sin((hue * Math.PI) / 180);
  const l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3;
  return [
    4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s,
    -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s,
    -0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s,
  ];
}
