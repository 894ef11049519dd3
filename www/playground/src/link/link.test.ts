import { describe, expect, test } from "vitest";
import { seeded } from "../model/random";
import { internet, stories } from "../stories/index";
import { inputsUpTo } from "../stories/story";
import { tenThousand } from "../stories/ten-thousand";
import type { Input, Operation } from "../world/input";
import { INPUTS_MAX, Log } from "../world/log";
import { checksumOf, fromBase64, toBase64, Writer } from "./bytes";
import { LINK_LENGTH_MAX, linkOf, readLink, type Shared } from "./link";

function logOf(seed: number, inputs: readonly Input[]): Log {
  const { log, fault } = Log.of(seed, inputs);
  if (log === undefined) throw new Error(fault);
  return log;
}

/** What an address gives back, which must be a moment. */
function reread(shared: Shared): Shared {
  const link = linkOf(shared);
  if (link === null) throw new Error("no link");
  expect(link.length).toBeLessThanOrEqual(LINK_LENGTH_MAX);
  const read = readLink(`#${link}`);
  if (read.shared === undefined) throw new Error(read.problem);
  return read.shared;
}

/** As a visitor may do in some minutes. */
function ownInputs(seed: number, count: number): Input[] {
  const random = seeded(seed);
  const below = (most: number) => Math.floor(random() * most);
  const inputs: Input[] = [0, 1, 2].map((replica) => ({ at: 0, kind: "join", replica }));
  for (let number = 0; number < count; number++) {
    const start = BigInt(below(900));
    const range = {
      node: ["oak", "maple", "elm", "birch"][below(4)] ?? "",
      start,
      end: start + BigInt(1 + below(100)),
    };
    const operation: Operation = [
      { op: "register", ...range } as const,
      { op: "release", ...range } as const,
      { op: "increase", ...range, by: 1 + below(9) } as const,
    ][below(3)] ?? { op: "release", ...range };
    inputs.push({ at: 100 + number * 900 + below(800), kind: "operation", replica: below(3), operations: [operation] });
  }
  return inputs;
}

describe("a link", () => {
  test("may name a country where keys are addresses, and nowhere else", () => {
    const moment: Shared = { kind: "story", story: internet, step: 1, nowMs: 9000, cursor: 2 ** 32 - 1, country: "CH" };
    expect(linkOf(moment)).toBe("internet/1/9000/4294967295/CH");
    expect(reread(moment)).toEqual(moment);
    for (const text of [
      "internet/1/9000/7/ch",
      "internet/1/9000/7/CH/DE",
      "internet/1/9000/CH",
      "who-serves/1/9000/7/CH",
    ]) {
      expect(readLink(text).problem).toMatch(/^The address names no moment/);
    }
  });

  test("of each step of each story gives back its moment, as the story and as a world of its own", () => {
    for (const story of stories) {
      story.steps.forEach(({ untilMs }, step) => {
        const moment: Shared = { kind: "story", story, step, nowMs: untilMs - 7, cursor: 7 };
        expect(reread(moment)).toEqual(moment);
        const log = logOf(story.seed, inputsUpTo(story, step));
        const world: Shared = { kind: "world", log, limit: story.limit, nowMs: untilMs, cursor: 0 };
        if (story === tenThousand) expect(linkOf(world)).toBeNull();
        else expect(reread(world)).toEqual(world);
      });
    }
  });

  test("of a hundred operations of one's own is short enough, and gives back all of them: 200 worlds", () => {
    for (let seed = 0; seed < 200; seed++) {
      const log = logOf(seed, ownInputs(seed, 100));
      const world: Shared = { kind: "world", log, limit: 1000, nowMs: 95_123, cursor: 999 };
      expect(reread(world)).toEqual(world);
    }
  });

  test("has all kinds of inputs and operations", () => {
    const range = { node: "é🌳", start: 0n, end: null };
    const weather = { delayMs: 60_000, jitterMs: 1, lossPercent: 100, duplicatePercent: 7 };
    const log = logOf(2 ** 32 - 1, [
      { at: 0, kind: "join", replica: 0 },
      { at: 0, kind: "join", replica: 15 },
      { at: 1, kind: "weather", conditions: weather },
      { at: 2, kind: "weather", conditions: weather, between: [15, 0] },
      { at: 3, kind: "cut", between: [0, 15] },
      { at: 4, kind: "mend", between: [15, 0] },
      { at: 5, kind: "offline", replica: 0 },
      { at: 6, kind: "online", replica: 0 },
      {
        at: 7,
        kind: "operation",
        replica: 15,
        operations: [
          { op: "register", ...range },
          { op: "decrease", ...range, by: 2 ** 32 - 1 },
        ],
      },
      { at: 8, kind: "operation", replica: 0, operations: [{ op: "tighten", ...range, to: { start: 1n, end: 2n } }] },
      { at: 9, kind: "crash", replica: 0 },
      { at: 10, kind: "restart", replica: 0 },
      { at: 120_000, kind: "leave", replica: 15 },
    ]);
    const world: Shared = { kind: "world", log, limit: 1000, nowMs: 120_000, cursor: 1 };
    expect(reread(world)).toEqual(world);
  });

  test("is none for a world that is too long, and for one that other tabs spoke to", () => {
    const tooLong = logOf(1, ownInputs(1, 400));
    expect(linkOf({ kind: "world", log: tooLong, limit: 1000, nowMs: 0, cursor: 0 })).toBeNull();
    const heard = logOf(1, [
      { at: 0, kind: "join", replica: 0 },
      { at: 1, kind: "told", replica: 1, knows: null },
    ]);
    expect(linkOf({ kind: "world", log: heard, limit: 1000, nowMs: 0, cursor: 0 })).toBeNull();
  });
});

