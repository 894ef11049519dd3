/**
 * The registry as a file: a mark and a version, the facts, the countries, then each block as its distance from the one before, its
 * length, and its country's place; all in units of the greatest power of two that divides them. A checksum of all that stands last.
 */
import type { Block, Facts, Registry } from "../stories/registry";
import { checksumOf, Reader, Unreadable, Writer } from "./bytes";

const MARK = "IPv4 by country";
const VERSION = 1;
const ADDRESSES = 2 ** 32;
const TEXT_BYTES_MAX = 100;
const COUNTRIES_MAX = 26 * 26;
/** More than ever were, and few enough for a page. */
const BLOCKS_MAX = 9_000;
const CHECKSUM_BYTES = 4;

export function writeRegistry({ facts, blocks }: Registry): Uint8Array {
  const countries = [...new Set(blocks.map(({ country }) => country))];
  const unit = unitOf(blocks);
  const writer = new Writer()
    .text(MARK)
    .number(VERSION)
    .text(facts.source)
    .text(facts.version)
    .number(facts.leastAddresses)
    .number(facts.rangesInSource)
    .number(facts.addressesInSource)
    .number(countries.length);
  for (const country of countries) writer.text(country);
  writer.number(unit).number(blocks.length);
  let last = 0;
  for (const { country, start, end } of blocks) {
    writer
      .number((start - last) / unit)
      .number((end - start) / unit)
      .number(countries.indexOf(country));
    last = end;
  }
  const body = writer.finish();
  const file = new Uint8Array(body.length + CHECKSUM_BYTES);
  file.set(body);
  new DataView(file.buffer).setUint32(body.length, checksumOf(body));
  return file;
}

function unitOf(blocks: readonly Block[]): number {
  let unit = 2 ** 31;
  while (blocks.some(({ start, end }) => start % unit !== 0 || end % unit !== 0)) unit /= 2;
  return unit;
}

export type Read =
  | { readonly registry: Registry; readonly problem?: undefined }
  | { readonly registry?: undefined; readonly problem: string };

/** What a file holds, or why it is of no use, in words. */
export function readRegistry(file: Uint8Array): Read {
  const body = file.subarray(0, Math.max(0, file.length - CHECKSUM_BYTES));
  const reader = new Reader(body);
  try {
    if (reader.text(TEXT_BYTES_MAX) !== MARK) return { problem: "The file that came is not the registry." };
    if (reader.number(ADDRESSES) !== VERSION)
      return { problem: "The registry's file was made by another version of this page." };
    if (new DataView(file.buffer, file.byteOffset).getUint32(body.length) !== checksumOf(body))
      return { problem: "The registry's file was changed or cut off on its way." };
    return { registry: readRest(reader) };
  } catch (error) {
    if (error instanceof Unreadable) return { problem: `The registry's file cannot be read: ${error.message}.` };
    throw error;
  }
}

function readRest(reader: Reader): Registry {
  const facts: Facts = {
    source: reader.text(TEXT_BYTES_MAX),
    version: reader.text(TEXT_BYTES_MAX),
    leastAddresses: reader.number(ADDRESSES),
    rangesInSource: reader.number(ADDRESSES),
    addressesInSource: reader.number(ADDRESSES),
  };
  const countries = Array.from({ length: reader.number(COUNTRIES_MAX) }, () => {
    const country = reader.text(2);
    return /^[A-Z]{2}$/.test(country) ? country : reader.fail("A country has no code");
  });
  const unit = reader.number(ADDRESSES);
  let last = 0;
  const blocks = Array.from({ length: reader.number(BLOCKS_MAX) }, (): Block => {
    const start = last + unit * reader.number(ADDRESSES);
    last = start + unit * reader.number(ADDRESSES);
    if (last <= start || last > ADDRESSES) reader.fail("A block has no place among the addresses");
    const country = countries[reader.number(COUNTRIES_MAX)] ?? reader.fail("A block has no country");
    return { country, start, end: last };
  });
  if (!reader.isAtEnd) reader.fail("There is something behind its end");
  return { facts, blocks };
}
