/** Runs a world that came from elsewhere as far as it goes, without making the page wait: it may be long. */
import type { SharedWorld } from "../link/world";
import { Timeline } from "../world/timeline";

const PIECE_EVENTS = 20;
/** About a frame. */
const PIECE_MS = 12;

/** `null` if `signal` was aborted before. `progress` is told of the part that is done, from 0 to 1. */
export async function runWorld(
  { log, nowMs }: SharedWorld,
  signal: AbortSignal,
  progress: (share: number) => void,
): Promise<Timeline | null> {
  const timeline = new Timeline(log);
  const untilMs = Math.max(nowMs, log.inputs.at(-1)?.at ?? 0);
  for (let begin = performance.now(); !timeline.advance(untilMs, PIECE_EVENTS);) {
    if (performance.now() - begin < PIECE_MS) continue;
    progress(timeline.head.now / Math.max(1, untilMs));
    await new Promise((done) => setTimeout(done));
    begin = performance.now();
    if (!signal.aborted) continue;
    timeline.free();
    return null;
  }
  return timeline;
}
