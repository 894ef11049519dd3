import { expect, test } from "vitest";
import {
  AMOUNT_MAX,
  DELAY_MS_MAX,
  FAIR,
  KEY_MAX,
  NODE_BYTES_MAX,
  OPERATIONS_MAX,
  REPLICAS_MAX,
  TIME_MS_MAX,
  type Input,
  type Operation,
} from "./input";
import { isAgreed } from "./history";
import { Log } from "./log";
import { PINNED, pinnedHash } from "./pins";
import { sampleLog, textOf, wireHash } from "./samples";
import { World, type WorldEvent } from "./world";

function worldOf(...inputs: readonly Input[]): World {
  const { log, fault } = Log.of(1, inputs);
  if (log === undefined) throw new Error(fault);
  return new World(log);
}

function joins(count: number): Input[] {
  return Array.from({ length: count }, (_, replica) => ({ at: 0, kind: "join", replica }));
}

function registers(at: number, replica: number, node = "a"): Input {
  const operations: Operation[] = [{ op: "register", node, start: 0n, end: 10n }];
  return { at, kind: "operation", replica, operations };
}

function run(world: World, until: number): WorldEvent[] {
  const events: WorldEvent[] = [];
  while ((world.nextAt() ?? Infinity) <= until) {
    const event = world.step();
    if (event !== undefined) events.push(event);
  }
  world.runTo(until);
  return events;
}

/** By how many replicas key 5 is served, at each. */
function known(world: World): (number | undefined)[] {
  return world.replicas.map((replica) => (replica?.isThere ? replica.owners(5n).length : undefined));
}

test("the same log sends the same bytes, for 1,000 seeds, and other seeds send others", () => {
  const size = { replicas: 3, inputs: 16, pauseMs: 300, keys: 20 };
  const hashes = new Set<number>();
  for (let seed = 0; seed < 1_000; seed++) {
    const hash = wireHash(sampleLog(seed, size), 4_000);
    expect(wireHash(sampleLog(seed, size), 4_000)).toBe(hash);
    hashes.add(hash);
  }
  expect(hashes.size).toBe(1_000);
});

test("the bytes are those that are pinned", () => {
  expect(pinnedHash()).toBe(PINNED);
});

test("the seed of a log decides, and each of its inputs", () => {
  const { inputs, seed } = sampleLog(3);
  const hash = (seed: number, inputs: readonly Input[]) => wireHash(Log.of(seed, inputs).log ?? sampleLog(0), 30_000);
  expect(hash(seed + 1, inputs)).not.toBe(hash(seed, inputs));
  expect(hash(seed, [...inputs, registers(1, 0, "z")])).not.toBe(hash(seed, inputs));
});

test("a clone at any moment goes on exactly as the original", () => {
  for (let seed = 0; seed < 50; seed++) {
    const world = new World(sampleLog(seed));
    world.runTo(seed * 300);
    const clone = world.clone();
    for (const until of [world.now + 1_000, world.now + 5_000]) {
      clone.runTo(until);
      world.runTo(until);
      expect(textOf(clone)).toBe(textOf(world));
    }
    world.free();
    clone.free();
  }
});

test("who comes later is not known to a clone that has not come so far", () => {
  const world = worldOf(...joins(1), { at: 5, kind: "crash", replica: 0 }, { at: 9, kind: "restart", replica: 0 });
  world.runTo(8);
  const clone = world.clone();
  world.runTo(9);
  const id = world.replicas[0]?.id ?? 0n;
  expect([world.writerOf(id), clone.writerOf(id)]).toEqual([0, undefined]);
  clone.runTo(9);
  expect(clone.writerOf(id)).toBe(0);
  world.free();
  clone.free();
});

test("who leaves says what is due, and who crashes does not", () => {
  const before = worldOf(...joins(2));
  before.runTo(1_000);
  const [at = 0, replica = 0] =
    before.replicas.map((it, index) => [it?.wakeAt ?? 0, index]).toSorted(([a = 0], [b = 0]) => a - b)[0] ?? [];
  const sent = (kind: "leave" | "crash") => {
    const world = worldOf(...joins(2), { at, kind, replica });
    const event = run(world, at).find(({ cause }) => cause.kind === "input" && cause.input.kind === kind);
    world.free();
    return event?.sent.length;
  };
  expect([sent("leave"), sent("crash")]).toEqual([1, 0]);
  before.free();
});

test("time goes on by steps, and never back", () => {
  const world = new World(sampleLog(5));
  for (let last = 0, count = 0; count < 2_000; count++) {
    const at = world.nextAt();
    expect(world.step()?.at).toBe(at);
    expect(world.now).toBe(at);
    expect(world.now).toBeGreaterThanOrEqual(last);
    last = world.now;
  }
  world.free();
  expect(new World(Log.of(1).log ?? sampleLog(0)).step()).toBe(undefined);
});

