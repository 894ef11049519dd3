// What a result is known by, so that a wrong fast answer cannot pass: a count and a hash, as in native-bench/src/check.rs.

/** FNV-1a over 64-bit words, of which each half is a number of its own. */
export class Digest {
  count = 0;
  low = 0x84222325;
  high = 0xcbf29ce4;

  /** @param {number} value a safe integer of at least 0 */
  word(value) {
    return this.halves(value, value / 2 ** 32);
  }

  /** @type {(low: number, high: number) => this} */
  halves(low, high) {
    const [mixedLow, mixedHigh] = [(this.low ^ low) >>> 0, (this.high ^ high) >>> 0];
    // Times 2^40 + 0x1b3, and the high half folded back into the low one.
    const product = mixedLow * 0x1b3;
    this.high = (mixedHigh * 0x1b3 + Math.floor(product / 2 ** 32) + mixedLow * 2 ** 8) >>> 0;
    this.low = (product ^ this.high) >>> 0;
    return this;
  }

  /** @param {string} ascii */
  text(ascii) {
    this.word(ascii.length);
    // Beyond its end are zeros, as `NaN` is there.
    const half = (/** @type {number} */ at) =>
      ascii.charCodeAt(at) |
      (ascii.charCodeAt(at + 1) << 8) |
      (ascii.charCodeAt(at + 2) << 16) |
      (ascii.charCodeAt(at + 3) << 24);
    for (let at = 0; at < ascii.length; at += 8) this.halves(half(at), half(at + 4));
    return this;
  }

  /** @param {{ node: string, priority: number }} owner */
  owner({ node, priority }) {
    return this.text(node).word(priority);
  }

  toString() {
    return `${this.count} ${[this.high, this.low].map((half) => half.toString(16).padStart(8, "0")).join("")}`;
  }
}

/**
 * Of registrations in any order: the hashes of all are added.
 *
 * @param {Iterable<{ node: string, start: number, end: number, priority: number }>} registrations
 */
export function ofRegistrations(registrations) {
  let [count, sum] = [0, 0];
  for (const registration of registrations) {
    const { low } = new Digest().word(registration.start).word(registration.end).owner(registration);
    count += 1;
    sum = (sum + low) >>> 0;
  }
  return `${count} ${sum}`;
}

/**
 * Of lists of owners, each with what it is the list of: the start and the end of a split, or a key twice.
 *
 * @param {Iterable<{ of: [number, number], owners: { node: string, priority: number }[] }>} lists
 */
export function ofOwners(lists) {
  const digest = new Digest();
  for (const { of, owners } of lists) {
    digest.count += 1;
    digest.word(of[0]).word(of[1]).word(owners.length);
    for (const owner of owners) digest.owner(owner);
  }
  return digest.toString();
}

/**
 * @param {string} what
 * @param {unknown} found
 * @param {unknown} expected
 */
export function assertSame(what, found, expected) {
  if (found !== expected) throw new Error(`${what}: a wrong result: ${found}; it must be ${expected}`);
}
