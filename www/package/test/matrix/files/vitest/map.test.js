import init, { RangeMap } from "crdt-range-map";
import { expect, test } from "vitest";

test("a map answers", async () => {
  await init();
  const map = new RangeMap();
  map.register("node-a", 0, 1000);
  expect(map.owners(700)).toEqual([{ node: "node-a", priority: 1 }]);
});