test("once all is mended, all agree, whatever happened before", () => {
  for (let seed = 0; seed < 100; seed++) {
    const { inputs } = sampleLog(seed);
    const at = (inputs.at(-1)?.at ?? 0) + 1;
    const world = worldOf(...inputs);
    world.runTo(at);
    const mended: Input[] = [{ at, kind: "weather", conditions: FAIR }];
    const there = world.replicas.flatMap((replica, index) => (replica?.isThere ? [index] : []));
    for (const replica of there) {
      if (world.replicas[replica]?.presence === "offline") mended.push({ at, kind: "online", replica });
      for (const other of there) if (other > replica) mended.push({ at, kind: "mend", between: [replica, other] });
    }
    const healed = worldOf(...inputs, ...mended);
    healed.runTo(at + 60_000);
    const fingerprints = new Set(there.map((replica) => healed.replicas[replica]?.fingerprint));
    expect(fingerprints.size, `seed ${seed}`).toBe(1);
    expect(fingerprints.has("")).toBe(false);
    const owners = there.map((replica) => JSON.stringify(healed.replicas[replica]?.owners(5n)));
    expect(new Set(owners).size).toBe(1);
    world.free();
    healed.free();
  }
});

test("nothing crosses a cut for a minute, and what was on its way is lost; mended, all agree within a second", () => {
  const cut: Input[] = [
    [0, 2],
    [2, 1],
  ].map((between) => ({ at: 1_010, kind: "cut", between: between as [number, number] }));
  const mend = cut.map((input): Input => ({ ...input, at: 61_010, kind: "mend" }) as Input);
  const world = worldOf(...joins(3), registers(1_000, 0), ...cut, registers(2_000, 2, "b"), ...mend);
  const events = run(world, 61_009);
  expect(known(world)).toEqual([1, 1, 1]);
  expect(world.replicas.map((it) => it?.owners(5n)[0]?.node)).toEqual(["a", "a", "b"]);
  const lost = events.flatMap(({ ended }) => ended);
  expect(lost.map(({ from, to, fate, endsAt }) => `${from}${to} ${fate} ${endsAt}`)).toContain("02 cut 1010");
  const across = events
    .filter(({ at }) => at >= 1_010)
    .flatMap(({ sent }) => sent.filter(({ from, to }) => from === 2 || to === 2));
  expect(across.length).toBeGreaterThan(0);
  expect(across.filter(({ fate }) => fate !== "cut")).toEqual([]);
  const arrived = events.filter(
    ({ at, cause }) =>
      at > 1_010 &&
      cause.kind === "end" &&
      cause.flight.fate === "arrives" &&
      [cause.flight.from, cause.flight.to].includes(2),
  );
  expect(arrived).toEqual([]);
  world.runTo(62_010);
  expect(known(world)).toEqual([2, 2, 2]);
  world.free();
});

test("who is offline hears and says nothing; online again, it asks at once", () => {
  const world = worldOf(
    ...joins(3),
    { at: 1_000, kind: "offline", replica: 2 },
    registers(2_000, 0),
    registers(3_000, 2, "b"),
    { at: 63_000, kind: "online", replica: 2 },
  );
  const events = run(world, 62_999);
  expect(known(world)).toEqual([1, 1, 1]);
  expect(
    events
      .filter(({ at }) => at > 1_000)
      .flatMap(({ sent }) => sent)
      .filter(({ from, to }) => from === 2 || to === 2),
  ).toEqual([]);
  world.runTo(64_000);
  expect(known(world)).toEqual([2, 2, 2]);
  world.free();
});

test("what is on its way to one that goes away is missed; what it said before arrives", () => {
  for (const kind of ["offline", "crash", "leave"] as const) {
    const world = worldOf(...joins(2), registers(1_000, 0), registers(1_000, 1, "b"), { at: 1_001, kind, replica: 1 });
    const events = run(world, 2_000);
    const missed = events.find(({ at }) => at === 1_001)?.ended.map(({ from, to, fate }) => [from, to, fate]);
    expect(missed).toEqual([[0, 1, "missed"]]);
    expect(known(world)).toEqual([2, kind === "offline" ? 1 : undefined]);
    expect(world.replicas[1]?.presence).toBe({ offline: "offline", crash: "crashed", leave: "gone" }[kind]);
    world.free();
  }
});

test("a crash takes what was not said with it; who restarts has another id, and learns what the others know", () => {
  const crash: Input = { at: 2_000, kind: "crash", replica: 1 };
  const world = worldOf(
    ...joins(2),
    registers(500, 0),
    { at: 900, kind: "cut", between: [0, 1] },
    registers(1_000, 1, "b"),
    { at: 1_500, kind: "mend", between: [0, 1] },
    { at: 1_500, kind: "cut", between: [0, 1] },
    crash,
    { at: 3_000, kind: "restart", replica: 1 },
    { at: 3_000, kind: "mend", between: [0, 1] },
  );
  world.runTo(1_999);
  expect(known(world)).toEqual([1, 2]);
  const id = world.replicas[1]?.id;
  world.runTo(4_500);
  expect(known(world)).toEqual([1, 1]);
  const other = world.replicas[1]?.id;
  expect(other).not.toBe(id);
  expect([id, other].map((it) => it !== undefined && world.writerOf(it))).toEqual([1, 1]);
  world.free();
});

