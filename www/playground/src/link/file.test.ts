import { describe, expect, test } from "vitest";
import { seeded } from "../model/random";
import { stories } from "../stories/index";
import { inputsUpTo } from "../stories/story";
import { BYTES_MAX, type Input } from "../world/input";
import { INPUTS_MAX, Log } from "../world/log";
import { sampleLog } from "../world/samples";
import { checksumOf, Writer } from "./bytes";
import { FILE_BYTES_MAX, fileOf, readFile } from "./file";
import { PIECES_MAX, type SharedWorld } from "./world";

function logOf(seed: number, inputs: readonly Input[]): Log {
  const { log, fault } = Log.of(seed, inputs);
  if (log === undefined) throw new Error(fault);
  return log;
}

/** What a file gives back, which must be a moment. */
function reread(shared: SharedWorld): SharedWorld {
  const bytes = fileOf(shared);
  if (bytes === null) throw new Error("no file");
  const read = readFile(bytes);
  if (read.shared === undefined) throw new Error(read.problem);
  expect(isSame(fileOf(read.shared), bytes)).toBe(true);
  return read.shared;
}

/** A comparison of large arrays by the test's own means takes minutes. */
function isSame(one: Uint8Array | null, other: Uint8Array): boolean {
  return one !== null && one.length === other.length && one.every((byte, place) => byte === other[place]);
}

const worldOf = (log: Log, nowMs = 0): SharedWorld => ({ kind: "world", log, limit: 1000, nowMs, cursor: 7 });

/** As a tab may record. */
function heardInputs(): Input[] {
  const registrations = [
    { node: "é🌳", start: 0n, end: null, priority: 2 ** 32 - 1 },
    { node: "oak", start: 1n, end: 2n ** 64n - 1n, priority: 1 },
  ];
  const knows = { id: 2n ** 64n - 1n, fingerprint: "00ab000000000001", registrations };
  const way = { kind: "heard", from: 15, replica: 0, isLost: false, takesMs: 600 } as const;
  return [
    { at: 0, kind: "join", replica: 0 },
    { at: 0, kind: "operation", replica: 0, operations: [{ op: "register", node: "oak", start: 0n, end: 9n }] },
    { at: 5, kind: "told", replica: 15, knows: null },
    { at: 6, kind: "told", replica: 15, knows },
    { at: 7, ...way, bytes: new Uint8Array() },
    { at: 8, ...way, bytes: Uint8Array.from({ length: 300 }, (_, place) => place), isLost: true },
    { at: 9, kind: "cut", between: [0, 15] },
    { at: 10, kind: "told", replica: 15, knows: { ...knows, registrations: [] } },
    { at: 86_400_000, kind: "leave", replica: 15 },
  ];
}

describe("a file", () => {
  test("gives back its moment: of each story, of 100 samples, and of what was heard from other tabs", () => {
    for (const story of stories) {
      const world = worldOf(logOf(story.seed, inputsUpTo(story, story.steps.length)), 4321);
      expect(reread({ ...world, limit: story.limit })).toEqual({ ...world, limit: story.limit });
    }
    for (let seed = 0; seed < 100; seed++) {
      const world = worldOf(sampleLog(seed), 86_400_000);
      expect(reread(world)).toEqual(world);
    }
    const world = worldOf(logOf(2 ** 32 - 1, heardInputs()));
    expect(reread(world)).toEqual(world);
  });

  test("has as many bytes as it may, and is none for a longer world", () => {
    const way = { kind: "heard", from: 1, replica: 0, isLost: false, takesMs: 1 } as const;
    const messages = (count: number): Input[] => [
      { at: 0, kind: "join", replica: 0 },
      { at: 0, kind: "told", replica: 1, knows: null },
      ...Array.from({ length: count }, (_, at): Input => ({ at, ...way, bytes: new Uint8Array(BYTES_MAX - 1000) })),
    ];
    const world = worldOf(logOf(1, messages(8)));
    expect(reread(world).log.inputs).toHaveLength(10);
    expect(fileOf(world)?.length).toBeLessThanOrEqual(FILE_BYTES_MAX);
    expect(fileOf(worldOf(logOf(1, messages(9))))).toBeNull();
  });

  test("of ten thousand inputs is read in no time that anybody notices", () => {
    const cuts = Array.from({ length: INPUTS_MAX - 2 }, (_, at): Input => ({ at, kind: "cut", between: [0, 1] }));
    const joins: Input[] = [0, 1].map((replica) => ({ at: 0, kind: "join", replica }));
    const world = worldOf(logOf(1, [...joins, ...cuts]));
    expect(reread(world).log.inputs).toHaveLength(INPUTS_MAX);
  });
});

