import { expect, test } from "vitest";
import { BYTES_KEPT_MAX, FLIGHTS_KEPT_MAX, History, TURNS_KEPT_MAX } from "./history";
import { Message } from "./message";
import type { Flight } from "./network";
import { sampleLog } from "./samples";
import { World, type WorldEvent } from "./world";

const empty = new World(sampleLog(0));

function flight(number: number, message: Message): Flight {
  return { number, from: 0, to: 1, sentAt: number, endsAt: number + 5, fate: "arrives", isDuplicate: false, message };
}

function sending(...sent: readonly Flight[]): WorldEvent {
  return { at: sent[0]?.sentAt ?? 0, cause: { kind: "wake", replica: 0 }, sent, ended: [], refused: [] };
}

function numbers(history: History): number[] {
  return history.flights(Infinity).map(({ number }) => number);
}

test("of more copies than are kept, the first are forgotten, and from when on all are there is said", () => {
  const history = new History();
  const message = new Message(new Uint8Array([1]));
  for (let number = 0; number < FLIGHTS_KEPT_MAX; number++) history.add(sending(flight(number, message)), empty);
  expect([history.since, numbers(history).length]).toEqual([0, FLIGHTS_KEPT_MAX]);
  history.add(sending(flight(FLIGHTS_KEPT_MAX, message)), empty);
  expect(history.since).toBeGreaterThan(0);
  expect(history.since).toBeLessThan(FLIGHTS_KEPT_MAX / 2);
  expect(numbers(history)).toEqual(
    Array.from({ length: FLIGHTS_KEPT_MAX + 1 - history.since }, (_, place) => history.since + place),
  );
  // What is forgotten is not put right, and what is kept is.
  const ended = [1, FLIGHTS_KEPT_MAX].map((number): Flight => ({ ...flight(number, message), fate: "cut" }));
  history.add({ ...sending(), at: FLIGHTS_KEPT_MAX, ended }, empty);
  expect(
    history
      .flights(Infinity)
      .filter(({ fate }) => fate === "cut")
      .map(({ number }) => number),
  ).toEqual([FLIGHTS_KEPT_MAX]);
  history.rewind(undefined);
  expect([history.since, numbers(history)]).toEqual([0, []]);
});

test("of more bytes than are kept, too; copies of one message count once", () => {
  const history = new History();
  const large = () => new Message(new Uint8Array(BYTES_KEPT_MAX / 4));
  for (let number = 0; number < 4; number++) {
    const message = large();
    history.add(sending(flight(2 * number, message), flight(2 * number + 1, message)), empty);
  }
  expect([history.since, numbers(history).length]).toEqual([0, 8]);
  history.add(sending(flight(8, large())), empty);
  expect(numbers(history)[0]).toBe(history.since);
  expect(history.since).toBeGreaterThan(1);
  expect(numbers(history).at(-1)).toBe(8);
});

test("of more turns than are kept, too", () => {
  const history = new History();
  // One that is there with nobody else agrees with itself; two that know different things do not.
  const alone = new World(sampleLog(0));
  alone.step();
  const apart = new World(sampleLog(1));
  while (new Set(apart.replicas.map((it) => it?.fingerprint)).size < 2) apart.step();
  for (let at = 1; at <= TURNS_KEPT_MAX + 5; at++) history.add({ ...sending(), at }, at % 2 === 0 ? alone : apart);
  const agreement = history.agreement(TURNS_KEPT_MAX + 5);
  expect(history.since).toBeGreaterThan(0);
  expect(agreement.length).toBeLessThanOrEqual(TURNS_KEPT_MAX);
  expect(agreement.slice(-2).map(({ from, to, isAgreed }) => [from, to, isAgreed])).toEqual([
    [TURNS_KEPT_MAX + 4, TURNS_KEPT_MAX + 5, true],
    [TURNS_KEPT_MAX + 5, TURNS_KEPT_MAX + 5, false],
  ]);
  alone.free();
  apart.free();
});
