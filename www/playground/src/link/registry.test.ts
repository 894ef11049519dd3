import { describe, expect, test } from "vitest";
import type { Registry } from "../stories/registry";
import { checksumOf, Writer } from "./bytes";
import { readRegistry, writeRegistry } from "./registry";

const facts = { source: "somewhere", version: "1.2", leastAddresses: 2, rangesInSource: 9, addressesInSource: 99 };
const registry: Registry = {
  facts,
  blocks: [
    { country: "CH", start: 0, end: 256 },
    { country: "BR", start: 256, end: 1024 },
    { country: "CH", start: 2 ** 32 - 256, end: 2 ** 32 },
  ],
};
const file = writeRegistry(registry);
const isSentence = /^The (registry's )?file .+\.$/;

test("what is written is read", () => {
  expect(readRegistry(file)).toEqual({ registry });
  expect(readRegistry(writeRegistry({ facts, blocks: [] }))).toEqual({ registry: { facts, blocks: [] } });
  // In a larger buffer, as it may come from a network.
  const larger = new Uint8Array(file.length + 20);
  larger.set(file, 7);
  expect(readRegistry(larger.subarray(7, 7 + file.length))).toEqual({ registry });
});

describe("what is damaged is a sentence", () => {
  test("wherever it is cut off", () => {
    for (let length = 0; length < file.length; length++) {
      expect(readRegistry(file.subarray(0, length)).problem, `${length} bytes`).toMatch(isSentence);
    }
  });

  test("whichever bit of it is turned", () => {
    for (let bit = 0; bit < 8 * file.length; bit++) {
      const damaged = file.slice();
      damaged[bit >> 3]! ^= 1 << (bit & 7);
      expect(readRegistry(damaged).problem, `bit ${bit}`).toMatch(isSentence);
    }
  });

  test("also where somebody has made the checksum fit: it is that, or a registry that can be", () => {
    const body = file.subarray(0, -4);
    for (let place = 0; place < body.length; place++) {
      for (const byte of [0, 1, 127, 128, 255]) {
        const damaged = file.slice();
        damaged[place] = byte;
        new DataView(damaged.buffer).setUint32(body.length, checksumOf(damaged.subarray(0, -4)));
        const { registry: read, problem } = readRegistry(damaged);
        if (read === undefined) expect(problem).toMatch(isSentence);
        read?.blocks.forEach(({ country, start, end }, at) => {
          expect(country).toMatch(/^[A-Z]{2}$/);
          expect(start).toBeGreaterThanOrEqual(read.blocks[at - 1]?.end ?? 0);
          expect(end).toBeGreaterThan(start);
          expect(end).toBeLessThanOrEqual(2 ** 32);
        });
      }
    }
  });

  test.each([
    ["another file", new TextEncoder().encode("<!doctype html><title>Not found</title>")],
    ["another version", new Writer().text("IPv4 by country").number(2).number(0).number(0).finish()],
  ])("%s", (_, bytes) => {
    expect(readRegistry(bytes).problem).toMatch(isSentence);
  });
});
