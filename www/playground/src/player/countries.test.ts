import { expect, test } from "vitest";
import { ipv4Keys } from "../model/keys";
import { Registrations, Splits } from "../picture/ranges";
import { blockWords, countriesBySize, factsWords, holdingsIn, holdingWords } from "./countries";

const SIZE = 2 ** 24;
const owner = (node: string, priority = 1) => ({ node, priority });
const splits = Splits.of([
  { start: 0, end: 8 * SIZE, owners: [] },
  { start: 8 * SIZE, end: 9 * SIZE, owners: [owner("US", 2), owner("CA"), owner("birch")] },
  { start: 9 * SIZE, end: Infinity, owners: [] },
]);

test("the block of an address is told, with who stands behind, and why nobody has it", () => {
  const words = (key: number) => blockWords({ splits }, key, ipv4Keys);
  expect(words(8 * SIZE + 5)).toBe("8.0.0.0/8: United States, before Canada and birch, 16,777,216 addresses.");
  expect(
    blockWords({ splits: Splits.of([{ start: 9 * SIZE, end: Infinity, owners: [owner("AQ")] }]) }, 9 * SIZE, ipv4Keys),
  ).toBe("from 9.0.0.0 on: Antarctica, 4,143,972,352 addresses.");
  expect(words(9 * SIZE)).toMatch(/^Nobody's: it is not assigned, or /);
  expect(words(10 * SIZE)).toBe("10.0.0.0/8: no country's, private use.");
  expect(words(2 ** 32 - 1)).toBe("240.0.0.0/4: no country's, reserved for the future.");
});

test("a country's blocks are counted, the largest first, and its share of all", () => {
  const one = (node: string, start: number, end: number) => ({ node, priority: 1, start, end });
  const registrations = Registrations.of([
    one("CH", 0, 10),
    one("US", 10, 70),
    one("CH", 80, 110),
    one("US", 110, 210),
  ]);
  const holdings = holdingsIn({ registrations });
  expect(holdings.get("CH")?.blocks.map(({ start }) => start)).toEqual([80, 0]);
  expect(holdingWords("CH", holdings)).toBe("Switzerland: 2 blocks, 40 addresses, 20% of all here.");
  expect(holdingWords("LI", holdings)).toBe("Liechtenstein has no block here.");
});

test("countries come by the addresses that they have in all", () => {
  const block = (country: string, start: number, end: number) => ({ country, start, end });
  const blocks = [block("CH", 0, 50), block("US", 50, 120), block("CH", 120, 150), block("LI", 200, 201)];
  expect(countriesBySize({ blocks })).toEqual(["CH", "US", "LI"]);
});

test("what was left out is said with its numbers", () => {
  const facts = { source: "s", version: "1", leastAddresses: 100, rangesInSource: 7, addressesInSource: 1000 };
  const [first] = factsWords({ facts, blocks: [{ country: "CH", start: 0, end: 820 }] });
  expect(first).toBe(
    "Here is every range of at least 100 addresses: 1 of 7 ranges, 82% of the assigned addresses. " +
      "Smaller ranges were left out, so a gap may hide some.",
  );
});
