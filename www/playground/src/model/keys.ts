/**
 * How keys are typed, shown and divided on an axis. The map itself knows only unsigned 64-bit numbers; a scenario
 * chooses what they stand for. Drawing works with doubles, which is exact here: every format's keys stay below 2^53.
 */
import { failed, parsed, type Parsed } from "./parsed";

/** An end may lie one past the last key, a key may not. */
export type KeyRole = "key" | "end";

export interface Tick {
  readonly key: number;
  readonly label: string;
}

export interface KeyFormat {
  /** One past the greatest key of this key space. */
  readonly limit: number;
  /** What a well-formed key looks like, for hints. */
  readonly example: string;
  readonly range: string;
  parse(text: string, role: KeyRole): Parsed<bigint>;
  format(key: bigint): string;
  /** A range in words. An end of `null` or Infinity is none. */
  words(start: number | bigint, end: number | bigint | null): string;
  ticks(from: number, to: number, atMost: number): Tick[];
  /** The roundest key within reach of a pointer that covers `keysPerPixel` keys. */
  snap(key: number, keysPerPixel: number): number;
}

/** Whole numbers from 0 up to a limit. */
export function decimalKeys(limit: number): KeyFormat {
  return {
    limit,
    example: "420",
    range: `0 to ${limit}`,
    parse(text) {
      const digits = text.trim();
      if (digits === "") return failed("A key is needed.");
      if (!/^\d+$/.test(digits)) return failed("A whole number, digits only.");
      const key = BigInt(digits);
      return key <= BigInt(limit) ? parsed(key) : failed(`Keys here go from 0 to ${limit}.`);
    },
    format: (key) => key.toString(),
    words: decimalWords,
    ticks: (from, to, atMost) => ticksEvery(decimalStep((to - from) / atMost), from, to, (key) => key.toString()),
    snap: (key, keysPerPixel) => snapTo(key, decimalStep(keysPerPixel * 2), limit),
  };
}

export function decimalWords(start: number | bigint, end: number | bigint | null): string {
  return end === null || end === Infinity ? `from ${start} on` : `${start} – ${end}`;
}

const ADDRESSES = 2 ** 32;

/** IPv4 addresses as dotted quads. The end of the whole space, one past 255.255.255.255, is written 256.0.0.0. */
export const ipv4Keys: KeyFormat = {
  limit: ADDRESSES,
  example: "203.0.113.7",
  range: "dotted quad",
  parse(text, role) {
    const quad = text.trim();
    if (quad === "") return failed("An address is needed.");
    if (role === "end" && quad === "256.0.0.0") return parsed(BigInt(ADDRESSES));
    const parts = quad.split(".");
    if (parts.length !== 4 || !parts.every((part) => /^\d{1,3}$/.test(part)))
      return failed("Four numbers with dots, like 203.0.113.7.");
    const tooBig = parts.find((part) => Number(part) > 255);
    if (tooBig !== undefined) return failed(`${tooBig} is over 255.`);
    return parsed(BigInt(parts.reduce((sum, part) => sum * 256 + Number(part), 0)));
  },
  format: (key) => dottedQuad(Number(key)),
  words: (start, end) => addressWords(Number(start), end === null ? Infinity : Number(end)),
  ticks: (from, to, atMost) => ticksEvery(binaryStep((to - from) / atMost), from, to, dottedQuad),
  snap: (key, keysPerPixel) => snapTo(key, binaryStep(keysPerPixel * 2), ADDRESSES),
};

function dottedQuad(address: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % (shift === 24 ? 512 : 256)).join(".");
}

/** A range as its one block, `25.0.0.0/8`, if it is one. Otherwise as its first and its last address. */
function addressWords(start: number, end: number): string {
  if (end === Infinity) return `from ${dottedQuad(start)} on`;
  const bits = Math.log2(end - start);
  if (Number.isInteger(bits) && start % (end - start) === 0) return `${dottedQuad(start)}/${32 - bits}`;
  return `${dottedQuad(start)} – ${dottedQuad(end - 1)}`;
}

/** The least of 1, 2, 5, 10, 20, 50 … that is at least `step`. */
function decimalStep(step: number): number {
  if (step <= 1) return 1;
  const magnitude = 10 ** Math.floor(Math.log10(step));
  const factor = [1, 2, 5, 10].find((candidate) => candidate * magnitude >= step) ?? 10;
  return factor * magnitude;
}

/** The least power of two that is at least `step`: address blocks are aligned to those. */
function binaryStep(step: number): number {
  return step <= 1 ? 1 : 2 ** Math.ceil(Math.log2(step));
}

function snapTo(key: number, step: number, limit: number): number {
  return Math.min(limit, Math.max(0, Math.round(key / step) * step));
}

function ticksEvery(step: number, from: number, to: number, label: (key: number) => string): Tick[] {
  const ticks: Tick[] = [];
  for (let key = Math.ceil(from / step) * step; key <= to; key += step) ticks.push({ key, label: label(key) });
  return ticks;
}
