import { expect, test } from "vitest";
import { FAIR, type Pair } from "./input";
import { Message } from "./message";
import { FLIGHTS_MAX, Network, type Flight } from "./network";

const message = new Message(new Uint8Array([1]));

function network(conditions: object, seed = 1): Network {
  const network = new Network(seed);
  network.setConditions({ ...FAIR, ...conditions });
  return network;
}

function taken(network: Network): Flight[] {
  const all: Flight[] = [];
  for (let flight = network.take(); flight !== undefined; flight = network.take()) all.push(flight);
  return all;
}

test("copies end in the order of their times, and of one time in the order in which they were sent", () => {
  const sent: Flight[] = [];
  const subject = network({ delayMs: 0, jitterMs: 50, duplicatePercent: 40, lossPercent: 20 });
  for (let at = 0; at < 300; at++) sent.push(...subject.send(message, at % 3, 3, at >> 2));
  const order = sent.toSorted((one, other) => one.endsAt - other.endsAt || one.number - other.number);
  expect(subject.flights()).toEqual(order);
  expect(subject.nextAt()).toBe(order[0]?.endsAt);
  expect(taken(subject)).toEqual(order);
  expect(subject.nextAt()).toBe(Infinity);
  expect(sent.map(({ number }) => number)).toEqual(sent.map((_, place) => place));
  expect(subject.flightCount).toBe(sent.length);
  expect(order.every(({ sentAt, endsAt }) => endsAt > sentAt)).toBe(true);
});

test("conditions do what they say", () => {
  const send = (conditions: object) => {
    const subject = network(conditions);
    return Array.from({ length: 1_000 }, () => subject.send(message, 0, 1, 100));
  };
  const fates = (copies: Flight[][]) => copies.flat().filter(({ fate }) => fate === "lost").length;
  expect(fates(send({ lossPercent: 0 }))).toBe(0);
  expect(fates(send({ lossPercent: 100 }))).toBe(1_000);
  // Six standard deviations.
  expect(Math.abs(fates(send({ lossPercent: 30 })) - 300)).toBeLessThan(90);
  const twice = (copies: Flight[][]) => copies.filter(({ length }) => length === 2).length;
  expect([0, 100].map((duplicatePercent) => twice(send({ duplicatePercent })))).toEqual([0, 1_000]);
  expect(Math.abs(twice(send({ duplicatePercent: 30 })) - 300)).toBeLessThan(90);
  const times = send({ delayMs: 70, jitterMs: 9 })
    .flat()
    .map(({ endsAt }) => endsAt - 100);
  expect([Math.min(...times), Math.max(...times)]).toEqual([70, 79]);
  expect(
    send({ delayMs: 0, jitterMs: 0 })
      .flat()
      .every(({ endsAt }) => endsAt === 101),
  ).toBe(true);
  expect(
    send({ delayMs: 9, jitterMs: 0, lossPercent: 100 })
      .flat()
      .every(({ endsAt }) => endsAt === 105),
  ).toBe(true);
});

test("each direction of each pair has chances of its own, whatever happens elsewhere and whatever the weather was", () => {
  const times = (subject: Network, from: number, to: number) =>
    Array.from({ length: 50 }, () => subject.send(message, from, to, 0)[0]?.endsAt);
  const [alone, among, after] = [0, 1, 2].map(() => network({ jitterMs: 1_000 })) as [Network, Network, Network];
  const expected = times(alone, 0, 1);
  times(among, 1, 0);
  times(among, 0, 2);
  expect(times(among, 0, 1)).toEqual(expected);
  expect(times(alone, 1, 0)).not.toEqual(expected);
  after.setConditions({ ...FAIR, lossPercent: 100, duplicatePercent: 100 });
  times(after, 0, 1);
  after.setConditions({ ...FAIR, jitterMs: 1_000 });
  expect(times(after, 0, 1)).toEqual(times(among, 0, 1));
  expect(times(network({ jitterMs: 1_000 }, 2), 0, 1)).not.toEqual(expected);
});

test("a cut ends what is on its way, both ways and nowhere else; what is sent until it is mended ends there", () => {
  const subject = network({ delayMs: 100, jitterMs: 0 });
  const ways: Pair[] = [
    [0, 1],
    [1, 0],
    [0, 2],
    [2, 1],
  ];
  for (const [from, to] of ways) subject.send(message, from, to, 0);
  const ended = subject.cut([1, 0], 40);
  expect(ended.map(({ from, to, fate, endsAt }) => [from, to, fate, endsAt])).toEqual([
    [1, 0, "cut", 40],
    [0, 1, "cut", 40],
  ]);
  expect(subject.flights().map(({ from, to }) => [from, to])).toEqual([
    [0, 2],
    [2, 1],
  ]);
  expect(ways.map((way) => subject.isCut(way))).toEqual([true, true, false, false]);
  const fates = ways.map(([from, to]) => subject.send(message, from, to, 50).map(({ fate, endsAt }) => [fate, endsAt]));
  expect(fates).toEqual([[["cut", 100]], [["cut", 100]], [["arrives", 150]], [["arrives", 150]]]);
  subject.mend([0, 1]);
  expect(subject.send(message, 1, 0, 60)).toHaveLength(1);
  expect(subject.miss(1, 70).map(({ from, fate, endsAt }) => [from, fate, endsAt])).toEqual([
    [2, "missed", 70],
    [0, "missed", 70],
    [2, "missed", 70],
  ]);
});

test("conditions of one pair go before those of all, until these change", () => {
  const subject = network({ delayMs: 5 });
  subject.setConditions({ ...FAIR, delayMs: 7 }, [2, 1]);
  const delays = () =>
    [
      [1, 2],
      [2, 1],
      [0, 1],
    ].map((pair) => subject.conditions(pair as unknown as Pair).delayMs);
  expect(delays()).toEqual([7, 7, 5]);
  subject.setConditions({ ...FAIR, delayMs: 9 });
  expect(delays()).toEqual([9, 9, 9]);
});

test("a clone goes on alike, and neither changes the other", () => {
  const subject = network({ jitterMs: 100 });
  subject.send(message, 0, 1, 0);
  subject.cut([0, 2], 0);
  const clone = subject.clone();
  const goOn = (it: Network) => [it.send(message, 0, 1, 9), it.send(message, 0, 2, 9), it.flights(), it.isCut([0, 2])];
  expect(goOn(clone)).toEqual(goOn(subject));
  clone.mend([0, 2]);
  clone.setConditions({ ...FAIR, delayMs: 2 }, [0, 1]);
  expect(subject.conditions([0, 1]).delayMs).toBe(FAIR.delayMs);
  clone.setConditions({ ...FAIR, delayMs: 1 });
  taken(clone);
  expect([subject.isCut([0, 2]), subject.conditions([0, 1]).delayMs, subject.flights().length]).toEqual([
    true,
    FAIR.delayMs,
    3,
  ]);
});

test("what is sent while too much is on its way is lost, and in the end not even on its way", () => {
  const subject = network({ delayMs: 1_000 });
  const send = () => subject.send(message, 0, 1, 0)[0]?.fate;
  for (let count = 0; count < FLIGHTS_MAX; count++) expect(send()).toBe("arrives");
  for (let count = 0; count < FLIGHTS_MAX; count++) expect(send()).toBe("lost");
  expect(send()).toBe("lost");
  expect(subject.flights()).toHaveLength(2 * FLIGHTS_MAX);
  expect(subject.flightCount).toBe(2 * FLIGHTS_MAX + 1);
});
