// The wasm module: loaded once, before anything else.

import load from "#glue";
import { failure } from "./errors.js";
import { anything, checkedOptions } from "./options.js";

/** Where the module is, its bytes, or what was made of them. */
export type ModuleSource = string | URL | Request | Response | BufferSource | WebAssembly.Module;

let isLoaded = false;

/** Throws `not-initialized` unless the module was loaded. */
export function mustBeLoaded(): void {
  if (!isLoaded) {
    throw failure("not-initialized", "the WebAssembly module is not loaded: await init() before anything else");
  }
}

/**
 * Loads it. `open` returns what is loaded of what the user names, if anything: each entry ships it in another way.
 *
 * Throws `invalid-options`.
 */
export default async function init(
  options: unknown,
  open: (named: unknown) => ModuleSource | Promise<ModuleSource>,
): Promise<void> {
  const rules = { module_or_path: anything };
  const checked = checkedOptions<{ module_or_path: unknown }>(options, rules, (message) =>
    failure("invalid-options", message),
  );
  await load({ module_or_path: await open(checked.module_or_path) });
  isLoaded = true;
}
