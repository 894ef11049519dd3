// The default entry in Cloudflare's workerd, which compiles no module at run time: it is deployed compiled beside the script.
import shipped from "../dist/crdt_range_map_bg.wasm";
import { loader } from "./load.js";

export * from "../dist/crdt_range_map.js";

export default loader(() => shipped);
