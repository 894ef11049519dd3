// @ts-check
/**
 * Reads which country each IPv4 range is registered in, and cuts the 140,000 ranges to a few thousand.
 *
 * The cut is by size: it keeps the ranges of 131,072 addresses (a /15) and more. That leaves some 4,300 ranges with
 * about four fifths of all assigned addresses, all over the address space and in a hundred countries, and each answer
 * that is left is the answer of the source. A slice of neighbouring ranges would be complete where it is, but show one
 * registry's corner only. What the cut costs: a gap may be an address that is in a smaller range. The page says so.
 */
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";

/** @typedef {{ country: string, start: number, end: number }} CountryRange half open */

export const SOURCE = "@ip-location-db/asn-country";
export const LEAST_ADDRESSES = 2 ** 17;

const require = createRequire(import.meta.url);

/** @returns {Promise<{ version: string, ranges: CountryRange[] }>} ranges in order, disjoint */
export async function readCountries() {
  /** @type {{ version: string }} */
  const { version } = require(`${SOURCE}/package.json`);
  const text = await readFile(require.resolve(`${SOURCE}/asn-country-ipv4-num.csv`), "utf8");
  const ranges = text.trimEnd().split("\n").map(parseLine);
  ranges.forEach((range, index) => {
    const before = ranges[index - 1];
    if (before !== undefined && before.end > range.start) throw new Error(`line ${index + 1} overlaps the one before`);
  });
  return { version, ranges };
}

/**
 * `first address,last address,country`: in the source both ends are part of the range.
 *
 * @param {string} line
 * @param {number} index
 * @returns {CountryRange}
 */
function parseLine(line, index) {
  const [, first, last, country] = /^(\d+),(\d+),([A-Z]{2})\r?$/.exec(line) ?? [];
  if (first === undefined || last === undefined || country === undefined)
    throw new Error(`line ${index + 1} is not "first,last,country": ${line}`);
  return { country, start: Number(first), end: Number(last) + 1 };
}

/** @param {readonly CountryRange[]} ranges */
export function cutToLargeRanges(ranges) {
  return ranges.filter(({ start, end }) => end - start >= LEAST_ADDRESSES);
}
