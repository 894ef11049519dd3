import type { Channel } from "crdt-range-map";
import { expect, test } from "vitest";
import { OUTSIDE, PERFECT, type Conditions } from "./conditions";
import { Medium, type Clock } from "./medium";
import { seeded } from "./random";

/** Time that passes when it is told to. */
class TestClock implements Clock {
  #nowMs = 0;
  #tasks: { readonly dueMs: number; readonly task: () => void }[] = [];

  nowMs(): number {
    return this.#nowMs;
  }

  after(delayMs: number, task: () => void): void {
    this.#tasks.push({ dueMs: this.#nowMs + delayMs, task });
    this.#tasks.sort((one, other) => one.dueMs - other.dueMs);
  }

  run(durationMs: number): void {
    const untilMs = this.#nowMs + durationMs;
    for (let next = this.#tasks[0]; next !== undefined && next.dueMs <= untilMs; next = this.#tasks[0]) {
      this.#tasks.shift();
      this.#nowMs = next.dueMs;
      next.task();
    }
    this.#nowMs = untilMs;
  }
}

/** A, B and C with what each has heard, and the other tabs. */
function page(seed = 1) {
  const clock = new TestClock();
  const posted: unknown[] = [];
  const outside: Channel = { postMessage: (data) => posted.push(data), onmessage: null, close: () => undefined };
  const medium = new Medium(clock, seeded(seed), outside, () => undefined);
  const heard: Record<string, { readonly atMs: number; readonly data: unknown }[]> = {};
  const join = (party: string) => {
    const port = medium.open(party);
    const inbox = (heard[party] ??= []);
    port.onmessage = ({ data }) => inbox.push({ atMs: clock.nowMs(), data });
    return port;
  };
  const [a, b, c] = [join("A"), join("B"), join("C")];
  const between = (one: string, other: string, conditions: Partial<Conditions>) =>
    medium.setConditions({ a: one, b: other }, { ...PERFECT, ...conditions });
  const dataHeard = (party: string) =>
    (heard[party] ?? []).map(({ data }) => (data instanceof Uint8Array ? data[0] : data));
  return { clock, medium, outside, posted, a, b, c, between, dataHeard, heard, join };
}

const message = (first: number) => new Uint8Array([first, 2, 3, 4, 5, 6, 7, 8]);

test("a perfect medium delivers to everybody else, once and in order, and to other tabs", () => {
  const { clock, medium, a, dataHeard, posted } = page();
  a.postMessage(message(1));
  a.postMessage(message(2));
  expect(dataHeard("B"), "not while posting").toEqual([]);
  clock.run(0);
  expect([dataHeard("A"), dataHeard("B"), dataHeard("C")]).toEqual([[], [1, 2], [1, 2]]);
  expect(posted).toHaveLength(2);
  expect(medium.tally.total).toEqual({ posts: 2, bytes: 16, deliveries: 6 });
  expect(Object.values(medium.tally.faults)).toEqual([0, 0, 0, 0, 0, 0]);
});

test("what other tabs post reaches every port, whatever it is, and does not go back", () => {
  const { clock, medium, outside, dataHeard, posted } = page();
  outside.onmessage?.({ data: "hello" });
  clock.run(0);
  expect([dataHeard("A"), dataHeard("B"), dataHeard("C")]).toEqual([["hello"], ["hello"], ["hello"]]);
  expect(posted).toEqual([]);
  expect(medium.tally.posts[0]).toMatchObject({
    from: OUTSIDE,
    kind: "unknown",
    bytes: 0,
    to: 3,
    arrived: 3,
    failed: 0,
  });
});

test("a link that loses everything loses it both ways, and no other link does", () => {
  const { clock, medium, a, b, between, dataHeard } = page();
  between("B", "A", { lossPercent: 100 });
  a.postMessage(message(1));
  b.postMessage(message(2));
  clock.run(0);
  expect([dataHeard("A"), dataHeard("B"), dataHeard("C")]).toEqual([[], [], [1, 2]]);
  expect(medium.tally.faults.lost).toBe(2);
  expect(medium.tally.link("A|B")).toMatchObject({ deliveries: 0, faults: { lost: 2 } });
  expect(medium.tally.posts[0]).toMatchObject({ to: 3, arrived: 2, failed: 1 });
});

