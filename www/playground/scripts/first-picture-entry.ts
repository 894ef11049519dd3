/** What the build needs to draw the page before its script is there, and what links to it show. */
export { initSync } from "../src/generated/wasm/crdt_range_map_world.js";
export { firstPicture, previewPicture } from "../src/player/first-picture";
export { stories } from "../src/stories/index";
