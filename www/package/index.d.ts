export * from "./dist/crdt_range_map.js";

/** An instance of a global class, where the compiler's libraries have it: a browser's know others than Node's. */
type Instance<Name extends string> = typeof globalThis extends { [_ in Name]: { prototype: infer T } } ? T : never;

export interface InitOptions {
  /**
   * Where the .wasm file is (in Node, a `file:` URL too), its bytes, or the compiled module. Left out: what the entry ships.
   */
  module_or_path?:
    | string
    | ArrayBuffer
    | ArrayBufferView<ArrayBuffer>
    | Instance<"URL">
    | Instance<"Request">
    | Instance<"Response">
    | (typeof globalThis extends { WebAssembly: { Module: { prototype: infer T } } } ? T : never);
}

/**
 * Loads the WebAssembly module: await it once before anything else. Further calls resolve without loading again, also those of
 * another entry.
 *
 * Rejects with a `RangeMapError` that says `invalid-options`, or with what speaks against loading; it may be tried again then.
 */
export default function init(options?: InitOptions): Promise<void>;
