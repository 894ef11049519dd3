// What replicas tell each other: deltas, states and contexts; who retires, and who clears up.
import { expect, test } from "vitest";
import { agree, code, map, random, splits, wrong } from "./kit.js";

test("replicas that exchange deltas in any order, and more than once, agree", () => {
  const [here, there] = [map(1), map(2)];
  const deltas = [
    here.register("a", 0, 100),
    here.increase("a", 0, 100, 4),
    here.tighten("a", { start: 0, end: 100 }, { start: 0, end: 50 }),
  ];
  for (const delta of [...deltas.toReversed(), ...deltas]) there.merge(delta);
  const increased = there.increase("b", 10, 20);
  expect(here.fingerprint()).not.toBe(there.fingerprint());
  expect(here.merge(increased)).toStrictEqual([{ start: 10n, end: 20n }]);
  expect(splits(here)).toEqual(["[0, 10) a:5", "[10, 20) a:5 b:1", "[20, 50) a:5"]);
  expect(splits(there)).toEqual(splits(here));
  expect(there.state()).toEqual(here.state());
  expect(there.fingerprint()).toBe(here.fingerprint());
});

test("what was released comes back only as far as the release had not seen it", () => {
  const [here, there] = [map(1), map(2)];
  here.increase("a", 0, 50, 5);
  there.merge(here.state());
  const raised = there.increase("a", 0, 50);
  here.release("a", 0, 50);
  expect(here.merge(raised)).toEqual([{ start: 0n, end: 50n }]);
  expect(here.priority("a", 0, 50)).toBe(1);
});

test("whatever three replicas do and hear, they agree once they know the same", () => {
  for (let seed = 0; seed < 60; seed += 1) {
    const draw = random(seed);
    const maps = [map(1), map(2), map(3)];
    for (let step = 0; step < 60; step += 1) {
      const [here, there] = [maps[draw(3)]!, maps[draw(3)]!];
      const start = draw(4);
      const range = [`n${draw(2)}`, start, start + 1 + draw(3)] as const;
      [
        () => here.register(...range),
        () => here.release(...range),
        () => here.increase(...range, 1 + draw(3)),
        () => here.decrease(...range, 1 + draw(3)),
        () => here.merge(there.state()),
        () => here.merge(there.deltaSince(here.context()) ?? there.state()),
        () => here.maintain(),
      ][draw(7)]!();
    }
    // What one drops as it hears of the last reset is news for the others.
    for (let round = 0; round < 3; round += 1) {
      for (const here of maps) for (const there of maps) here.merge(there.state());
    }
    expect(agree(...maps), `seed ${seed}`).toBe(true);
    const answers = maps.map((map) => [splits(map), map.registrations(), map.fingerprint()]);
    expect(answers[1]).toEqual(answers[0]);
    expect(answers[2]).toEqual(answers[0]);
  }
});

test("a replica that is behind gets what it lacks, by its context", () => {
  const [here, there, unknowing] = [map(1), map(2), map(3)];
  for (let start = 0; start < 100; start += 1) here.register("a", start, 1000);
  there.merge(here.state());
  expect(here.deltaSince(there.context())).toStrictEqual(new Uint8Array());
  here.increase("a", 5, 1000);
  const lacking = here.deltaSince(there.context())!;
  expect(lacking.length).toBeLessThan(60);
  there.merge(lacking);
  expect(there.state()).toEqual(here.state());
  // Who knows nothing gets everything; who knew something long ago cannot be told from what is remembered.
  expect(here.deltaSince(unknowing.context())).toEqual(here.state());
  for (let start = 0; start < 20_000; start += 1) here.register("b", start, 100_000);
  expect(here.deltaSince(there.context())).toBeUndefined();
});

test("a context is no delta, and a delta no context", () => {
  const here = map(1);
  here.register("a", 0, 10);
  const context = here.context();
  expect(code(() => map(2).merge(context))).toBe("malformed");
  for (const notAContext of [here.state(), new Uint8Array(), null, "c", context.subarray(0, 5)].map(wrong)) {
    expect(code(() => here.deltaSince(notAContext))).toBe("malformed");
  }
});

test("what only a retired replica could drop is dropped by maintenance", () => {
  const [here, there] = [map(1), map(2)];
  there.merge(here.register("a", 0, 10));
  there.release("a", 0, 10);
  const before = there.state().length;
  expect(there.retire(1n).length).toBeGreaterThan(0);
  // Others may have heard more of it: nothing is dropped yet.
  expect(there.state().length).toBeGreaterThanOrEqual(before);
  expect(there.retire(1n), "that is known already").toHaveLength(0);
  expect(there.replica).toBe(2n);
  there.maintain();
  expect(there.state().length).toBeLessThan(before);
  expect(there.maintain(), "once").toHaveLength(0);
});

test("maintenance clears what counts for nothing", () => {
  const [here, there] = [map(1), map(2)];
  here.increase("a", 0, 10, 3);
  there.merge(here.state());
  const lowered = here.decrease("a", 0, 10, 2);
  there.decrease("a", 0, 10, 2);
  there.merge(lowered);
  expect(there.priority("a", 0, 10), "3 - 2 - 2").toBeUndefined();
  here.merge(there.maintain());
  there.merge(here.state());
  expect(there.maintain()).toHaveLength(0);
  // What was cleared does not come back: it counts from nothing.
  here.increase("a", 0, 10);
  expect(here.priority("a", 0, 10)).toBe(1);
});

test("under another id a map goes on with everything that it knows", () => {
  const [here, there] = [map(1), map(2)];
  there.merge(here.register("a", 0, 10));
  here.setReplica(3n);
  expect(here.replica).toBe(3n);
  there.merge(here.increase("a", 0, 10, 2));
  expect(splits(there)).toEqual(["[0, 10) a:3"]);
  expect(agree(here, there)).toBe(true);
});

/** What a merge drops has no delta of its own in JavaScript. */
test("drops are told with the next operation", () => {
  const [here, there] = [map(1), map(2)];
  there.merge(here.register("a", 0, 100));
  here.merge(there.release("a", 0, 100));
  expect(agree(here, there)).toBe(false);
  there.merge(here.register("b", 5, 6));
  expect(agree(here, there)).toBe(true);
});

test("bytes are read as they are, whatever their class says of them", () => {
  const [here, there] = [map(1), map(2)];
  const delta = here.register("a", 0, 10);
  class Liar extends Uint8Array {
    override get length(): number {
      here.free();
      return 1;
    }
  }
  expect(() => there.merge(new Liar(50_000).fill(255))).toThrow(expect.objectContaining({ code: "malformed" }));
  there.merge(Liar.from(delta) as Uint8Array);
  expect(there.priority("a", 0, 10)).toBe(1);
  expect(here.priority("a", 0, 10)).toBe(1);
  expect(() => there.apply(new Array(2 ** 31))).toThrow(expect.objectContaining({ code: "invalid-operation" }));
});