test("as many as there may be, joining in any order and doing as much as they may, agree under the worst weather", () => {
  const last = REPLICAS_MAX - 1;
  const operations = Array.from({ length: OPERATIONS_MAX }, (_, place): Operation => {
    const start = KEY_MAX - BigInt(place);
    return { op: "increase", node: "n".repeat(NODE_BYTES_MAX), start, end: null, by: AMOUNT_MAX };
  });
  const worst = { delayMs: DELAY_MS_MAX, jitterMs: DELAY_MS_MAX, lossPercent: 20, duplicatePercent: 100 };
  const world = worldOf({ at: 0, kind: "weather", conditions: worst }, ...joins(REPLICAS_MAX).toReversed(), {
    at: 1_000,
    kind: "operation",
    replica: last,
    operations,
  });
  world.runTo(999);
  const before = world.replicas.map((it) => it?.fingerprint);
  expect(new Set(before).size).toBe(1);
  world.runTo(TIME_MS_MAX / 8);
  const after = new Set(world.replicas.map((it) => it?.fingerprint));
  expect(after.size).toBe(1);
  expect(after).not.toContain(before[0]);
  expect(world.replicas[0]?.owners(KEY_MAX)).toEqual([{ node: "n".repeat(NODE_BYTES_MAX), priority: AMOUNT_MAX }]);
  world.free();
});

test("one alone may have any number", () => {
  const world = worldOf({ at: 0, kind: "join", replica: 5 }, registers(TIME_MS_MAX, 5));
  world.runTo(TIME_MS_MAX - 1);
  expect(known(world)[5]).toBe(0);
  const clone = world.clone();
  for (const it of [world, clone]) {
    it.runTo(TIME_MS_MAX);
    expect(known(it)[5]).toBe(1);
    it.free();
  }
});

test("operations that the map refuses are told and change nothing", () => {
  const tighten: Operation = { op: "tighten", node: "z", start: 0n, end: 9n, to: { start: 1n, end: 9n } };
  const world = worldOf(...joins(1), { at: 5, kind: "operation", replica: 0, operations: [tighten] });
  const [refused] = run(world, 5).flatMap(({ refused }) => refused);
  expect(refused).toBe("the registration is not visible");
  expect(known(world)).toEqual([0]);
  world.free();
});

test("what is heard from outside is merged and passed on; what is no message is refused", () => {
  const other = worldOf(...joins(2), registers(10, 0));
  const messages = run(other, 10).flatMap(({ at, sent }) => (at === 10 ? sent.map(({ message }) => message) : []));
  const bytes = messages.find(({ kind }) => kind === "delta")?.bytes ?? new Uint8Array();
  const way = { kind: "heard", from: 2, replica: 0, takesMs: 10, isLost: false } as const;
  const told = { kind: "told", replica: 2 } as const;
  const { log, fault } = Log.of(2, [
    ...joins(2),
    { at: 30, ...told, knows: null },
    { at: 50, ...way, bytes },
    { at: 60, ...way, bytes: bytes.slice(1) },
    { at: 70, ...way, bytes, isLost: true },
  ]);
  expect(fault).toBeUndefined();
  const world = new World(log ?? other.log);
  const refused = run(world, 15_000).filter(({ refused }) => refused.length > 0);
  expect(known(world)).toEqual([1, 1]);
  expect(refused.map(({ at, refused }) => [at, refused])).toEqual([[70, ["not a message of this protocol"]]]);
  world.free();
  other.free();
});

test("who lives elsewhere is sent what all are sent, is agreed with by what it tells, and cut off as all are", () => {
  const knows = { id: 7n, fingerprint: "0".repeat(16), registrations: [] };
  const told = { kind: "told", replica: 5 } as const;
  const heard = { kind: "heard", from: 5, replica: 0, takesMs: 100, isLost: false, bytes: new Uint8Array(3) } as const;
  const world = worldOf(
    ...joins(1),
    registers(10, 0),
    { at: 20, ...told, knows },
    { at: 40, ...heard },
    { at: 50, kind: "cut", between: [0, 5] },
    { at: 60, ...heard },
    { at: 70, kind: "offline", replica: 0 },
    { at: 80, ...heard },
    { at: 90, kind: "leave", replica: 5 },
  );
  const events = run(world, 100);
  // As soon as it is known it is asked.
  const sent = events.flatMap((event) => event.sent);
  expect(sent.some(({ from, to, sentAt }) => from === 0 && to === 5 && sentAt === 20)).toBe(true);
  expect(sent.filter(({ from }) => from === 5).map(({ sentAt, fate }) => [sentAt, fate])).toEqual([
    [40, "arrives"],
    [60, "cut"],
  ]);
  expect(events.flatMap(({ ended }) => ended).some(({ from, fate }) => from === 5 && fate === "cut")).toBe(true);
  expect(events.flatMap(({ refused }) => refused)).toEqual([]);
  expect(world.writerOf(7n)).toBe(5);
  expect(isAgreed(world)).toBe(true);
  world.free();
  const apart = worldOf(...joins(1), registers(10, 0), { at: 20, ...told, knows });
  apart.runTo(30);
  expect(isAgreed(apart)).toBe(false);
  apart.free();
});
