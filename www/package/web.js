// For browsers and bundlers: without options, the .wasm file is fetched from beside the script.
import load from "./dist/crdt_range_map.js";
import { once } from "./once.js";

export { Connection, Journal, RangeMap } from "./dist/crdt_range_map.js";

export default once(load);
