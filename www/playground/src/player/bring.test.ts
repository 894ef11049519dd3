import { beforeAll, expect, test, vi } from "vitest";
import file from "../generated/ipv4.bin?inline";
import { readRegistry, type Read } from "../link/registry";
import { internet } from "../stories/internet";
import type { Story } from "../stories/story";
import type { Timeline } from "../world/timeline";
import { bring } from "./bring";
import { rowsOf } from "./moment";
import type { Player } from "./player.svelte";

let read: Read;

beforeAll(() => {
  const letters = atob(file.slice(file.indexOf(",") + 1));
  read = readRegistry(Uint8Array.from(letters, (letter) => letter.charCodeAt(0)));
});

/** As much of a player as is asked for. */
function waiting(step: number, nowMs: number) {
  const completed: { story: Story; timeline: Timeline }[] = [];
  const atlas: { problem: string | null; registry: unknown } = { problem: null, registry: null };
  const complete = (story: Story, timeline: Timeline) => void completed.push({ story, timeline });
  return { player: { story: internet, step, nowMs, atlas, complete } as unknown as Player, atlas, completed };
}

test("a timeline comes that has all blocks at all replicas, and has run to the moment", async () => {
  const { player, atlas, completed } = waiting(1, 11_000);
  bring(player, async () => read);
  await vi.waitUntil(() => completed.length > 0, 60_000);
  const [{ story, timeline } = { story: internet, timeline: undefined }] = completed;
  expect(story.isIncomplete).toBe(undefined);
  expect(timeline?.advance(11_000, 0)).toBe(true);
  const rows = timeline === undefined ? [] : rowsOf(timeline.stateAt(11_000));
  // Two more than there are: the halves of a block for Iceland and Ireland.
  const count = (read.registry?.blocks.length ?? 0) + 2;
  expect(rows.map(({ registrations }) => registrations.count)).toEqual([count, count, count]);
  expect(atlas.registry).toBe(read.registry);
  timeline?.free();
});

test("what does not come is a problem, and whoever has left is not disturbed", async () => {
  const refused = waiting(0, 1500);
  bring(refused.player, async () => ({ problem: "It did not come." }));
  await vi.waitUntil(() => refused.atlas.problem !== null, 60_000);
  expect(refused.atlas.problem).toBe("It did not come.");

  const gone = waiting(0, 1500);
  const leave = bring(gone.player, async () => read);
  await new Promise((done) => setTimeout(done, 1));
  leave();
  await new Promise((done) => setTimeout(done, 500));
  expect(gone.completed).toEqual([]);
});
