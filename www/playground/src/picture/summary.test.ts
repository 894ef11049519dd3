import { expect, test } from "vitest";
import { seeded } from "../model/random";
import { layoutOf } from "./layout";
import { Registrations, Splits } from "./ranges";
import type { Registration, Row, Split } from "./scene";
import { isDense, summaryOf } from "./summary";

const NODES = ["oak", "maple", "elm"];

/** So many ranges, one behind the other with gaps, and the same as registrations that also lie over each other. */
function randomRow(random: () => number, count: number): Row & { all: Registration[]; served: Split[] } {
  const all: Registration[] = [];
  const served: Split[] = [];
  let key = 0;
  for (let place = 0; place < count; place++) {
    const node = NODES[Math.floor(random() * NODES.length)] ?? "";
    const start = key + Math.floor(random() * 4);
    const end = start + 1 + Math.floor(random() * 5);
    const priority = 1 + Math.floor(random() * 9);
    served.push({ start, end, owners: [{ node, priority }] });
    all.push({ node, start, end: random() < 0.2 ? end + 20 : end, priority });
    key = end;
  }
  const [registrations, splits] = [Registrations.of(all), Splits.of(served)];
  return { replica: 0, name: "A", presence: "online", registrations, splits, all, served };
}

test("the sums of cells are those of a look at each key: 300 random rows and views", () => {
  for (let seed = 0; seed < 300; seed++) {
    const random = seeded(seed);
    const row = randomRow(random, 1 + Math.floor(random() * 60));
    // Whole keys lie whole in a cell, so that a count of keys is exact.
    const cells = 1 + Math.floor(random() * 12);
    const from = Math.floor(random() * 100);
    const to = from + cells * (1 + Math.floor(random() * 9));
    const { bounds, count, held, weight, first } = summaryOf(row, { from, to }, cells);
    expect(count).toBe(row.all.filter(({ start, end }) => start < to && end > from).length);
    expect([bounds[0], bounds.at(-1)]).toEqual([from, to]);
    expect(bounds.length).toBeLessThanOrEqual(cells + 2);
    for (let cell = 0; cell + 1 < bounds.length; cell++) {
      const [low = 0, high = 0] = [bounds[cell], bounds[cell + 1]];
      const keys = Array.from({ length: high - low }, (_, at) => low + at);
      const mean = (of: (key: number) => number) => keys.reduce((sum, key) => sum + of(key), 0) / keys.length;
      const holding = (key: number) => row.all.filter(({ start, end }) => start <= key && key < end);
      expect(held[cell], `seed ${seed}, cell ${cell}`).toBeCloseTo(
        mean((key) => holding(key).length),
        9,
      );
      expect(weight[cell]).toBeCloseTo(
        mean((key) => holding(key).reduce((sum, { priority }) => sum + priority, 0)),
        9,
      );
      for (const [node, shares] of first) {
        const isFirst = (key: number) => row.splits.ownersAt(key)[0]?.node === node;
        expect(shares[cell]).toBeCloseTo(
          mean((key) => (isFirst(key) ? 1 : 0)),
          9,
        );
      }
    }
  }
});

test("while a view moves, the cells that stay in view stay as they are", () => {
  const row = randomRow(seeded(5), 200);
  const one = summaryOf(row, { from: 100, to: 420 }, 32);
  const moved = summaryOf(row, { from: 137, to: 457 }, 32);
  const at = ({ bounds, held }: typeof one, low: number) => held[bounds.indexOf(low)];
  for (let low = 140; low < 410; low += 10) expect(at(moved, low)).toBe(at(one, low));
});

test("dense is what has more ranges in view than a picture of its width can show", () => {
  const layout = layoutOf(1280, 400, 1);
  const row = randomRow(seeded(1), 3_000);
  const end = row.served.at(-1)?.end ?? 0;
  expect(isDense([row], layout, { from: 0, to: end })).toBe(true);
  expect(isDense([row], layout, { from: 0, to: 100 })).toBe(false);
  const same = Array.from({ length: 500 }, (_, priority) => ({ node: `${priority}`, start: 5, end: 9, priority }));
  expect(
    isDense([{ ...row, registrations: Registrations.of(same), splits: Splits.NONE }], layout, { from: 0, to: 100 }),
  ).toBe(true);
});
