// The default entry: the module is in the script, so that it works wherever a script does.
import { unpacked } from "../dist/inlined.js";
import { loader } from "./load.js";

export * from "../dist/crdt_range_map.js";

export default loader(unpacked);
