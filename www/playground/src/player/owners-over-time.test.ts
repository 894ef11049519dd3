import { expect, test } from "vitest";
import type { Band, Heat } from "../picture/heat";
import { sampleLog } from "../world/samples";
import { Timeline } from "../world/timeline";
import { OwnersOverTime, SAMPLES } from "./owners-over-time";

/** Reads as often as the page would until all is there, but not for ever. */
function readAll(timeline: Timeline, toMs: number, view: { from: number; to: number }): Heat & { reads: number } {
  const owners = new OwnersOverTime();
  const { learnt } = timeline.history(toMs);
  for (let reads = 1; reads < 1000; reads++) {
    const heat = owners.read(timeline, learnt, { replicas: [0, 1, 2, 3], fromMs: 0, nowMs: toMs }, view, 7);
    if (heat.isWhole) return { ...heat, reads };
  }
  throw new Error("it is never whole");
}

/** What the picture shows of a replica at a time and a key; `undefined` if nothing. */
function shown(bands: readonly Band[], row: number, at: number, share: number): string | null | undefined {
  const here = bands.filter((band) => band.row === row && band.from <= at && at < band.to);
  expect(here.length).toBeLessThanOrEqual(1);
  return here[0]?.stretches.findLast(({ from }) => from <= share)?.node;
}

test("it shows of each replica, time and key whom the replica itself names first: 40 random worlds, in full and in part", () => {
  for (let seed = 0; seed < 40; seed++) {
    const timeline = new Timeline(sampleLog(seed));
    const toMs = (timeline.log.inputs.at(-1)?.at ?? 0) + 500;
    const view = seed % 2 === 0 ? { from: 0, to: 80 } : { from: 10, to: 25 };
    const count = Math.min(SAMPLES, view.to - view.from);
    const { bands } = readAll(timeline, toMs, view);
    for (let at = 0; at < toMs; at += Math.ceil(toMs / 23)) {
      timeline.lookAt(at, ({ replicas }) => {
        for (const { index, isThere, owners } of replicas) {
          for (let place = 0; place < count; place += 5) {
            const share = (place + 0.5) / count;
            const key = BigInt(Math.floor(view.from + share * (view.to - view.from)));
            const asked = isThere ? (owners(key)[0]?.node ?? null) : undefined;
            expect(shown(bands, index, at, share), `seed ${seed}, replica ${index}, ${at} ms, key ${key}`).toBe(asked);
          }
        }
      });
    }
    timeline.free();
  }
});

test("a few moments are read at once, and none twice", () => {
  const timeline = new Timeline(sampleLog(5));
  const toMs = timeline.log.inputs.at(-1)?.at ?? 0;
  const fingerprints = new Set(timeline.history(toMs).learnt.map(({ fingerprint }) => fingerprint));
  const { reads } = readAll(timeline, toMs, { from: 0, to: 80 });
  expect(reads).toBeLessThanOrEqual(Math.ceil(fingerprints.size / 3) + 1);
  timeline.free();
});
