/** Fetches what the story that is open lacks, and lets its world run to the moment that is shown, in pieces, so that the page answers meanwhile. */
import type { Read } from "../link/registry";
import { withRegistry } from "../stories/internet";
import { inputsUpTo } from "../stories/story";
import { Log } from "../world/log";
import { Timeline } from "../world/timeline";
import { rowsOf } from "./moment";
import { inPieces, pause } from "./pieces";
import type { Player } from "./player.svelte";

/** Each of its events may move thousands of registrations, so the world is kept often. */
const SPACING = 8;

/** Returns how to stop it, for whoever leaves the story before. */
export function bring(player: Player, fetchRegistry: () => Promise<Read>): () => void {
  let isWanted = true;
  const work = async () => {
    player.atlas.problem = null;
    const { registry, problem } = await fetchRegistry();
    if (!isWanted) return;
    if (registry === undefined) {
      player.atlas.problem = problem;
      return;
    }
    const { step, nowMs } = player;
    const story = withRegistry(player.story, registry);
    const { log, fault } = Log.of(story.seed, inputsUpTo(story, step));
    if (log === undefined) {
      player.atlas.problem = `The registry makes no world: ${fault}`;
      return;
    }
    const timeline = new Timeline(log, SPACING);
    const isThere = await inPieces(
      () => timeline.advance(nowMs, 1),
      () => isWanted,
    );
    if (!isThere) return timeline.free();
    await pause();
    // What its copies know is read here, and not when it is first drawn.
    rowsOf(timeline.stateAt(nowMs));
    await pause();
    if (!isWanted) return timeline.free();
    player.atlas.registry = registry;
    player.complete(story, timeline);
  };
  void work();
  return () => (isWanted = false);
}
