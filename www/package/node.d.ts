// Apart from web.d.ts, because Node's own types do not know all that a browser can load from.
export * from "./dist/crdt_range_map.js";

export interface InitOptions {
  /** Where the .wasm file is (a file: URL too), or its bytes. Left out: the file that the package ships, read from disk. */
  module_or_path?: string | URL | Request | Response | ArrayBuffer | ArrayBufferView<ArrayBuffer>;
}

/** Loads the WebAssembly module: await it once before anything else. Further calls resolve without loading again. */
export default function init(options?: InitOptions): Promise<void>;
