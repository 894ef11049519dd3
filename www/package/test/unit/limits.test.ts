// A registration that is too long to be sent: one that very many have written to.
import { expect, test } from "vitest";
import { code, increase, map, type RangeMap, Recording, register } from "./kit.js";

/** An unsigned number, seven bits a byte. */
function number(value: number): number[] {
  return value < 128 ? [value] : [(value % 128) + 128, ...number(Math.floor(value / 128))];
}

/** Numbers below 2^24 in blocks of 128, each in as many bits as its greatest needs. */
function column(count: number, value: (at: number) => number): number[] {
  const bytes: number[] = [];
  for (let begin = 0; begin < count; begin += 128) {
    const block = Array.from({ length: Math.min(128, count - begin) }, (_, at) => value(begin + at));
    const width = 32 - Math.clz32(Math.max(...block));
    bytes.push(width);
    let [bits, filled] = [0, 0];
    for (const each of width > 0 ? block : []) {
      bits |= each << filled;
      for (filled += width; filled >= 8; filled -= 8) {
        bytes.push(bits & 0xff);
        bits >>>= 8;
      }
    }
    if (filled > 0) bytes.push(bits);
  }
  return bytes;
}

/** The delta of that many writers, each of which has increased the registration of "a" on [0, 1) by 1. The format is that of `src/codec.rs`. */
function increasedBy(writers: number): Uint8Array {
  const ids = new DataView(new ArrayBuffer(8 * writers));
  for (let at = 0; at < writers; at += 1) ids.setBigUint64(8 * at, BigInt(1000 + at));
  const hasSum = 8;
  const head = [0x11, ...number(2 * writers + 1)];
  const known = new Uint8Array(writers).fill(2);
  const registration = [8 + 4, 1, "a".charCodeAt(0), 0, 0, ...number(writers - 1)];
  const flags = column(writers, () => hasSum);
  const writer = column(writers, (at) => at);
  const [birth, sum] = [column(writers, () => 0), column(writers, () => 0)];
  const parts = [head, new Uint8Array(ids.buffer), known, registration, flags, writer, birth, sum];
  return new Uint8Array(Buffer.concat(parts.map((part) => Uint8Array.from(part))));
}

const writers = 240_000;
const delta = increasedBy(writers);

/** A map that knows of it, and has heard of others, so that it knows what can be sent. */
function crowded(): RangeMap {
  const [here, there] = [map(1), map(2)];
  expect(here.merge(delta)).toEqual([{ start: 0n, end: 1n }]);
  expect(here.priority("a", 0, 1)).toBe(writers);
  const [end, other] = [new Recording(), new Recording()];
  here.connect(end);
  there.connect(other);
  there.register("b", 0, 1);
  for (const post of other.posts) end.hear(post);
  return here;
}

test("a registration that would be too long to be sent is refused", () => {
  const here = crowded();
  const operations = [
    () => here.register("a", 0, 1),
    () => here.increase("a", 0, 1),
    () => here.decrease("a", 0, 1),
    () => here.apply([register("c", 0, 1), increase("a", 0, 1)]),
  ];
  for (const operate of operations) expect(code(operate)).toBe("too-long");
  expect(here.registrations().map(({ node, priority }) => [node, priority])).toEqual([
    ["a", writers],
    ["b", 1],
  ]);
  here.register("a", 0, 2);
  expect(here.priority("a", 0, 2)).toBe(1);
});

test("what is too long may still be released", () => {
  const here = crowded();
  here.release("a", 0, 1);
  expect(here.priority("a", 0, 1)).toBeUndefined();
});
