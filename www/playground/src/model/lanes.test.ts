import type { Registration } from "crdt-range-map";
import { expect, test } from "vitest";
import { layOut, nodesOf } from "./lanes";

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
