// The default entry in Vercel's edge runtime, which compiles no module at run time: it is deployed compiled beside the script.
import shipped from "../dist/crdt_range_map_bg.wasm?module";
import { loader } from "./load.js";

export * from "../dist/crdt_range_map.js";

export default loader(() => shipped);
