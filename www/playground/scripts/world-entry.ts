/** What the measurement, and the tests in browsers, use of the world. */
export { fingerprintsIn } from "../engines/moment";
export { initSync } from "../src/generated/wasm/crdt_range_map_world.js";
export { framesOf } from "../src/picture/frames";
export { rowsOf } from "../src/player/moment";
export { PINNED, pinnedHash } from "../src/world/pins";
export { sampleLog } from "../src/world/samples";
export { Timeline } from "../src/world/timeline";
