import { describe, expect, test } from "vitest";
import { linkOf, readLink } from "../link/link";
import type { Input } from "../world/input";
import { Log } from "../world/log";
import { World } from "../world/world";
import { Oracle, prioritiesOf } from "./oracle";
import { mayLose, schedule } from "./schedule";
import { tryMany } from "./try-many";
import { faultIn, tryOne, type Tried } from "./try-one";

const SEEDS = 400;
const seeds = Array.from({ length: SEEDS }, (_, seed) => seed);

function worldOf(inputs: readonly Input[]): World {
  const { log, fault } = Log.of(1, inputs);
  if (log === undefined) throw new Error(fault);
  return new World(log);
}

test("all pass", () => {
  expect(seeds.map(tryOne).filter(({ ok }) => !ok)).toEqual([]);
});

describe("schedules", () => {
  const logs = seeds.map(schedule);

  test("are the same for the same seed, and differ", () => {
    for (const [seed, log] of logs.entries()) expect(schedule(seed)).toEqual(log);
    expect(
      new Set(logs.map(({ inputs }) => JSON.stringify(inputs, (_, it) => (typeof it === "bigint" ? String(it) : it))))
        .size,
    ).toBe(SEEDS);
  });

  test("have all that can go wrong in them, half of them nothing that is lost", () => {
    const kinds = new Set(logs.flatMap(({ inputs }) => inputs.map(({ kind }) => kind)));
    for (const kind of ["cut", "mend", "offline", "online", "crash", "restart", "leave", "weather", "operation"]) {
      expect(kinds).toContain(kind);
    }
    expect(logs.filter((_, seed) => seed % 2 === 0).some(mayLose)).toBe(false);
    expect(logs.filter(mayLose).length).toBeGreaterThan(SEEDS / 3);
  });

  test("have much at the same time: one replica that did all of it in order would often say something else", () => {
    let different = 0;
    for (const log of logs.slice(0, 100)) {
      const operations = log.inputs.flatMap((input) => (input.kind === "operation" ? [{ ...input, replica: 0 }] : []));
      const [one, many] = [worldOf([{ at: 0, kind: "join", replica: 0 }, ...operations]), new World(log)];
      const [first, second] = [one, many].map((world) => {
        world.runTo(60_000);
        const replica = world.replicas.find((it) => it?.isThere);
        return replica && new Map([...prioritiesOf(replica)].sort());
      });
      if (JSON.stringify([...(first ?? [])]) !== JSON.stringify([...(second ?? [])])) different += 1;
      for (const world of [one, many]) world.free();
    }
    expect(different).toBeGreaterThan(50);
  });

  test("end with everybody online in fair weather and nothing cut", () => {
    for (const log of logs) {
      const world = new World(log);
      world.runTo(log.inputs.at(-1)?.at ?? 0);
      for (const [place, replica] of world.replicas.entries()) {
        expect(["online", "gone"]).toContain(replica?.presence);
        if (replica?.presence === "gone") continue;
        for (let other = 0; other < place; other++) {
          if (world.replicas[other]?.presence === "gone") continue;
          expect(world.network.isCut([place, other])).toBe(false);
          expect(world.network.conditions([place, other]).lossPercent).toBe(0);
        }
      }
      world.free();
    }
  });

  test("fit into a link", () => {
    for (const log of logs) {
      const text = linkOf({ kind: "world", limit: 100, log, nowMs: 0, cursor: 7 });
      expect(text).not.toBeNull();
      const { shared } = readLink(text ?? "");
      expect(shared?.kind === "world" && shared.log).toEqual(log);
    }
  });
});

test("what can be told of a day is told", () => {
  expect(tryOne(3).words).toMatch(
    /^\d+ operations, \d+ cuts?, \d+ crash(es)?, \d+ of \d+ messages lost: \d replicas agree \d+\.\d s after all was well again\.$/,
  );
});

