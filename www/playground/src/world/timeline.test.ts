import { expect, test } from "vitest";
import { isAgreed } from "./history";
import { FAIR, REPLICAS_MAX, TIME_MS_MAX, type Input, type What } from "./input";
import { Log } from "./log";
import type { Flight } from "./network";
import { numberBelow } from "./random";
import { sampleLog, textOf } from "./samples";
import { KEYFRAMES_MAX, REPLICAS_KEPT_MAX, Timeline, VIEWS_MAX, type HistoryView } from "./timeline";
import { World } from "./world";

const UNTIL_MS = 30_000;
/** After that many events a world is kept: few, so that much of it is tried. */
const SPACING = 20;

/** What a world is that only ever ran forward. */
function forward(log: Log, at: number): string {
  const world = new World(log);
  world.runTo(at);
  const text = textOf(world);
  world.free();
  return text;
}

function flightText({ message, ...flight }: Flight): string {
  return [...Object.values(flight), message.bytes].join(" ");
}

/** The history of a world that only ever ran forward. */
function forwardHistory(log: Log, until: number) {
  const world = new World(log);
  const flights = new Map<number, Flight>();
  const agreed: [number, boolean][] = [];
  while ((world.nextAt() ?? Infinity) <= until) {
    const event = world.step();
    for (const flight of [...(event?.sent ?? []), ...(event?.ended ?? [])]) flights.set(flight.number, flight);
    if ((world.nextAt() ?? Infinity) > world.now) agreed.push([world.now, isAgreed(world)]);
  }
  world.free();
  return { flights: [...flights.values()].map(flightText), agreed };
}

test("the state at a moment is that of a world that ran forward, at 1,000 random moments in random order", () => {
  for (let seed = 0; seed < 50; seed++) {
    const log = sampleLog(seed);
    const timeline = new Timeline(log, SPACING);
    for (let count = 0; count < 20; count++) {
      const at = numberBelow(UNTIL_MS, seed, 99, count);
      const view = timeline.stateAt(at);
      expect(view.now).toBe(at);
      expect(textOf(view.world), `seed ${seed}, moment ${at}`).toBe(forward(log, at));
    }
    timeline.free();
  }
});

test("inputs are added anywhere, and other futures begun; state and history are those of the log as it is then", () => {
  const kinds = { append: 0, branch: 0, refused: 0 };
  for (let seed = 0; seed < 40; seed++) {
    const timeline = new Timeline(sampleLog(seed), SPACING);
    for (let count = 0; count < 12; count++) {
      const below = (most: number, what: number) => numberBelow(most, seed, 98, count, what);
      timeline.stateAt(below(UNTIL_MS, 0));
      // Half of them at a time at which something happens anyway.
      const known = timeline.log.inputs[below(timeline.log.inputs.length, 9)]?.at ?? 0;
      const [at, replica] = [below(2, 10) === 0 ? known : below(UNTIL_MS, 1), below(4, 2)];
      const inputs: readonly Input[] = [
        { at, kind: "operation", replica, operations: [{ op: "register", node: "new", start: 0n, end: 5n }] },
        { at, kind: "cut", between: [replica, (replica + 1) % 4] },
        { at, kind: "mend", between: [replica, (replica + 1) % 4] },
        { at, kind: "offline", replica },
        { at, kind: "crash", replica },
      ];
      const input = inputs[below(inputs.length, 3)] as Input;
      const isBranch = below(3, 4) === 0;
      const before = timeline.log;
      const fault = isBranch ? timeline.branch(below(at + 1, 5) + below(2, 8) / 2, input) : timeline.append(input);
      if (fault !== undefined) expect(timeline.log).toBe(before);
      kinds[fault !== undefined ? "refused" : isBranch ? "branch" : "append"] += 1;
      const moment = below(UNTIL_MS, 6);
      expect(textOf(timeline.stateAt(moment).world), `seed ${seed}, step ${count}`).toBe(forward(timeline.log, moment));
      const until = Math.max(moment, below(UNTIL_MS, 7));
      timeline.stateAt(UNTIL_MS);
      const { flights, since } = timeline.history(until);
      const expected = forwardHistory(timeline.log, UNTIL_MS);
      expect(since).toBe(0);
      expectAgreementAndOperations(timeline, `seed ${seed}, step ${count}`);
      expect(flights.map(flightText)).toEqual(expected.flights.filter((text) => Number(text.split(" ")[3]) <= until));
    }
    timeline.free();
  }
  expect(Math.min(...Object.values(kinds))).toBeGreaterThan(20);
});

