/** Workers that share out the seeds among them, so that all processors of a machine try schedules. */
import type { FromWorker, Share } from "../break/worker";

/** More would each get little, and each takes memory. */
const WORKERS_MAX = 4;

/** What all of them did so far, and what one of them said last. */
export interface Report {
  readonly passed: number;
  readonly ms: number;
  readonly words: string;
  readonly seed: number;
}

/** What a crew tells: how far it is, what failed, or why it cannot go on. After the last two it is over. */
export type News =
  ({ readonly kind: "progress" | "failed" } & Report) | { readonly kind: "broken"; readonly reason: string };

/** Starts as many workers as the machine has processors, and returns how to end them. */
export function startCrew(seed: number, hear: (news: News) => void): () => void {
  const size = Math.max(1, Math.min(WORKERS_MAX, navigator.hardwareConcurrency));
  const passed = Array.from({ length: size }, () => 0);
  const workers = passed.map((_, place) => {
    const worker = new Worker(new URL("../break/worker.ts", import.meta.url), { type: "module" });
    worker.onmessage = ({ data }: MessageEvent<FromWorker>) => {
      if (data.kind === "broken") return tell(data);
      passed[place] = data.passed;
      tell({ ...data, passed: passed.reduce((sum, count) => sum + count) });
    };
    worker.onerror = () => tell({ kind: "broken", reason: "The worker could not be loaded." });
    worker.postMessage({ seed: (seed + place) >>> 0, stride: size } satisfies Share);
    return worker;
  });
  const end = () => workers.forEach((worker) => worker.terminate());
  let isOver = false;
  function tell(news: News): void {
    // What is on its way when it ends is not heard any more.
    if (isOver) return;
    if (news.kind !== "progress") {
      isOver = true;
      end();
    }
    hear(news);
  }
  return () => {
    isOver = true;
    end();
  };
}
