// The measurements in a page: `bench(options)` is called from outside, and what it is doing goes to the console.
import * as automerge from "@automerge/automerge/slim";
import automergeUrl from "@automerge/automerge/automerge.wasm?url";
import init, * as ours from "crdt-range-map/lean";
import oursUrl from "crdt-range-map/crdt_range_map_bg.wasm?url";
import * as loro from "loro-crdt/web";
import loroUrl from "loro-crdt/web/loro_wasm_bg.wasm?url";
import * as yjs from "yjs";
import { run } from "../src/run.js";

/** @param {import("../src/run.js").Options} options */
async function bench(options) {
  await Promise.all([
    init({ module_or_path: oursUrl }),
    WebAssembly.compileStreaming(fetch(loroUrl)).then((module) => loro.initSync({ module })),
    automerge.initializeWasm(automergeUrl),
  ]);
  // The other entries of these packages have the same functions, loaded in another way.
  const packages = /** @type {import("../src/run.js").Packages} */ (
    /** @type {unknown} */ ({ ours, yjs, loro, automerge })
  );
  return run(packages, options, (what) => console.info(what));
}

Object.assign(globalThis, { bench });