/** Checks what a history says of agreement and operations. */
function expectAgreementAndOperations(timeline: Timeline, name: string): number {
  const { agreement, operations, spans } = timeline.history(UNTIL_MS);
  const { log } = timeline;
  for (const [at, isAgreed] of forwardHistory(log, UNTIL_MS).agreed) {
    const now = agreement.filter(({ from, to }) => from <= at && (at < to || to === UNTIL_MS));
    expect(
      now.map((it) => it.isAgreed),
      `${name}, moment ${at}`,
    ).toEqual([isAgreed]);
  }
  expect(agreement[0]?.from).toBe(0);
  agreement.forEach(({ from, to }, place) => {
    if (place < agreement.length - 1) expect(from).toBeLessThan(to);
    expect(agreement[place + 1]?.from ?? UNTIL_MS).toBe(to);
  });
  const given = log.inputs.filter(({ at, kind }) => at <= UNTIL_MS && kind === "operation");
  expect(operations.map(({ refused: _, ...done }) => ({ kind: "operation", ...done }))).toEqual(given);
  return agreement.length + spans.length;
}

test("what is put right in the same millisecond is no disagreement", () => {
  const { log } = Log.of(1, [
    { at: 0, kind: "join", replica: 0 },
    { at: 0, kind: "join", replica: 1 },
    { at: 5, kind: "operation", replica: 0, operations: [{ op: "register", node: "a", start: 0n, end: 9n }] },
    { at: 5, kind: "crash", replica: 0 },
  ]);
  const timeline = new Timeline(log ?? sampleLog(0));
  expect(timeline.history(10).agreement).toEqual([{ from: 0, to: 10, isAgreed: true }]);
  timeline.free();
});

test("the history tells of agreement and operations", () => {
  let turns = 0;
  for (let seed = 0; seed < 60; seed++) {
    const timeline = new Timeline(sampleLog(seed), SPACING);
    turns += expectAgreementAndOperations(timeline, `seed ${seed}`);
    expect(timeline.history(5).operations).toEqual([]);
    timeline.free();
  }
  expect(turns).toBeGreaterThan(300);
});

test("what becomes of a message in another future is what its history says", () => {
  const register: What = {
    kind: "operation",
    replica: 0,
    operations: [{ op: "register", node: "a", start: 0n, end: 9n }],
  };
  const { log } = Log.of(1, [
    { at: 0, kind: "join", replica: 0 },
    { at: 0, kind: "join", replica: 1 },
    { at: 0, kind: "weather", conditions: { ...FAIR, delayMs: 500 } },
    { at: 5_000, ...register },
    { at: 5_200, kind: "cut", between: [0, 1] },
  ]);
  const timeline = new Timeline(log ?? sampleLog(0), 1);
  const fates = () =>
    timeline
      .history(6_000)
      .flights.filter(({ sentAt }) => sentAt === 5_000)
      .map(({ fate }) => fate);
  expect(fates()).toEqual(["cut"]);
  // Between two milliseconds, which counts as the one before.
  expect(timeline.branch(5_199.5, { at: 9_000, kind: "leave", replica: 1 })).toBe(undefined);
  expect(fates()).toEqual(["arrives"]);
  expect(textOf(timeline.stateAt(7_000).world)).toBe(forward(timeline.log, 7_000));
  expect(timeline.append({ at: 5_499, kind: "crash", replica: 1 })).toBe("B has crashed by then.");
  expect(timeline.append({ at: 5_499, kind: "offline", replica: 1 })).toBe(undefined);
  expect(fates()).toEqual(["missed"]);
  timeline.free();
});

test("a refused operation is in the history with its reason", () => {
  const { log } = Log.of(1, [
    { at: 0, kind: "join", replica: 0 },
    {
      at: 5,
      kind: "operation",
      replica: 0,
      operations: [{ op: "tighten", node: "a", start: 0n, end: 9n, to: { start: 1n, end: 9n } }],
    },
    { at: 6, kind: "operation", replica: 0, operations: [{ op: "register", node: "a", start: 0n, end: 9n }] },
  ]);
  const timeline = new Timeline(log ?? sampleLog(0));
  expect(timeline.history(10).operations.map(({ refused }) => refused)).toEqual([
    "the registration is not visible",
    undefined,
  ]);
  timeline.free();
});

test("a refused input changes nothing", () => {
  const timeline = new Timeline(sampleLog(1), SPACING);
  const { log } = timeline;
  const before = textOf(timeline.stateAt(9_000).world);
  expect(timeline.append({ at: 1, kind: "join", replica: 0 })).toBe("A has joined before.");
  expect(timeline.branch(-1, { at: 1, kind: "join", replica: 99 })).toMatch(/^A replica is/);
  expect(timeline.log).toBe(log);
  expect(textOf(timeline.stateAt(9_000).world)).toBe(before);
  timeline.free();
});

