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
let timer: ReturnType<typeof setTimeout> | undefined;

self.onmessage = ({ data }: MessageEvent<ToWorker>) => {
  clearTimeout(timer);
  if (data.kind === "stop") return;
  const began = performance.now();
  const batch = (seed: number, before: number) => {
    const until = performance.now() + BATCH_MS;
    const { passed: more, next, last, failed } = tryMany(seed, () => performance.now() >= until);
    const [passed, ms, words] = [before + more, performance.now() - began, last.words];
    if (failed !== undefined) return tell({ kind: "failed", passed, ms, words, seed: failed });
    tell({ kind: "progress", passed, ms, words });
    schedule(() => batch(next, passed));
  };
  schedule(() => batch(data.seed, 0));
};

/** Messages are heard in between. */
function schedule(what: () => void): void {
  timer = setTimeout(
    () => void ready.then(what).catch((error: unknown) => tell({ kind: "broken", reason: String(error) })),
  );
}

function tell(message: FromWorker): void {
  self.postMessage(message);
}
