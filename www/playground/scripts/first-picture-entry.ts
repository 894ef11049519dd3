/** What the build needs to draw the page before its script is there. */
export { initSync } from "../src/generated/wasm/crdt_range_map_world.js";
export { firstPicture } from "../src/player/first-picture";
