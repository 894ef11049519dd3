import { expect, test } from "vitest";
import { blockAround } from "../model/blocks";
import { ipv4Keys } from "../model/keys";
import { seeded } from "../model/random";
import { addressUnder, differencesWords, labelMarks, landMarks, pointOf, splitAt, unionOf } from "./map";
import { Splits } from "./ranges";
import type { Frame } from "./scene";

const SIZE = 2 ** 24;
const splits = Splits.of([
  { start: 0, end: 3 * SIZE, owners: [] },
  { start: 3 * SIZE, end: 4 * SIZE, owners: [{ node: "US", priority: 1 }] },
  { start: 4 * SIZE, end: 5 * SIZE, owners: [{ node: "JP", priority: 1 }] },
  { start: 5 * SIZE, end: Infinity, owners: [] },
]);
const scene = { splits, frames: [], names: ["A", "B", "C"], country: null };
const frame = (row: number, start: number, end: number): Frame => ({ row, start, end, unlike: [] });

test("the address under a point is the one that is drawn there, in each view", () => {
  const random = seeded(3);
  for (const level of [32, 24, 16] as const) {
    for (let times = 0; times < 500; times++) {
      const block = blockAround(Math.floor(random() * 2 ** 32), level);
      const address = block.from + Math.floor(random() * 2 ** level);
      const layout = { block, pixels: 2 ** 16 };
      expect(addressUnder(layout, pointOf(layout, address) ?? { x: 0, y: 0 })).toBe(address);
      // A pixel holds many; the one in it lies in it.
      const coarse = { block, pixels: 371 };
      const point = { x: random() * 371, y: random() * 371 };
      const found = pointOf(coarse, addressUnder(coarse, point)) ?? { x: -9, y: -9 };
      const cell = 371 / 2 ** (level / 2);
      expect(Math.abs(found.x - point.x)).toBeLessThanOrEqual(cell);
      expect(Math.abs(found.y - point.y)).toBeLessThanOrEqual(cell);
    }
  }
  expect(pointOf({ block: blockAround(0, 24), pixels: 10 }, SIZE)).toBe(null);
  expect(addressUnder({ block: blockAround(0, 32), pixels: 100 }, { x: -5, y: -9 })).toBe(0);
});

test("the country that is searched for stands out, what is reserved is no country's, and all else is land", () => {
  const layout = { block: blockAround(0, 32), pixels: 160 };
  const areas = landMarks({ ...scene, country: "JP" }, layout).filter(({ attributes }) =>
    String(attributes["class"]).startsWith("area"),
  );
  // 3/8 lies below 0/8, and 4/8 below that.
  expect(areas.find(({ attributes }) => attributes["class"] === "area sought")?.attributes["d"]).toBe(
    "M0 20h10v10h-10z",
  );
  const land = areas.filter(({ attributes }) => /^area land-\d$/.test(String(attributes["class"])));
  expect(land.map(({ attributes }) => attributes["d"])).toEqual(["M0 10h10v10h-10z"]);
  expect(areas.some(({ attributes }) => attributes["class"] === "area reserved")).toBe(true);
});

test("the cells of the grid have their part of the address, in each view", () => {
  const octets = (level: 32 | 24 | 16, pixels: number) =>
    new Set(
      labelMarks(scene, { block: blockAround(25 * SIZE, level), pixels }).flatMap(({ text }) =>
        text === undefined ? [] : [Number(text)],
      ),
    );
  for (const level of [32, 24, 16] as const) expect(octets(level, 440)).toEqual(new Set(Array(256).keys()));
  // Less than three digits need has a number in every fourth cell.
  for (const level of [32, 24, 16] as const) expect(octets(level, 424).size).toBe(64);
  expect(labelMarks({ ...scene, country: "JP" }, { block: blockAround(0, 32), pixels: 400 }).length).toBe(1 + 64);
  expect([...octets(32, 200)]).toEqual(Array.from({ length: 64 }, (_, place) => 4 * place));
});

test("each part of an address stands on addresses that begin so", () => {
  for (const level of [32, 24, 16] as const) {
    const layout = { block: blockAround(203 * SIZE + 77 * 2 ** 16, level), pixels: 440 };
    for (const { attributes, text } of labelMarks(scene, layout).filter(({ shape }) => shape === "text")) {
      const point = { x: Number(attributes["x"]), y: Number(attributes["y"]) - 4 };
      expect(Math.floor(addressUnder(layout, point) / 2 ** (level - 8)) % 256).toBe(Number(text));
    }
  }
});

test("differences of rows are told once where they meet", () => {
  const frames = [frame(2, 10, 20), frame(1, 20, 30), frame(2, 256, 512)];
  expect(unionOf(frames)).toEqual([
    { start: 10, end: 30 },
    { start: 256, end: 512 },
  ]);
  expect(differencesWords(frames, scene.names, ipv4Keys)).toBe(
    "B and C differ in 0.0.0.10 – 0.0.0.29; C differs in 0.0.1.0/24.",
  );
  expect(differencesWords([], scene.names, ipv4Keys)).toBe("");
  const many = Array.from({ length: 5 }, (_, place) => frame(0, 512 * place, 512 * place + 256));
  expect(differencesWords(many, scene.names, ipv4Keys)).toContain("; and 2 more differences.");
});

test("a split is found by each of its keys", () => {
  expect(splitAt(splits, 3 * SIZE)?.owners[0]?.node).toBe("US");
  expect(splitAt(splits, 4 * SIZE - 1)?.owners[0]?.node).toBe("US");
  expect(splitAt(splits, 2 ** 32 - 1)?.owners).toEqual([]);
  expect(splitAt(Splits.NONE, 5)?.owners).toEqual([]);
});