test("worlds are kept, never too many, and the oldest views are freed", () => {
  const { log } = Log.of(
    1,
    [0, 1, 2].map((replica) => ({ at: 0, kind: "join", replica })),
  );
  const timeline = new Timeline(log ?? sampleLog(0), 1);
  const counts = new Set<number>();
  const views = [];
  for (let at = 0; at <= 9_000_000; at += 100_000) {
    views.push(timeline.stateAt(at));
    counts.add(timeline.keyframeCount);
  }
  expect(Math.max(...counts)).toBeGreaterThan(KEYFRAMES_MAX / 2);
  expect(Math.max(...counts)).toBeLessThanOrEqual(KEYFRAMES_MAX);
  expect(timeline.keyframeCount).toBeLessThan(Math.max(...counts));
  const good = views.filter(({ world }) => world.replicas[0]?.isThere);
  expect(good).toEqual(views.slice(-VIEWS_MAX));
  for (const at of [5, 4_444_444, 8_999_999])
    expect(textOf(timeline.stateAt(at).world)).toBe(forward(timeline.log, at));
  timeline.free();
});

test("of worlds with many replicas fewer are kept, and all moments stay as they were", () => {
  const joined = Array.from({ length: REPLICAS_MAX }, (_, replica): Input => ({ at: 0, kind: "join", replica }));
  const { log } = Log.of(3, joined);
  if (log === undefined) throw new Error("sixteen replicas can join");
  const timeline = new Timeline(log, 4);
  const kept: number[] = [];
  for (let at = 0; at <= 60_000; at += 500) {
    timeline.history(at);
    kept.push(timeline.replicasKept);
  }
  expect(Math.max(...kept)).toBeLessThanOrEqual(REPLICAS_KEPT_MAX);
  expect(Math.max(...kept)).toBeGreaterThan(REPLICAS_KEPT_MAX / 2);
  // At least once every other was freed.
  expect(kept.some((count, place) => count < (kept[place - 1] ?? 0))).toBe(true);
  for (const at of [77, 31_000, 59_999]) expect(textOf(timeline.stateAt(at).world)).toBe(forward(log, at));
  timeline.free();
});

test("it goes on with another log from where the two part, as if it had never followed the first", () => {
  for (let seed = 0; seed < 40; seed++) {
    const sample = sampleLog(seed);
    const { inputs } = sample;
    const timeline = new Timeline(sample, SPACING);
    timeline.stateAt(9_000);
    for (const count of [inputs.length, inputs.length >> 1, 3, inputs.length - 5, inputs.length - 5]) {
      const { log } = Log.of(sample.seed, inputs.slice(0, count));
      if (log === undefined) throw new Error("the beginning of a log is a log");
      timeline.follow(log);
      expect(timeline.log).toBe(log);
      const fresh = new Timeline(log);
      expect(textOf(timeline.stateAt(9_000).world)).toBe(forward(log, 9_000));
      const told = ({ flights, agreement }: HistoryView) => [
        flights.map(({ fate, endsAt }) => [fate, endsAt]),
        agreement,
      ];
      expect(told(timeline.history(9_000))).toEqual(told(fresh.history(9_000)));
      fresh.free();
    }
    timeline.free();
  }
});

test("it runs in pieces for whoever must not wait", () => {
  const log = sampleLog(2);
  const timeline = new Timeline(log, SPACING);
  let pieces = 1;
  while (!timeline.advance(UNTIL_MS, 10)) pieces += 1;
  expect(pieces).toBeGreaterThan(10);
  expect(timeline.advance(UNTIL_MS, 0)).toBe(true);
  expect(textOf(timeline.stateAt(UNTIL_MS).world)).toBe(forward(log, UNTIL_MS));
  timeline.free();
});

test("a moment is a whole number of the time that there is", () => {
  const timeline = new Timeline(Log.of(1).log ?? sampleLog(0));
  const moments = [-5, NaN, -Infinity, 2.9, TIME_MS_MAX, TIME_MS_MAX + 1, Infinity].map(
    (time) => timeline.stateAt(time).now,
  );
  expect(moments).toEqual([0, 0, 0, 2, TIME_MS_MAX, TIME_MS_MAX, TIME_MS_MAX]);
  timeline.free();
});

test("after much was done the world is kept, so that another future replays little", () => {
  const many = (at: number): Input => ({
    at,
    kind: "operation",
    replica: 0,
    operations: Array.from({ length: 1_000 }, (_, place) => ({
      op: "register",
      node: "oak",
      start: BigInt(at * 1_000 + place),
      end: BigInt(at * 1_000 + place + 1),
    })),
  });
  const { log, fault } = Log.of(1, [{ at: 0, kind: "join", replica: 0 }, many(100), many(200), many(300)]);
  if (log === undefined) throw new Error(fault);
  const timeline = new Timeline(log);
  timeline.stateAt(1_000);
  // One after each, though they are but a few events.
  expect(timeline.keyframeCount).toBe(3);
  timeline.free();
});
