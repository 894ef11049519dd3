// W(n) as native-bench has it, see workload.rs there: n registrations that look random and are the same everywhere.

/** @typedef {[node: number, start: number, end: number, priority: number]} Flat */

/**
 * What `range-bench workloads` prints of one: see web.rs there.
 *
 * @typedef {object} Drawn
 * @property {number} n
 * @property {string[]} nodes
 * @property {Flat[]} items
 * @property {Flat[]} newcomers
 * @property {number[]} keys
 * @property {string} owners the digest of the owners of these keys
 * @property {string} splits the digest of all splits
 */

/**
 * A registration and the operation that brings it about at once: an increase of what is not registered.
 *
 * @typedef {object} Item
 * @property {"increase"} op
 * @property {string} node
 * @property {number} start
 * @property {number} end
 * @property {number} by its priority
 * @property {string} key the triple as one string, for maps that know nothing of ranges
 */

/** @typedef {ReturnType<typeof workload>} Workload */

/** @param {Drawn} drawn */
export function workload({ n, nodes, items, newcomers, keys, owners, splits }) {
  const item = (/** @type {Flat} */ [number, start, end, by]) => {
    const node = nodes[number];
    return /** @type {Item} */ ({ op: "increase", node, start, end, by, key: keyOf(node, start, end) });
  };
  // The first half is replica 1's to write, the second half replica 2's.
  return { n, items: items.map(item), newcomers: newcomers.map(item), keys, owners, splits };
}

/**
 * A triple as a short string. Map packages have strings for keys.
 *
 * @param {string} node
 * @param {number | bigint} start
 * @param {number | bigint} end
 */
export const keyOf = (node, start, end) => `${node}/${start.toString(36)}/${end.toString(36)}`;

/** @param {string} key */
export function tripleOf(key) {
  const [node, start, end] = key.split("/");
  return { node, start: parseInt(start, 36), end: parseInt(end, 36) };
}

/** @param {Workload} workload */
export const halves = ({ n, items }) => [items.slice(0, n / 2), items.slice(n / 2)];

/**
 * `count` different items of the workload, to be raised by 7.
 *
 * @param {Workload} workload
 * @param {number} part which of the two replicas raises them: they raise different ones
 * @param {number} count
 */
export const raised = ({ n, items }, part, count) =>
  Array.from({ length: count }, (_, at) => ({ ...items[((2 * at + part) * 7919) % n], by: 7 }));
