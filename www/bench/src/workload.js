// W(n), the workload of native-bench: n registrations that look random and are the same everywhere. See workload.rs there.

const keySpace = 2 ** 32;
const mask = 2n ** 64n - 1n;

/** splitmix64 (Steele, Lea and Flood, 2014) */
class Random {
  /** @param {bigint} seed */
  constructor(seed) {
    this.state = seed;
  }

  draw() {
    this.state = (this.state + 0x9e3779b97f4a7c15n) & mask;
    let mixed = this.state;
    mixed = ((mixed ^ (mixed >> 30n)) * 0xbf58476d1ce4e5b9n) & mask;
    mixed = ((mixed ^ (mixed >> 27n)) * 0x94d049bb133111ebn) & mask;
    return mixed ^ (mixed >> 31n);
  }

  /** @param {number} k */
  below(k) {
    return Number((this.draw() * BigInt(k)) >> 64n);
  }
}

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

/**
 * @typedef {object} Workload
 * @property {number} n
 * @property {Item[]} items the first half is replica 1's to write, the second half replica 2's
 * @property {Item[]} newcomers ten items that are not among them
 * @property {number[]} keys 10,000 random keys to look up
 */

/**
 * @param {number} n
 * @returns {Workload}
 */
export function workload(n) {
  const seed = 0xc0ffeen ^ BigInt(n);
  const random = new Random(seed);
  const nodes = Math.max(8, Math.floor(n / 64));
  const longest = Math.max(1, Math.floor((keySpace * 8) / n));
  /** @type {Map<string, Item>} */
  const items = new Map();
  while (items.size < n + 10) {
    const node = `node-${String(random.below(nodes)).padStart(5, "0")}`;
    const start = random.below(keySpace);
    const end = start + 1 + random.below(longest);
    const key = keyOf(node, start, end);
    const by = 1 + random.below(100);
    if (!items.has(key)) items.set(key, { op: "increase", node, start, end, by, key });
  }
  const lookUps = new Random(seed ^ (5n << 56n));
  const drawn = [...items.values()];
  return {
    n,
    items: drawn.slice(0, n),
    newcomers: drawn.slice(n),
    keys: Array.from({ length: 10_000 }, () => lookUps.below(keySpace)),
  };
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
