/** The world in one script, for whoever has no bundler at hand: `World` is all that world-entry.ts exports. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { rolldown } from "rolldown";

/** @param {"iife" | "esm"} format */
export async function bundleWorld(format) {
  const input = fileURLToPath(new URL("./world-entry.ts", import.meta.url));
  // The glue names the place of its file, which nobody asks for here.
  const bundle = await rolldown({ input, checks: { emptyImportMeta: false } });
  const { output } = await bundle.generate({ format, name: "World" });
  return output[0].code;
}

export function worldModule() {
  return readFileSync(new URL("../src/generated/wasm/crdt_range_map_world_bg.wasm", import.meta.url));
}
