import init, { RangeMap } from "crdt-range-map";
import { openRangeMap } from "crdt-range-map/persistent";

await init();
const map = new RangeMap();
map.register("node-a", 0, 1000);
console.log(map.owners(700)[0].node, typeof openRangeMap);
