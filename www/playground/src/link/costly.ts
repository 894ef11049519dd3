/** Worlds that take as long to run as any that a link may hold: for tests. */
import { join, at } from "../stories/write";
import { REPLICAS_MAX, type Input } from "../world/input";
import { Log } from "../world/log";
import type { SharedWorld } from "./world";

/** All replicas in slow weather, in which each message arrives twice; and something is written again and again, for all of them to tell. */
export function costlyWorld(writes = 170): SharedWorld {
  const weather: Input = {
    at: 0,
    kind: "weather",
    conditions: { delayMs: 600, jitterMs: 150, lossPercent: 0, duplicatePercent: 100 },
  };
  const all = Array.from({ length: REPLICAS_MAX }, (_, replica) => replica);
  const written = Array.from({ length: writes }, (_, write) =>
    at(1 + 100 * write, write % REPLICAS_MAX, [
      { op: "register", node: "a", start: write % 120, end: (write % 120) + 1 },
    ]),
  );
  const { log, fault } = Log.of(7, [...join(0, ...all), weather, ...written.flat()]);
  if (log === undefined) throw new Error(fault);
  return { kind: "world", log, limit: 1000, nowMs: 30_000, cursor: 5 };
}
