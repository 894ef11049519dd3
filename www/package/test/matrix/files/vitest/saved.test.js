import "fake-indexeddb/auto";
import init, { RangeMap } from "crdt-range-map";
import { openRangeMap } from "crdt-range-map/persistent";
import { expect, test } from "vitest";

test("a map is saved, and opened again", async () => {
  await init();
  const saved = await openRangeMap({ name: "matrix", channel: null });
  expect(saved.map).toBeInstanceOf(RangeMap);
  saved.map.register("node-a", 0, 1000);
  await saved.saved();
  await saved.close();
  const again = await openRangeMap({ name: "matrix", channel: null });
  expect(again.map.owners(700)).toEqual([{ node: "node-a", priority: 1 }]);
  await again.close();
});
