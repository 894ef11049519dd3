import { expect, test } from "vitest";
import { colorAt, HUES, NodeColors, TEXTURES, type Scheme } from "./node-color";

/** What the edges and fills stand on: as in app.css. */
const PAPER: Readonly<Record<Scheme, string>> = { light: "#fdfcf9", dark: "#15181c" };
const SCHEMES: readonly Scheme[] = ["light", "dark"];

type Triple = readonly [number, number, number];
type Matrix = readonly [Triple, Triple, Triple];

/**
 * Normal sight, and sight without one kind of cones as G. M. Machado, M. M. Oliveira and L. A. F. Fernandes model it: "A
 * Physiologically-based Model for Simulation of Color Vision Deficiency", IEEE TVCG 15(6), 2009, severity 1.0, on linear sRGB.
 */
const SIGHTS: Readonly<Record<string, Matrix>> = {
  normal: [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ],
  protanopia: [
    [0.152286, 1.052583, -0.204868],
    [0.114503, 0.786281, 0.099216],
    [-0.003882, -0.048116, 1.051998],
  ],
  deuteranopia: [
    [0.367322, 0.860646, -0.227968],
    [0.280085, 0.672501, 0.047413],
    [-0.01182, 0.04294, 0.968881],
  ],
  tritanopia: [
    [1.255528, -0.076749, -0.178779],
    [-0.078411, 0.930809, 0.147602],
    [0.004733, 0.691367, 0.3039],
  ],
};

/** Björn Ottosson's definition of Oklab, from linear sRGB. */
const CONES: Matrix = [
  [0.4122214708, 0.5363325363, 0.0514459929],
  [0.2119034982, 0.6806995451, 0.1073969566],
  [0.0883024619, 0.2817188376, 0.6299787005],
];
const OKLAB: Matrix = [
  [0.2104542553, 0.793617785, -0.0040720468],
  [1.9779984951, -2.428592205, 0.4505937099],
  [0.0259040371, 0.7827717662, -0.808675766],
];

const times = (matrix: Matrix, [x, y, z]: Triple) =>
  matrix.map(([a, b, c]) => a * x + b * y + c * z) as unknown as Triple;
const each = (triple: Triple, change: (value: number) => number) => triple.map(change) as unknown as Triple;

function linear(color: string): Triple {
  const channels = [1, 3, 5].map((at) => parseInt(color.slice(at, at + 2), 16) / 255) as unknown as Triple;
  return each(channels, (channel) => (channel <= 0.04045 ? channel / 12.92 : ((channel + 0.055) / 1.055) ** 2.4));
}

function seen(color: string, sight: Matrix): Triple {
  const light = each(times(sight, linear(color)), (channel) => Math.min(1, Math.max(0, channel)));
  return times(OKLAB, each(times(CONES, light), Math.cbrt));
}

function distance(one: string, other: string, sight: Matrix): number {
  const [a, b] = [seen(one, sight), seen(other, sight)];
  return Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]);
}

function contrast(one: string, other: string): number {
  const luminance = (color: string) => {
    const [red, green, blue] = linear(color);
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const [dark = 0, light = 0] = [luminance(one), luminance(other)].sort((x, y) => x - y);
  return (light + 0.05) / (dark + 0.05);
}

/** `#rrggbbaa` on `#rrggbb`. */
function over(top: string, ground: string): string {
  const at = (color: string, place: number) => parseInt(color.slice(place, place + 2), 16);
  const share = at(top, 7) / 255;
  const mixed = [1, 3, 5].map((place) => Math.round(at(top, place) * share + at(ground, place) * (1 - share)));
  return `#${mixed.map((channel) => channel.toString(16).padStart(2, "0")).join("")}`;
}

test("the distances are those of the definitions", () => {
  const white = seen("#ffffff", SIGHTS["normal"] as Matrix);
  expect(white[0]).toBeCloseTo(1, 4);
  expect(Math.hypot(white[1], white[2])).toBeCloseTo(0, 4);
  const red = seen("#ff0000", SIGHTS["normal"] as Matrix);
  expect(red.map((value) => Number(value.toFixed(3)))).toEqual([0.628, 0.225, 0.126]);
  for (const sight of Object.values(SIGHTS)) {
    // Grey is the same for all eyes.
    for (const row of sight) expect(row[0] + row[1] + row[2]).toBeCloseTo(1, 5);
  }
  expect(contrast("#000000", "#ffffff")).toBeCloseTo(21);
});

test.each(Object.entries(SIGHTS))(
  "%s: any two of the first eight nodes are at least 0.12 apart in Oklab",
  (_, sight) => {
    for (let one = 0; one < 8; one++) {
      for (let other = 0; other < one; other++) {
        const [a, b] = [colorAt(one).fill, colorAt(other).fill];
        expect(distance(a, b, sight), `${a} and ${b}`).toBeGreaterThanOrEqual(0.12);
      }
    }
  },
);

test.each(SCHEMES)("%s: fills are not taken for the paper by any eyes, and bars stand out from it", (scheme) => {
  const paper = PAPER[scheme];
  for (const { fill, edge } of HUES) {
    for (const sight of Object.values(SIGHTS)) expect(distance(fill, paper, sight), fill).toBeGreaterThanOrEqual(0.1);
    expect(contrast(edge[scheme], paper), `edge of ${fill}`).toBeGreaterThanOrEqual(3);
    expect(distance(edge[scheme], fill, SIGHTS["normal"] as Matrix), `edge of ${fill}`).toBeGreaterThanOrEqual(0.08);
  }
});

test("names can be read on every fill, and on the lines of its texture", () => {
  for (const { fill, ink, stripe } of HUES) {
    expect(contrast(ink, fill), fill).toBeGreaterThanOrEqual(4.5);
    expect(contrast(ink, over(stripe, fill)), `lines on ${fill}`).toBeGreaterThanOrEqual(4.5);
  }
});

test("beyond eight a hue comes again with another texture", () => {
  const looks = Array.from({ length: HUES.length * TEXTURES.length }, (_, place) => {
    const { fill, angles } = colorAt(place);
    return `${fill} ${angles.join()}`;
  });
  expect(new Set(looks).size).toBe(32);
  expect(colorAt(8)).toEqual({ ...colorAt(0), angles: [45] });
});

test("nodes have their colours in the order in which they appear, and keep them", () => {
  const colors = new NodeColors();
  expect(colors.of("z")).toEqual(colorAt(0));
  colors.note(["m", "z"]);
  colors.note(["a", "m", "z"]);
  colors.note(["z"]);
  expect(["m", "z", "a", "new"].map((node) => colors.of(node))).toEqual([0, 1, 2, 3].map(colorAt));
});