describe("a hostile link", () => {
  const good = linkOf({ kind: "world", log: logOf(5, ownInputs(5, 40)), limit: 1000, nowMs: 500, cursor: 3 }) ?? "";

  const [body = ""] = good.split(".");
  const sealed = (text: string) => {
    try {
      return `${text}.${checksumOf(fromBase64(text.split("/")[2] ?? "")).toString(36)}`;
    } catch {
      return text;
    }
  };

  test("gives a sentence or a world, never anything else: 10,000 mutated ones", () => {
    const random = seeded(99);
    const below = (most: number) => Math.floor(random() * most);
    const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_/#%é ";
    let worlds = 0;
    for (let number = 0; number < 10_000; number++) {
      // Half of them with a checksum that fits, as whoever means harm can make it.
      let text = number % 2 === 0 ? good : body;
      for (let change = 0; change <= below(3); change++) {
        const at = below(text.length);
        const letter = letters[below(letters.length)] ?? "";
        const kind = below(3);
        text = text.slice(0, at) + (kind === 0 ? "" : letter) + text.slice(kind === 1 ? at : at + 1);
      }
      if (number % 2 === 1) text = sealed(text);
      const { shared, problem } = { shared: undefined, problem: undefined, ...readLink(text) };
      if (problem === undefined) {
        worlds++;
        expect(shared).toBeDefined();
      } else {
        expect(problem).toMatch(/^[A-Z].*\.$/);
      }
    }
    // Some still are worlds, so both ways were tried.
    expect(worlds).toBeGreaterThan(0);
    expect(worlds).toBeLessThan(9000);
  });

  test.each([
    ["nowhere", "There is no story of that name"],
    ["who-serves/9/0/0", "names no moment"],
    ["who-serves/0/x/0", "names no moment"],
    ["who-serves/0/1/1000", "names no moment"],
    ["who-serves/0/1/1/1", "names no moment"],
    ["world/2/AAAA", "another version"],
    ["world", "another version"],
    ["world/1/", "changed or cut off"],
    [`world/1/.${checksumOf(new Uint8Array()).toString(36)}`, "It ends too early, at byte 0"],
    ["world/1/A*", "a letter that no link has"],
    [`world/1/${"A".repeat(LINK_LENGTH_MAX + 1)}`, "longer than any"],
  ])("%s", (text, problem) => {
    expect(readLink(text).problem).toContain(problem);
  });

  const world = (write: (writer: Writer) => Writer) => {
    const bytes = write(new Writer()).finish();
    return `world/1/${toBase64(bytes)}.${checksumOf(bytes).toString(36)}`;
  };
  const start = (writer: Writer) => writer.number(1).number(1000).number(0).number(0);

  test.each([
    [
      "says that it has more inputs than it has",
      world((writer) => start(writer).number(0).number(INPUTS_MAX)),
      "ends too early",
    ],
    [
      "says that it has more than there may be",
      world((writer) =>
        start(writer)
          .number(0)
          .number(INPUTS_MAX + 1),
      ),
      `over ${INPUTS_MAX}`,
    ],
    ["has a number that is too large", world((writer) => writer.number(2n ** 64n)), "too large"],
    ["has something behind its end", world((writer) => start(writer).number(0).number(0).number(0)), "behind its end"],
    [
      "has a key that is none",
      world((writer) => writer.number(1).number(1000).number(0).number(1000)),
      "not among the keys",
    ],
    [
      "cuts what has not joined",
      world((writer) => start(writer).number(0).number(1).number(5).number(6).number(0).number(1)),
      "has not joined",
    ],
    [
      "names a node that it has not",
      world((writer) => start(writer).number(0).number(1).number(5).number(9).number(0).number(1).number(0).number(0)),
      "no node of that number",
    ],
    [
      "has keys beyond its own",
      world((writer) =>
        start(writer)
          .number(1)
          .text("a")
          .number(2)
          .number(0)
          .number(0)
          .number(0)
          .number(0)
          .number(9)
          .number(0)
          .number(1)
          .number(0)
          .number(0)
          .number(1000)
          .number(1),
      ),
      "keys from 1000 on",
    ],
  ])("that %s", (_, text, problem) => {
    expect(readLink(text).problem).toContain(problem);
  });
});
