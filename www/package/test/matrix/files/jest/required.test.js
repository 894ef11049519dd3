const { default: init, RangeMap } = require("crdt-range-map");
const { openRangeMap } = require("crdt-range-map/persistent");

test("a map answers", async () => {
  await init();
  const map = new RangeMap();
  map.register("node-a", 0, 1000);
  expect(map.owners(700)).toEqual([{ node: "node-a", priority: 1 }]);
  await expect(openRangeMap({ name: "matrix" })).rejects.toMatchObject({ code: "no-storage" });
});
