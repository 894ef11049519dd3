import { expect, test } from "vitest";
import { minusEverything } from "../stories/minus-everything";
import { endOf, inputsUpTo } from "../stories/story";
import { at, join } from "../stories/write";
import type { Input, Operation } from "../world/input";
import { Log } from "../world/log";
import { sampleLog } from "../world/samples";
import { World } from "../world/world";
import { ANSWERED_OPERATIONS_MAX, answersOf } from "./answers";
import { nameOf, type Registration } from "./design";

const MAPLE = { node: "maple", start: 300, end: 600 };
const maple: Registration = { node: "maple", start: 300n, end: 600n };
const [A, B, C] = [0, 1, 2];
const LATER = 60_000;

function logOf(inputs: readonly Input[]): Log {
  const { log, fault } = Log.of(5, inputs);
  if (log === undefined) throw new Error(fault);
  return log;
}

/** What the designs answer: the map with a counter in it, the one with a counter that is reset, last writer wins, remove wins. */
function numbers(inputs: readonly Input[], untilMs = LATER, registration = maple): (number | null)[] {
  return answersOf(logOf(inputs), untilMs, registration).map(({ answer }) => answer);
}

/** What the real map answers at a replica. */
function real(log: Log, replica: number, untilMs: number): Map<string, number> {
  const world = new World(log);
  world.runTo(untilMs);
  const known = world.replicas[replica]?.registrationsIn({ start: 0n, end: null });
  world.free();
  if (known === undefined) return new Map();
  return new Map(
    [...known.starts].map((start, place) => [
      `${start} ${known.ends[place]} ${known.names[known.nodes[place] ?? 0]}`,
      known.priorities[place] ?? 0,
    ]),
  );
}

const five = at(0, A, [
  { op: "register", ...MAPLE },
  { op: "increase", ...MAPLE, by: 4 },
]);
const apart: Input[] = [...join(0, A, B), ...five, { at: 1500, kind: "cut", between: [A, B] }];
const adds = (time: number, replica: number) => at(time, replica, [{ op: "increase", ...MAPLE, by: 1 }]);
const releases = (time: number, replica: number) => at(time, replica, [{ op: "release", ...MAPLE }]);
const mend: Input = { at: 5500, kind: "mend", between: [A, B] };

test("what each design answers in the story, and where its answer is from", () => {
  const last = minusEverything.steps.length - 1;
  const log = logOf(inputsUpTo(minusEverything, last));
  const until = endOf(minusEverything, last);
  const answers = answersOf(log, until, maple);
  expect(answers.map(({ answer }) => answer)).toEqual([6, 6, null, null]);
  expect(real(log, A, until).get("300 600 maple")).toBe(1);
  for (const { title, source, why } of answers) {
    expect(title).not.toBe("");
    expect(source).toMatch(/\b(1975|2011|2014|2017)\b/);
    expect(why).toMatch(/^[A-Z][^.]+\.$/);
  }
  // Before the link is mended it is the same: what they say once they have told each other all.
  expect(answersOf(log, endOf(minusEverything, 0), maple).map(({ answer }) => answer)).toEqual([6, 6, null, null]);
});

test("had somebody else than the one who wrote the five added the one, a counter that is reset would say 1, too", () => {
  const inputs = [...apart, ...adds(2500, B), ...releases(3500, A), mend];
  expect(numbers(inputs)).toEqual([6, 1, null, null]);
  expect(real(logOf(inputs), B, LATER).get("300 600 maple")).toBe(1);
});

test("had the increase come later by the clock, the last writer would bring back all", () => {
  const inputs = [...apart, ...releases(2500, A), ...adds(3500, B), mend];
  expect(numbers(inputs)).toEqual([6, 1, 6, null]);
});

test("of two concurrent increases the last writer loses one", () => {
  expect(numbers([...apart, ...adds(2500, A), ...adds(3500, B), mend])).toEqual([7, 7, 6, 7]);
});

