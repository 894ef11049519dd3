import init, { RangeMap } from "crdt-range-map";
import { openRangeMap } from "crdt-range-map/persistent";

export default {
  async fetch() {
    await init();
    const map = new RangeMap();
    map.register("node-a", 0, 1000);
    return new Response(`${map.owners(700)[0].node} ${typeof openRangeMap}`);
  },
};
