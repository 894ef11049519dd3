export * from "./dist/crdt_range_map.js";

export interface InitOptions {
  /** Where the .wasm file is, its bytes, or the compiled module. Left out: the file that lies beside the script. */
  module_or_path?: string | URL | Request | Response | BufferSource | WebAssembly.Module;
}

/** Loads the WebAssembly module: await it once before anything else. Further calls resolve without loading again. */
export default function init(options?: InitOptions): Promise<void>;
