/** Whole numbers and texts in few bytes, and bytes as text that may stand in an address. */

/** Said of a text that is no link; `at` is the byte where reading stopped. */
export class Unreadable extends Error {
  constructor(what: string, at: number) {
    super(`${what}, at byte ${at}`);
    this.name = "Unreadable";
  }
}

export class Writer {
  #bytes = new Uint8Array(256);
  #length = 0;

  /** Seven bits a byte, the lowest first. */
  number(value: number | bigint): this {
    let rest = BigInt(value);
    while (rest > 127n) {
      this.#push(Number(rest & 127n) | 128);
      rest >>= 7n;
    }
    this.#push(Number(rest));
    return this;
  }

  text(text: string): this {
    return this.bytes(new TextEncoder().encode(text));
  }

  /** With their number before them. */
  bytes(bytes: Uint8Array): this {
    this.number(bytes.length);
    this.#grow(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
    return this;
  }

  #push(byte: number): void {
    this.#grow(1);
    this.#bytes[this.#length++] = byte;
  }

  #grow(by: number): void {
    if (this.#length + by <= this.#bytes.length) return;
    const before = this.#bytes;
    this.#bytes = new Uint8Array(2 * (this.#length + by));
    this.#bytes.set(before);
  }

  finish(): Uint8Array<ArrayBuffer> {
    return this.#bytes.slice(0, this.#length);
  }
}

const MOST = 2n ** 64n - 1n;

export class Reader {
  readonly #bytes: Uint8Array;
  #at: number;

  constructor(bytes: Uint8Array, from = 0) {
    this.#bytes = bytes;
    this.#at = from;
  }

  get isAtEnd(): boolean {
    return this.#at === this.#bytes.length;
  }

  fail(what: string): never {
    throw new Unreadable(what, this.#at);
  }

  /** Up to 2^64 − 1. */
  bigint(): bigint {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = this.#bytes[this.#at];
      if (byte === undefined) this.fail("It ends too early");
      if (shift > 63n) this.fail("A number is too large");
      this.#at++;
      value |= BigInt(byte & 127) << shift;
      if (byte < 128) break;
    }
    if (value > MOST) this.fail("A number is too large");
    return value;
  }

  /** Up to and with `most`. */
  number(most: number): number {
    const value = this.bigint();
    return value <= BigInt(most) ? Number(value) : this.fail(`A number is over ${most}`);
  }

  text(mostBytes: number): string {
    const begin = this.#at;
    try {
      return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(this.bytes(mostBytes));
    } catch (error) {
      if (error instanceof Unreadable) throw error;
      this.#at = begin;
      return this.fail("A name is no text");
    }
  }

  bytes(most: number): Uint8Array {
    const length = this.number(most);
    const end = this.#at + length;
    if (end > this.#bytes.length) this.fail("It ends too early");
    const bytes = this.#bytes.slice(this.#at, end);
    this.#at = end;
    return bytes;
  }
}

/** FNV-1a (Fowler, Noll and Vo, 1991), 32 bits: it notices that a letter was changed or lost on the way. It is no seal. */
export function checksumOf(bytes: Uint8Array): number {
  let sum = 0x811c9dc5;
  for (const byte of bytes) sum = Math.imul(sum ^ byte, 0x01000193);
  return sum >>> 0;
}

/** Base64 with the letters that addresses may have (RFC 4648, section 5), without padding. */
export function toBase64(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

export function fromBase64(text: string): Uint8Array {
  const odd = text.search(/[^\w-]/);
  if (odd !== -1) throw new Unreadable("It has a letter that no link has", odd);
  try {
    const letters = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
    return Uint8Array.from(letters, (letter) => letter.charCodeAt(0));
  } catch {
    throw new Unreadable("It was cut off", text.length);
  }
}
