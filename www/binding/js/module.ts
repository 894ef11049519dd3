// The wasm module: loaded once, before anything else.

import load from "#glue";
import { failure } from "./errors.js";

/** Where the module is, its bytes, or what was made of them. */
export type ModuleSource = string | URL | Request | Response | BufferSource | WebAssembly.Module;

let isLoaded = false;

/** Throws `not-initialized` unless the module was loaded. */
export function mustBeLoaded(): void {
  if (!isLoaded) {
    throw failure("not-initialized", "the WebAssembly module is not loaded: await init() before anything else");
  }
}

export default async function init(options?: { module_or_path: ModuleSource | Promise<ModuleSource> }): Promise<void> {
  await load(options);
  isLoaded = true;
}
