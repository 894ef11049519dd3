/** For tests in Node: the wasm module of the world, from its file. In a page, the module fetches itself. */
import { readFileSync } from "node:fs";
import { initSync } from "../src/generated/wasm/crdt_range_map_world.js";

const path = new URL("../src/generated/wasm/crdt_range_map_world_bg.wasm", import.meta.url);
initSync({ module: readFileSync(path) });