describe("a hostile file", () => {
  const good =
    fileOf(worldOf(logOf(5, [...heardInputs().slice(0, -1), ...sampleLog(3).inputs.map(later)]))) ?? new Uint8Array();

  function later(input: Input): Input {
    const at = input.at + 100;
    if ("between" in input && input.between !== undefined) {
      return { ...input, at, between: [input.between[0] + 1, input.between[1] + 1] } as Input;
    }
    return "replica" in input ? { ...input, at, replica: input.replica + 1 } : { ...input, at };
  }

  function sealed(bytes: Uint8Array): Uint8Array {
    const end = bytes.length - 4;
    if (end >= 0) new DataView(bytes.buffer, bytes.byteOffset).setUint32(end, checksumOf(bytes.subarray(0, end)));
    return bytes;
  }

  /** A sentence or a world, and soon. */
  function outcomeOf(bytes: Uint8Array): "world" | "problem" {
    const { shared, problem } = readFile(bytes);
    if (shared !== undefined) return "world";
    expect(problem).toMatch(/^The [\s\S]*\.$/);
    return "problem";
  }

  test("gives a sentence or a world, never anything else: 10,000 mutated ones", () => {
    expect(outcomeOf(good)).toBe("world");
    const random = seeded(99);
    const below = (most: number) => Math.floor(random() * most);
    const outcomes = { world: 0, problem: 0 };
    for (let number = 0; number < 10_000; number++) {
      let bytes: Uint8Array = good.slice();
      for (let change = 0; change <= below(3); change++) {
        const at = below(bytes.length);
        const kind = below(4);
        if (kind === 0) bytes = Uint8Array.from([...bytes.subarray(0, at), ...bytes.subarray(at + 1 + below(9))]);
        else if (kind === 1) bytes = Uint8Array.from([...bytes.subarray(0, at), below(256), ...bytes.subarray(at)]);
        else bytes[at] = kind === 2 ? below(256) : 255;
      }
      // Half of them with a checksum that fits, as whoever means harm can make it.
      outcomes[outcomeOf(number % 2 === 0 ? bytes : sealed(bytes))]++;
    }
    expect(outcomes.world).toBeGreaterThan(0);
    expect(outcomes.problem).toBeGreaterThan(5000);
  });

  test("that was cut off says so, wherever that was", () => {
    for (let length = 0; length < good.length; length++) {
      expect(outcomeOf(good.slice(0, length))).toBe("problem");
      if (length >= 30) expect(outcomeOf(sealed(good.slice(0, length)))).toBe("problem");
    }
  });

  const head = new TextEncoder().encode("crdt-range-map world 1\n");
  const file = (write: (writer: Writer) => Writer) => {
    const body = write(new Writer().number(1).number(1000).number(0).number(0)).finish();
    return sealed(Uint8Array.from([...head, ...body, 0, 0, 0, 0]));
  };
  const text = (text: string) => new TextEncoder().encode(text);
  /** One join of A, and then so many inputs of a kind. */
  const joined = (writer: Writer, more: number) =>
    writer
      .number(1 + more)
      .number(0)
      .number(0)
      .number(0);

  test.each([
    ["is empty", new Uint8Array(), "The file is empty."],
    [
      "is too large",
      new Uint8Array(FILE_BYTES_MAX + 1),
      "The file has 8,388,609 bytes, and a world at most 8,388,608.",
    ],
    ["is a picture", Uint8Array.from([137, 80, 78, 71]), "The file is no world: it begins otherwise, at byte 0."],
    ["begins alike", text("crdt-range-map word"), "it begins otherwise, at byte 18."],
    ["has no version", text("crdt-range-map world x\n"), "The file names no version, at byte 21."],
    ["has a long version", text(`crdt-range-map world ${"1".repeat(1e6)}\n`), "names no version"],
    [
      "is newer",
      text("crdt-range-map world 2\nabcdef"),
      "The file is of version 2, and this page reads version 1 alone.",
    ],
    ["has nothing", text("crdt-range-map world 1\nabc"), "The file was cut off, at byte 26."],
    ["was changed", text("crdt-range-map world 1\nabcdef"), "those of the checksum at byte 25."],
    ["ends too early", file((writer) => writer), "The file cannot be read: It ends too early, at byte 28."],
    ["has too many inputs", file((writer) => writer.number(0).number(INPUTS_MAX + 1)), `over ${INPUTS_MAX}, at byte`],
    ["has too many nodes", file((writer) => writer.number(PIECES_MAX + 1)), `over ${PIECES_MAX}, at byte`],
    [
      "makes no sense",
      file((writer) => writer.number(0).number(1).number(0).number(4).number(3)),
      "The world in the file cannot be: of its input 1, D has not joined by then.",
    ],
    [
      "has a message that is too long",
      file((writer) =>
        joined(writer.number(0), 1)
          .number(0)
          .number(10)
          .number(0)
          .number(1)
          .number(1)
          .number(0)
          .number(BYTES_MAX + 1),
      ),
      `over ${BYTES_MAX}, at byte`,
    ],
    [
      "hears of whom nobody has told",
      file((writer) =>
        joined(writer.number(0), 1).number(0).number(10).number(0).number(1).number(1).number(0).number(0),
      ),
      "of its input 2, B is not heard from by then.",
    ],
  ])("that %s", (_, bytes, problem) => {
    expect(readFile(bytes).problem).toContain(problem);
  });

  test("has no more operations than can be read soon, whatever its length", () => {
    const writer = new Writer().number(1).number(1000).number(0).number(0).number(1).text("a");
    joined(writer, 101);
    for (let input = 0; input < 101; input++) {
      writer.number(0).number(9).number(0).number(1000);
      for (let count = 0; count < 1000; count++)
        writer
          .number(0)
          .number(0)
          .number(count % 900)
          .number(1);
    }
    const bytes = sealed(Uint8Array.from([...head, ...writer.finish(), 0, 0, 0, 0]));
    expect(readFile(bytes).problem).toContain(`There are more than ${PIECES_MAX} operations, at byte`);
  });
});
