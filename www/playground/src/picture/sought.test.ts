import { expect, test } from "vitest";
import { seeded } from "../model/random";
import { layoutOf, rowTop, xOf } from "./layout";
import type { Mark } from "./mark";
import { Registrations, Splits } from "./ranges";
import type { Row, Split } from "./scene";
import { soughtMarks } from "./sought";

const NODES = ["CH", "IS", "GB"];
const KEYS = 120;

function rowOf(random: () => number, presence: Row["presence"] = "online"): Row {
  const splits: Split[] = [];
  for (let key = 0; key < KEYS;) {
    const end = Math.min(KEYS, key + 1 + Math.floor(random() * 9));
    const owners = NODES.filter(() => random() < 0.5)
      .sort(() => random() - 0.5)
      .map((node) => ({ node, priority: 1 }));
    splits.push({ start: key, end: end === KEYS ? Infinity : end, owners });
    key = end;
  }
  return { replica: 0, name: "A", presence, registrations: Registrations.NONE, splits: Splits.of(splits) };
}

/** What a path of boxes covers, from left to right. */
function linesOf({ attributes }: Mark): { x: number; end: number; top: number; bottom: number }[] {
  const box = /M([\d.]+) ([\d.]+)H([\d.]+)V([\d.]+)H[\d.]+Z/g;
  return [...String(attributes["d"]).matchAll(box)].map(([, x, top, end, bottom]) => ({
    x: Number(x),
    end: Number(end),
    top: Number(top),
    bottom: Number(bottom),
  }));
}

test("each key that the node serves first is underlined, and nothing is that is far from all of them", () => {
  const random = seeded(7);
  for (let times = 0; times < 300; times++) {
    const rows = [rowOf(random), rowOf(random, "offline")];
    const from = Math.floor(random() * 100);
    const view = { from, to: from + 4 + Math.floor(random() * (KEYS + 20 - from)) };
    // From twenty pixels a key to a third of one.
    const layout = layoutOf(220 + Math.floor(random() * 1000), 200 + Math.floor(random() * 200), rows.length);
    const marks = soughtMarks({ layout, view }, rows, "IS");
    const pixels = (layout.right - layout.left) / (view.to - view.from);
    for (const [place, row] of rows.entries()) {
      const bottom = rowTop(layout, place) + layout.rowHeight;
      const band = rowTop(layout, place) + layout.bandTop + layout.bandHeight;
      const lines = marks.flatMap(linesOf).filter((line) => line.top > band && line.bottom <= bottom);
      const isMeant = (key: number) => row.splits.ownersAt(key)[0]?.node === "IS";
      for (let key = view.from; key < view.to; key++) {
        const middle = xOf(layout, view, key + 0.5);
        const isThere = lines.some(({ x, end }) => x <= middle && middle <= end);
        if (isMeant(key)) expect(isThere, `key ${key}`).toBe(true);
        // A line may be longer by what keeps it visible.
        else if (pixels > 5) expect(isThere, `key ${key}`).toBe(false);
        else if (isThere)
          expect(
            [1, 2, 3, 4, 5, 6, 7].some((step) => isMeant(key - step)),
            `key ${key}`,
          ).toBe(true);
      }
      for (const [at, { x, end }] of lines.entries()) {
        expect(end - x).toBeGreaterThanOrEqual(1.99);
        expect(x).toBeGreaterThan(lines[at - 1]?.end ?? -1);
      }
    }
  }
});

test("nobody, nobody's name, and a row that cannot be asked have no line", () => {
  const random = seeded(1);
  const ground = { layout: layoutOf(800, 300, 1), view: { from: 0, to: KEYS } };
  expect(soughtMarks(ground, [rowOf(random)], "IS")).toHaveLength(1);
  expect(soughtMarks(ground, [rowOf(random)], null)).toEqual([]);
  expect(soughtMarks(ground, [rowOf(random)], "XX")).toEqual([]);
  expect(soughtMarks(ground, [rowOf(random, "crashed")], "IS")).toEqual([]);
});
