// For Node, whose fetch does not read files: without options, or with a file: URL, the .wasm file is read from disk.
import { readFile } from "node:fs/promises";
import load from "./dist/crdt_range_map.js";
import { once } from "./once.js";

export { Connection, Journal, RangeMap } from "./dist/crdt_range_map.js";

const shipped = new URL("./dist/crdt_range_map_bg.wasm", import.meta.url);

export default once(async ({ module_or_path = shipped } = {}) => {
  const isFile = String(module_or_path).startsWith("file:");
  return load({ module_or_path: isFile ? await readFile(new URL(module_or_path)) : module_or_path });
});