test("a cut link passes nothing until it is joined again", () => {
  const { clock, medium, a, between, dataHeard, posted } = page();
  between("A", OUTSIDE, { isCut: true });
  between("A", "B", { isCut: true });
  a.postMessage(message(1));
  between("A", "B", { isCut: false });
  a.postMessage(message(2));
  clock.run(0);
  expect(dataHeard("B")).toEqual([2]);
  expect(posted).toEqual([]);
  expect(medium.tally.faults.cut).toBe(3);
});

test("a delay holds messages for that long, and in their order, even when it shrinks", () => {
  const { clock, medium, a, between, heard, dataHeard } = page();
  between("A", "B", { delayMs: 500 });
  a.postMessage(message(1));
  clock.run(100);
  between("A", "B", { delayMs: 10 });
  a.postMessage(message(2));
  clock.run(399);
  expect([dataHeard("B"), dataHeard("C")]).toEqual([[], [1, 2]]);
  clock.run(1);
  expect(heard["B"]?.map(({ atMs }) => atMs)).toEqual([500, 500]);
  expect(dataHeard("B")).toEqual([1, 2]);
  expect(medium.tally.faults.delayed).toBe(2);
});

test("repetition and reordering do what they say", () => {
  const { clock, medium, a, between, dataHeard } = page();
  between("A", "B", { repeatPercent: 100 });
  between("A", "C", { reorderPercent: 50 });
  for (let number = 0; number < 40; number++) {
    a.postMessage(message(number));
    clock.run(10);
  }
  clock.run(10_000);
  expect(dataHeard("B")).toEqual(Array.from({ length: 80 }, (_, place) => Math.floor(place / 2)));
  const inOrder = Array.from({ length: 40 }, (_, place) => place);
  expect(dataHeard("C")).not.toEqual(inOrder);
  expect(dataHeard("C").toSorted((one, other) => Number(one) - Number(other))).toEqual(inOrder);
  expect(medium.tally.faults).toMatchObject({ repeated: 40, lost: 0, damaged: 0 });
  expect(medium.tally.faults.reordered).toBeGreaterThan(10);
});

test("damage turns one bit over, in a copy", () => {
  const { clock, medium, a, between, heard } = page();
  between("A", "B", { damagePercent: 100 });
  const sent = message(1);
  a.postMessage(sent);
  clock.run(0);
  expect(sent).toEqual(message(1));
  expect(heard["C"]?.[0]?.data).toEqual(message(1));
  const got = heard["B"]?.[0]?.data as Uint8Array;
  const bits = got.reduce(
    (sum, byte, place) => sum + (byte ^ (sent[place] ?? 0)).toString(2).replaceAll("0", "").length,
    0,
  );
  expect(bits).toBe(1);
  expect(medium.tally.faults.damaged).toBe(1);
});

test("percentages are met over many messages, and the same seed does the same", () => {
  const counts = (seed: number) => {
    const { clock, medium, a, between } = page(seed);
    between("A", "B", { lossPercent: 20, repeatPercent: 10, damagePercent: 5 });
    for (let number = 0; number < 2000; number++) a.postMessage(message(number));
    clock.run(0);
    return medium.tally.faults;
  };
  const faults = counts(7);
  expect(faults.lost / 2000).toBeCloseTo(0.2, 1);
  expect(faults.repeated / 1600).toBeCloseTo(0.1, 1);
  expect(faults.damaged / 1760).toBeCloseTo(0.05, 1);
  expect(counts(7)).toEqual(faults);
  expect(counts(8)).not.toEqual(faults);
});

test("a port that is closed hears nothing, says nothing and is not counted", () => {
  const { clock, medium, a, b, dataHeard, join } = page();
  a.postMessage(message(1));
  b.close();
  b.postMessage(message(9));
  clock.run(0);
  expect([dataHeard("A"), dataHeard("B"), dataHeard("C")]).toEqual([[], [], [1]]);
  a.postMessage(message(2));
  expect(medium.tally.posts[0]).toMatchObject({ to: 2 });
  join("B");
  a.postMessage(message(3));
  clock.run(0);
  expect(dataHeard("B")).toEqual([3]);
});

test("the list of posts is bounded, the counts go on", () => {
  const { medium, a } = page();
  for (let number = 0; number < 500; number++) a.postMessage(message(1));
  expect(medium.tally.posts).toHaveLength(60);
  expect(medium.tally.posts[0]?.number).toBe(500);
  expect(medium.tally.total.posts).toBe(500);
});
