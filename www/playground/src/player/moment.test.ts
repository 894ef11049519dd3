import { expect, test } from "vitest";
import type { Row } from "../picture/scene";
import { operation } from "../stories/write";
import type { Operation } from "../world/input";
import { numberBelow } from "../world/random";
import { sampleLog, SMALL } from "../world/samples";
import { Timeline } from "../world/timeline";
import { moving, registering, restoring, touchedIn } from "./edit";
import { linksOf, previewOf, rowsOf, SceneAt } from "./moment";

const WORLDS = 300;

/** What a hand may do in a row: draw a range, or take one of those that are there somewhere else. */
function deedIn(row: Row, seed: number): Operation[] {
  const below = (most: number, what: number) => numberBelow(most, seed, 40, what);
  const start = below(SMALL.keys, 0);
  const bounds = { start, end: start + 1 + below(20, 1) };
  const one = [...row.registrations][below(row.registrations.count + 1, 2)];
  if (one === undefined) return registering("new", bounds, 1 + below(3, 3));
  const { node, end } = one;
  return [
    () => moving(one, bounds),
    () => [operation({ op: "release", node, start: one.start, end })],
    () => [operation({ op: "decrease", node, start: one.start, end, by: 1 + below(4, 5) })],
    () => [operation({ op: "increase", node, start: one.start, end, by: 1 + below(4, 5) })],
  ][below(4, 4)]!();
}

/** A random moment of many worlds, a row of it, and what a hand may do there. */
function eachDeed(
  look: (timeline: Timeline, at: number, row: Row, operations: Operation[], seed: number) => void,
): void {
  for (let seed = 0; seed < WORLDS; seed++) {
    const timeline = new Timeline(sampleLog(seed));
    const at = numberBelow(15_000, seed, 41);
    const rows = rowsOf(timeline.stateAt(at)).filter(({ presence }) => presence !== "crashed");
    const row = rows[numberBelow(Math.max(1, rows.length), seed, 42)];
    const operations = row === undefined ? [] : deedIn(row, seed);
    if (row !== undefined && operations.length > 0) look(timeline, at, row, operations, seed);
    timeline.free();
  }
}

function rowAfter(timeline: Timeline, at: number, replica: number, operations: readonly Operation[]): Row {
  const fault = timeline.branch(at, { at, kind: "operation", replica, operations });
  const row = rowsOf(timeline.stateAt(at)).find((one) => one.replica === replica);
  if (fault !== undefined || row === undefined) throw new Error(fault ?? "the replica is there");
  return row;
}

test("what is shown while a hand drags is what comes of it", () => {
  let looked = 0;
  eachDeed((timeline, at, row, operations, seed) => {
    const preview = previewOf(timeline.stateAt(at), row, operations);
    expect(preview, `seed ${seed}`).toEqual(rowAfter(timeline, at, row.replica, operations));
    looked++;
  });
  expect(looked).toBeGreaterThan(WORLDS / 2);
});

test("undone, each registration has the priority that it had, and each key the owners", () => {
  eachDeed((timeline, at, row, operations, seed) => {
    const before = touchedIn(row, operations);
    const after = rowAfter(timeline, at, row.replica, operations);
    const undo = restoring(after, before);
    const undone = undo.length === 0 ? after : rowAfter(timeline, at, row.replica, undo);
    expect(undone, `seed ${seed}`).toEqual(row);
  });
});

test("a scene is the same as long as nothing has changed", () => {
  const timeline = new Timeline(sampleLog(3));
  const scene = new SceneAt();
  let changes = 0;
  let before = scene.of(timeline.stateAt(0));
  for (let at = 0; at < 10_000; at += 50) {
    const view = timeline.stateAt(at);
    const now = scene.of(view);
    const rows = rowsOf(view);
    expect(now).toEqual({ rows, links: linksOf(view, rows) });
    if (now !== before) changes++;
    before = now;
  }
  timeline.free();
  expect(changes).toBeGreaterThan(5);
  expect(changes).toBeLessThan(150);
});
