/** Tries schedules in a worker, one seed after the other, until one fails. Whoever has seen enough terminates it. */
import init from "../generated/wasm/crdt_range_map_world";
import { tryMany } from "./try-many";

/** What a worker is told, once: which seed is its first, and how far it is from each of its seeds to the next. */
export interface Share {
  readonly seed: number;
  readonly stride: number;
}

/** What it tells. Counts are since the start; the seed is the one that was tried last. */
export type FromWorker =
  | {
      readonly kind: "progress" | "failed";
      readonly passed: number;
      readonly ms: number;
      readonly words: string;
      readonly seed: number;
    }
  | { readonly kind: "broken"; readonly reason: string };

/** Between two reports. */
const BATCH_MS = 100;

const ready = init();

self.onmessage = async ({ data }: MessageEvent<Share>) => {
  try {
    await ready;
    const began = performance.now();
    let passed = 0;
    for (let { seed } = data; ;) {
      const until = performance.now() + BATCH_MS;
      const batch = tryMany(seed, data.stride, () => performance.now() >= until);
      passed += batch.passed;
      seed = batch.next;
      const kind = batch.last.ok ? "progress" : "failed";
      tell({ kind, passed, ms: performance.now() - began, words: batch.last.words, seed: batch.tried });
      if (kind === "failed") return;
    }
  } catch (error) {
    tell({ kind: "broken", reason: String(error) });
  }
};

function tell(message: FromWorker): void {
  self.postMessage(message);
}
