/** A moment as links have it, and the world in it. Apart from the rest: it runs in the page, too. */
import { readLink, type Shared } from "../src/link/link";
import { inputsUpTo } from "../src/stories/story";
import { Log } from "../src/world/log";
import { Timeline } from "../src/world/timeline";

export function logOf(shared: Shared): Log {
  if (shared.kind === "world") return shared.log;
  const { log, fault } = Log.of(shared.story.seed, inputsUpTo(shared.story, shared.step));
  if (log === undefined) throw new Error(fault);
  return log;
}

/** Of all replicas at the moment that a link stands for: equal ones know the same. */
export function fingerprintsIn(link: string): string[] {
  const { shared, problem } = readLink(link);
  if (shared === undefined) throw new Error(problem);
  const timeline = new Timeline(logOf(shared));
  const fingerprints = timeline.stateAt(shared.nowMs).replicas.map(({ fingerprint }) => fingerprint);
  timeline.free();
  return fingerprints;
}
