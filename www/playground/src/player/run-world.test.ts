import { afterEach, expect, test, vi } from "vitest";
import { costlyWorld } from "../link/costly";
import { linkOf, readLink } from "../link/link";
import { Timeline } from "../world/timeline";
import { runWorld } from "./run-world";

afterEach(() => void vi.restoreAllMocks());

/** The clock of the pieces goes on by so much whenever it is read. */
function tick(ms: number): void {
  let now = 0;
  vi.spyOn(performance, "now").mockImplementation(() => (now += ms));
}

/** How many events a world has, one by one. */
function eventsOf({ log, nowMs }: ReturnType<typeof costlyWorld>): number {
  const timeline = new Timeline(log);
  let events = 0;
  while (!timeline.advance(nowMs, 1)) events++;
  timeline.free();
  return events;
}

test("the most costly world that a link holds runs event by event, and is told of after each piece", async () => {
  const world = costlyWorld();
  expect(readLink(linkOf(world) ?? "").shared).toEqual(world);
  const events = eventsOf(world);
  expect(events).toBeGreaterThan(10_000);
  tick(1);
  const shares: number[] = [];
  const timeline = await runWorld(world, new AbortController().signal, (share) => shares.push(share));
  // A piece is over after four milliseconds, here four events.
  expect(shares.length).toBeGreaterThan(events / 5);
  expect(shares).toEqual(shares.toSorted((one, other) => one - other));
  expect(shares.at(-1)).toBeLessThanOrEqual(1);
  // Then no moment is far from one that is kept.
  expect(timeline?.advance(world.nowMs, 0)).toBe(true);
  timeline?.free();
});

test("it is stopped in the middle, and nothing of it is left", async () => {
  const free = vi.spyOn(Timeline.prototype, "free");
  tick(1);
  const abort = new AbortController();
  let pieces = 0;
  const timeline = await runWorld(costlyWorld(40), abort.signal, () => {
    if (++pieces === 5) abort.abort();
  });
  expect(timeline).toBeNull();
  expect(pieces).toBe(5);
  expect(free).toHaveBeenCalledOnce();
});
