/** Parts of the page in one script, for whoever has no bundler at hand. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { rolldown } from "rolldown";

/**
 * All that an entry beside this file exports, as `World`.
 * @param {"iife" | "esm"} format
 */
export async function bundleWorld(format, entry = "world-entry.ts") {
  const input = fileURLToPath(new URL(entry, import.meta.url));
  // The glue names the place of its file, which nobody asks for here.
  const bundle = await rolldown({ input, checks: { emptyImportMeta: false } });
  const { output } = await bundle.generate({ format, name: "World" });
  return output[0].code;
}

export function worldModule() {
  return readFileSync(new URL("../src/generated/wasm/crdt_range_map_world_bg.wasm", import.meta.url));
}
