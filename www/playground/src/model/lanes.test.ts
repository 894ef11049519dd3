import type { Registration } from "crdt-range-map";
import { expect, test } from "vitest";
import { find, fit, layOut, MOST_LANES, nodesOf } from "./lanes";
import { seeded } from "./random";
import { wholeSpace, zoom } from "./viewport";

function registration(node: string, start: number, end: number | null): Registration {
  return { node, start: BigInt(start), end: end === null ? null : BigInt(end), priority: 1 };
}

const shape = (registrations: Registration[], nodes: string[]) =>
  layOut(registrations, nodes).map(({ node, bars }) => [node, bars.map(({ start }) => start)]);

test("a node's bars stay in its lanes, and a node without any keeps its lane", () => {
  const some = [
    registration("a", 0, 10),
    registration("c", 5, null),
    registration("a", 8, 20),
    registration("a", 10, 12),
  ];
  expect(shape(some, ["a", "b", "c"])).toEqual([
    ["a", [0, 10]],
    ["a", [8]],
    ["b", []],
    ["c", [5]],
    [null, []],
  ]);
});

test("many nodes share lanes, in which nothing overlaps", () => {
  const nodes = Array.from({ length: 9 }, (_, index) => `n${index}`);
  const many = nodes.map((node, index) => registration(node, index * 10, index * 10 + 15));
  const lanes = layOut(many, nodes);
  expect(lanes).toHaveLength(3);
  for (const { bars } of lanes) {
    bars.forEach((bar, index) => expect(bar.start).toBeGreaterThanOrEqual(bars[index - 1]?.end ?? 0));
  }
  expect(lanes.flatMap(({ bars }) => bars)).toHaveLength(9);
});

test("nodes of several replicas, each once", () => {
  expect(nodesOf([[registration("b", 0, 1)], [registration("a", 0, 1), registration("b", 2, 3)]])).toEqual(["a", "b"]);
});

test("few lanes stay as they are at any zoom", () => {
  const some = Array.from({ length: 24 }, (_, index) => registration("abcdefgh"[index % 8] ?? "", index, 500));
  const lanes = layOut(some, [..."abcdefgh"]);
  expect(lanes.length).toBe(25);
  const { lanes: fitted, without } = fit(lanes, some, { from: 100, to: 116 }, null);
  expect([fitted, without]).toEqual([lanes, 0]);
});

test("more lanes than fit: at every zoom each registration in view has a bar or is counted, and the selected one has a bar", () => {
  const random = seeded(5);
  const limit = 1000;
  for (let round = 0; round < 20; round++) {
    const many = Array.from({ length: 60 + round * 20 }, (_, index) => {
      const start = Math.floor(random() * 990);
      return registration(`n${index % 12}`, start, random() < 0.1 ? null : start + 1 + Math.floor(random() * 600));
    }).sort((one, other) => Number(one.start - other.start));
    const lanes = layOut(many, nodesOf([many]));
    let view = wholeSpace(limit);
    for (let step = 0; step < 10; step++) {
      const inView = many.filter(
        ({ start, end }) => (end === null || Number(end) > view.from) && Number(start) < view.to,
      );
      const selected = inView[Math.floor(random() * inView.length)] ?? null;
      const fitted = fit(lanes, many, view, selected);
      expect(fitted.lanes.length).toBeLessThanOrEqual(MOST_LANES);
      expect(fitted.lanes.at(-1)?.bars).toEqual([]);
      const drawn = new Set(fitted.lanes.flatMap(({ bars }) => bars.map((bar) => bar.registration)));
      expect(inView.filter((registration) => !drawn.has(registration)).length).toBe(fitted.without);
      if (selected !== null) expect(find(fitted.lanes, selected)).not.toBeNull();
      for (const { bars } of fitted.lanes)
        bars.forEach((bar, index) => expect(bar.start).toBeGreaterThanOrEqual(bars[index - 1]?.end ?? 0));
      view = zoom(view, limit, 0.6, random() * limit);
    }
  }
});
