import { expect, test } from "vitest";
import { nodeColor, type Scheme } from "./node-color";

/** The ink that is written on the fills, and the paper that the edges stand on: as in app.css. */
const INK: Readonly<Record<Scheme, string>> = { light: "#1d2126", dark: "#e9e7e2" };
const PAPER: Readonly<Record<Scheme, string>> = { light: "#fdfcf9", dark: "#15181c" };
const SCHEMES: readonly Scheme[] = ["light", "dark"];

const letters = [..."ABCDEFGHIJKLMNOPQRSTUVWXYZ"];
const names = [...letters.flatMap((a) => letters.map((b) => a + b)), ..."abcdefghij", "node-1", "node-2", "zürich"];

function channels(color: string): number[] {
  return [1, 3, 5].map((at) => parseInt(color.slice(at, at + 2), 16));
}

function luminance(color: string): number {
  const [r = 0, g = 0, b = 0] = channels(color)
    .map((channel) => channel / 255)
    .map((channel) => (channel <= 0.04045 ? channel / 12.92 : ((channel + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(a: string, b: string): number {
  const [dark = 0, light = 0] = [luminance(a), luminance(b)].sort((x, y) => x - y);
  return (light + 0.05) / (dark + 0.05);
}

test.each(SCHEMES)("%s: names can be read on every fill, and edges stand out from the paper", (scheme) => {
  for (const name of names) {
    const { fill, edge } = nodeColor(name, scheme);
    expect(contrast(INK[scheme], fill), `${name} on ${fill}`).toBeGreaterThanOrEqual(4.5);
    expect(contrast(PAPER[scheme], edge), `edge of ${name}, ${edge}`).toBeGreaterThanOrEqual(3);
  }
});

test.each(SCHEMES)("%s: neighbouring names are far apart in colour", (scheme) => {
  for (const family of [[..."abcdefgh"], ["node-1", "node-2", "node-3", "node-4", "node-5"]]) {
    for (const [index, name] of family.entries()) {
      for (const other of family.slice(index + 1)) {
        const [a, b] = [channels(nodeColor(name, scheme).fill), channels(nodeColor(other, scheme).fill)];
        const distance = Math.hypot(...a.map((channel, at) => channel - (b[at] ?? 0)));
        expect(distance, `${name} and ${other}`).toBeGreaterThan(28);
      }
    }
  }
});

test("a name always has the same colour", () => {
  expect(nodeColor("a", "light")).toEqual(nodeColor("a", "light"));
  expect(nodeColor("a", "light").fill).toMatch(/^#[0-9a-f]{6}$/);
});
