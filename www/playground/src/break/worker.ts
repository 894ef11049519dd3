/** Tries schedules in a worker, one seed after the other, until it is told to stop or one fails. */
import init from "../generated/wasm/crdt_range_map_world";
import { tryMany } from "./try-many";

/** What the worker is told. `start` begins at a seed, also when it runs already. */
export type ToWorker = { readonly kind: "start"; readonly seed: number } | { readonly kind: "stop" };

/** What it tells. Counts are since the start. */
export type FromWorker =
  | { readonly kind: "progress"; readonly passed: number; readonly ms: number; readonly words: string }
  | {
      readonly kind: "failed";
      readonly passed: number;
      readonly ms: number;
      readonly words: string;
      readonly seed: number;
    }
  | { readonly kind: "broken"; readonly reason: string };

/** Between two reports, and how long it takes at most to hear that it should stop. */
const BATCH_MS = 100;

const ready = init();
/** Counts what it was told: whoever was told something before stops. */
let current = 0;

self.onmessage = async ({ data }: MessageEvent<ToWorker>) => {
  const own = ++current;
  if (data.kind === "stop") return;
  try {
    await ready;
    const began = performance.now();
    let passed = 0;
    let seed = data.seed;
    while (own === current) {
      const until = performance.now() + BATCH_MS;
      const { next, last, failed, ...batch } = tryMany(seed, () => performance.now() >= until);
      passed += batch.passed;
      seed = next;
      const report = { passed, ms: performance.now() - began, words: last.words };
      if (failed !== undefined) return tell({ kind: "failed", ...report, seed: failed });
      tell({ kind: "progress", ...report });
      // Messages are heard in between.
      await new Promise((resolve) => setTimeout(resolve));
    }
  } catch (error) {
    tell({ kind: "broken", reason: String(error) });
  }
};

function tell(message: FromWorker): void {
  self.postMessage(message);
}
