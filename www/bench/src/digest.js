// What a result is known by, so that a wrong fast answer cannot pass: a count, a sum and a hash. `web-bench` of
// native-bench does the same.

/** @typedef {{ count: number, sum: number, hash: number }} Digest */

/**
 * @param {number} hash
 * @param {number} value a safe integer of at least 0
 */
export function mix(hash, value) {
  let mixed = Math.imul(hash ^ (value >>> 0), 0x9e3779b1);
  mixed ^= mixed >>> 15;
  mixed = Math.imul(mixed ^ (value / 2 ** 32), 0x85ebca6b);
  return (mixed ^ (mixed >>> 13)) >>> 0;
}

/** @param {string} node as the workload names them */
const numberOf = (node) => Number(node.slice(5));

/**
 * Of registrations in any order.
 *
 * @param {Iterable<{ node: string, start: number, end: number, priority: number }>} registrations
 * @returns {Digest}
 */
export function ofRegistrations(registrations) {
  const digest = { count: 0, sum: 0, hash: 0 };
  for (const { node, start, end, priority } of registrations) {
    digest.count += 1;
    digest.sum += priority;
    digest.hash = (digest.hash + mix(mix(mix(mix(1, start), end), numberOf(node)), priority)) >>> 0;
  }
  return digest;
}

/**
 * Of lists of owners, each with the number that it is the list of (a key, or the start of a split).
 *
 * @param {Iterable<{ of: number[], owners: { node: string, priority: number }[] }>} lists
 * @returns {Digest}
 */
export function ofOwners(lists) {
  const digest = { count: 0, sum: 0, hash: 1 };
  for (const { of, owners } of lists) {
    digest.count += 1;
    for (const number of of) digest.hash = mix(digest.hash, number);
    for (const { node, priority } of owners) {
      digest.sum += priority;
      digest.hash = mix(mix(digest.hash, numberOf(node)), priority);
    }
  }
  return digest;
}

/**
 * @param {string} what
 * @param {Digest} found
 * @param {Digest} expected
 */
export function assertSame(what, found, expected) {
  const [is, must] = [found, expected].map(({ count, sum, hash }) => `${count} items, sum ${sum}, hash ${hash}`);
  if (is !== must) throw new Error(`${what}: a wrong result: ${is}; it must be ${must}`);
}
