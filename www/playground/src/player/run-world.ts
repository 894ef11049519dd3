/** Runs a world that came from elsewhere as far as it goes, without making the page wait: it may be long. */
import type { SharedWorld } from "../link/world";
import { Timeline } from "../world/timeline";
import { inPieces } from "./pieces";

/** `null` if `signal` was aborted before. `progress` is told of the part that is done, from 0 to 1. */
export async function runWorld(
  { log, nowMs }: SharedWorld,
  signal: AbortSignal,
  progress: (share: number) => void,
): Promise<Timeline | null> {
  const timeline = new Timeline(log);
  const untilMs = Math.max(nowMs, log.inputs.at(-1)?.at ?? 0);
  const isThere = await inPieces(
    () => timeline.advance(untilMs, 1),
    () => {
      progress(timeline.head.now / Math.max(1, untilMs));
      return !signal.aborted;
    },
  );
  if (isThere) return timeline;
  timeline.free();
  return null;
}
