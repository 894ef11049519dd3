// @ts-check
/**
 * Turns a list of registrations into one encoded delta, written by a replica of its own.
 *
 * A replica id must never be used by two writers. This one is made from what it writes: the first 64 bits of the
 * SHA-256 of the list. So whoever builds the same list uses the same id and produces the same bytes, which is the same
 * writer writing once; another list, say of a newer edition of the data, is another writer. It never writes again.
 */
import { createHash } from "node:crypto";
import { RangeMap } from "crdt-range-map";

/**
 * @typedef {object} Seed
 * @property {string} node
 * @property {number} start
 * @property {number | null} end
 * @property {number} priority
 */

/**
 * @param {string} name
 * @param {readonly Seed[]} seeds
 * @returns {{ delta: Uint8Array, replica: string }} the bytes, and the id in hexadecimal
 */
export function encodeSeed(name, seeds) {
  const replica = createHash("sha256")
    .update(JSON.stringify([name, seeds]))
    .digest()
    .readBigUInt64BE(0);
  const map = new RangeMap(replica);
  try {
    for (const { node, start, end, priority } of seeds) {
      map.register(node, start, end);
      if (priority > 1) map.increase(node, start, end, priority - 1);
    }
    return { delta: map.state(), replica: replica.toString(16).padStart(16, "0") };
  } finally {
    map.free();
  }
}
