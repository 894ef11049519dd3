/** What the measurement, and the tests in browsers, use of the world. */
export { fingerprintsIn } from "../engines/moment";
export { initSync } from "../src/generated/wasm/crdt_range_map_world.js";
export { differences } from "../src/world/facts";
export { PINNED, pinnedHash } from "../src/world/pins";
export { sampleLog } from "../src/world/samples";
export { Timeline } from "../src/world/timeline";