describe("a fault is noticed", () => {
  const day: Input[] = [
    { at: 0, kind: "join", replica: 0 },
    { at: 0, kind: "join", replica: 1 },
    { at: 100, kind: "operation", replica: 0, operations: [{ op: "increase", node: "a", start: 3n, end: 8n, by: 4 }] },
  ];

  test("replicas that do not know the same", () => {
    const world = worldOf([...day, { at: 50, kind: "cut", between: [0, 1] }]);
    world.runTo(60_000);
    expect(faultIn(world, undefined)).toBe("A and B still know different things after 60 seconds of fair weather.");
    world.free();
  });

  test("priorities that all agree on and that are wrong", () => {
    const world = worldOf(day);
    world.runTo(1_000);
    expect(faultIn(world, undefined)).toBeUndefined();
    expect(faultIn(world, new Map([["a from 3 to 8", 4]]))).toBeUndefined();
    expect(faultIn(world, new Map([["a from 3 to 8", 5]]))).toMatch(
      /priority of a from 3 to 8 is 4, and 5 would be right/,
    );
    expect(faultIn(world, new Map())).toMatch(/is 4, and 0 would be right/);
    world.free();
  });

  test("owners that are not those of the registrations", () => {
    const world = worldOf(day);
    world.runTo(1_000);
    const replica = world.replicas[1];
    if (replica === undefined) throw new Error("B is not there");
    replica.owners = () => [];
    expect(faultIn(world, undefined)).toBe("Key 5 is said to be served by nobody, and its registrations say a 4.");
    world.free();
  });
});

test("the oracle cancels what a release had heard of, and nothing else", () => {
  const increase = { op: "increase", node: "a", start: 3n, end: 8n, by: 5 } as const;
  const release = { op: "release", node: "a", start: 3n, end: 8n } as const;
  const world = worldOf([
    { at: 0, kind: "join", replica: 0 },
    { at: 0, kind: "join", replica: 1 },
    { at: 100, kind: "operation", replica: 0, operations: [increase] },
    { at: 500, kind: "cut", between: [0, 1] },
    { at: 600, kind: "operation", replica: 0, operations: [{ ...increase, by: 1 }] },
    { at: 700, kind: "operation", replica: 1, operations: [release] },
    { at: 800, kind: "mend", between: [0, 1] },
  ]);
  const oracle = new Oracle();
  for (const input of world.log.inputs) {
    if (input.kind !== "operation") continue;
    world.runTo(input.at - 1);
    const replica = world.replicas[input.replica];
    const done = replica && oracle.before(replica, input.operations);
    world.runTo(input.at);
    done?.();
  }
  expect([...oracle.priorities()]).toEqual([["a from 3 to 8", 1]]);
  world.runTo(20_000);
  for (const replica of world.replicas) expect(replica && prioritiesOf(replica)).toEqual(oracle.priorities());
  world.free();
});

describe("one seed after the other", () => {
  const log = schedule(0);
  const passes = (seed: number): Tried => ({ ok: true, words: `seed ${seed}`, log });

  test("until it is over", () => {
    let left = 3;
    const { passed, next, last, tried } = tryMany(2 ** 32 - 2, 1, () => --left === 0, passes);
    expect({ passed, next, words: last.words, tried }).toEqual({ passed: 3, next: 1, words: "seed 0", tried: 0 });
  });

  test("until one fails", () => {
    const fails = (seed: number): Tried => ({ ...passes(seed), ok: seed !== 12 });
    const { passed, last, tried } = tryMany(10, 1, () => false, fails);
    expect({ passed, words: last.words, ok: last.ok, tried }).toEqual({
      passed: 2,
      words: "seed 12",
      ok: false,
      tried: 12,
    });
  });

  test("shared out among several, so that each is tried once", () => {
    const seeds: number[] = [];
    for (const place of [0, 1, 2]) {
      let left = 4;
      tryMany(
        100 + place,
        3,
        () => --left === 0,
        (seed) => {
          seeds.push(seed);
          return passes(seed);
        },
      );
    }
    expect(seeds.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 12 }, (_, place) => 100 + place));
  });

  test("with the real ones", () => {
    expect(tryMany(7, 1, () => true)).toMatchObject({ passed: 1, next: 8, tried: 7, last: { ok: true } });
  });
});
