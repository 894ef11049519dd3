import { expect, test } from "vitest";
import { at, join, weather } from "../stories/write";
import { Log } from "../world/log";
import { Timeline } from "../world/timeline";
import { messageWords } from "./message-words";

const elm = { node: "elm", start: 0, end: 10 };

function sentences(untilMs: number, ...inputs: Parameters<typeof Log.of>[1] & object): string[] {
  const { log, fault } = Log.of(3, [...join(0, 0, 1), weather(0, { delayMs: 100, jitterMs: 0 }), ...inputs]);
  if (log === undefined) throw new Error(fault);
  const timeline = new Timeline(log);
  const { flights } = timeline.history(untilMs);
  timeline.free();
  return flights.filter(({ sentAt }) => sentAt >= 2000).map((flight) => messageWords(flight, untilMs));
}

test("a message says what it carries, and what became of it", () => {
  const doing = at(2000, 0, [
    { op: "register", ...elm },
    { op: "increase", ...elm, by: 3 },
  ]);
  expect(sentences(2050, ...doing)[0]).toMatch(/^A to B: delta, \d+ bytes, with elm 0 – 10 \+4; on its way\.$/);
  expect(sentences(2200, ...doing)[0]).toMatch(/; arrived\.$/);
  expect(sentences(2200, { at: 1900, kind: "cut", between: [0, 1] }, ...doing)[0]).toMatch(/; stopped by a cut\.$/);
  expect(sentences(2200, weather(1900, { lossPercent: 100 }), ...doing)[0]).toMatch(/; lost\.$/);
  expect(sentences(2200, ...doing, { at: 2050, kind: "offline", replica: 1 })[0]).toMatch(
    /; nobody was there to hear it\.$/,
  );
});

test("of much it tells a part, and counts the rest", () => {
  const many = Array.from(
    { length: 9 },
    (_, place) => ({ op: "register", node: `n${place}`, start: 0, end: 10 }) as const,
  );
  expect(sentences(2050, ...at(2000, 0, many))[0]).toMatch(
    /, with n0 0 – 10 \+1, n1 0 – 10 \+1, n2 0 – 10 \+1 and 6 more; /,
  );
});
