// The entry for those who can load a file from beside a script: it is the smallest, and is compiled while it arrives.
import { loader } from "./load.js";

export * from "../dist/crdt_range_map.js";

export default loader(() => new URL("./crdt_range_map_bg.wasm", import.meta.url));
