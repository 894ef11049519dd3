const { default: init, RangeMap } = require("crdt-range-map");
const { openRangeMap } = require("crdt-range-map/persistent");

init().then(() => {
  const map = new RangeMap();
  map.register("node-a", 0, 1000);
  console.log(map.owners(700)[0].node, typeof openRangeMap);
});