test("a release that knows all leaves nothing, in no design", () => {
  const inputs = [...apart, ...adds(2500, B), mend, ...releases(6000, A)];
  expect(numbers(inputs, 5999)).toEqual([6, 6, 6, 6]);
  expect(numbers(inputs)).toEqual([null, null, null, null]);
  expect(numbers([...inputs, ...adds(7000, B)])).toEqual([1, 1, 1, 1]);
});

test("a crash takes what nobody heard; offline is not away; who restarts knows nothing and writes as somebody else", () => {
  const offline: Input = { at: 1000, kind: "offline", replica: B };
  const inputs: Input[] = [...join(0, A, B), ...five, offline, ...adds(2000, B)];
  expect(numbers(inputs)).toEqual([6, 6, 6, 6]);
  const crashed: Input[] = [...inputs, { at: 3000, kind: "crash", replica: B }];
  expect(numbers(crashed)).toEqual([5, 5, 5, 5]);
  const back: Input[] = [...crashed, { at: 4000, kind: "restart", replica: B }, ...adds(5000, B)];
  expect(numbers(back)).toEqual([6, 6, 6, 6]);
});

test("who is cut off from one hears through another", () => {
  const cut: Input = { at: 0, kind: "cut", between: [A, C] };
  const inputs = [...join(0, A, B, C), cut, ...five, ...releases(1000, C)];
  expect(numbers(inputs)).toEqual([null, null, null, null]);
  // Without the other nothing that C knows of is there to be released.
  const off: Input = { at: 0, kind: "offline", replica: B };
  expect(numbers([...join(0, A, B, C), cut, off, ...five, ...releases(1000, C)])).toEqual([5, 5, 5, 5]);
});

test("as long as all know all, every design answers as the real map does", () => {
  for (let seed = 0; seed < 20; seed++) {
    const sample = sampleLog(seed, { replicas: 3, inputs: 60, pauseMs: 50, keys: 4 });
    const done = sample.inputs.flatMap((input) => (input.kind === "operation" ? [input] : []));
    const inputs = done.map((input) => ({ ...input, operations: input.operations.flatMap(registeredFirst) }));
    // In the designs, replicas reach each other at once; the real map has one.
    const many = logOf([...join(0, A, B, C), ...inputs]);
    const known = real(logOf([...join(0, A), ...inputs.map((input) => ({ ...input, replica: A }))]), A, LATER);
    expect(known.size).toBeGreaterThan(0);
    const all = inputs.flatMap(({ operations }) => operations);
    const registrations = new Map(
      all
        .map(({ node, ...it }) => (it.op === "tighten" ? { node, ...it.to } : { node, start: it.start, end: it.end }))
        .map((it) => [nameOf(it), it]),
    );
    for (const { node, start, end } of registrations.values()) {
      const priority = known.get(`${start} ${end ?? 0n} ${node}`) ?? null;
      const answers = answersOf(many, LATER, { node, start, end }).map(({ answer }) => answer);
      expect(answers, `seed ${seed}: ${node} ${start} ${end}`).toEqual([priority, priority, priority, priority]);
    }
  }
});

test("there are no answers to more operations than may be", () => {
  const increase = { op: "increase", ...maple, by: 1 } as const;
  const most = Array.from({ length: ANSWERED_OPERATIONS_MAX }, () => increase);
  const all: Input = { at: 1, kind: "operation", replica: A, operations: most };
  expect(numbers([...join(0, A), all])).toEqual(Array(4).fill(ANSWERED_OPERATIONS_MAX));
  expect(numbers([...join(0, A), all, ...adds(2, A)])).toEqual([]);
});

/** Where nothing but an increase made a registration visible, a register adds 1 to the real map, and nothing to the designs. */
function registeredFirst(operation: Operation): Operation[] {
  const { node, start, end } = operation;
  return operation.op === "increase" ? [{ op: "register", node, start, end }, operation] : [operation];
}
