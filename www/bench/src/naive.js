// What splits and look-ups must answer, computed in an obvious way.

/** @typedef {{ node: string, start: number, end: number, priority: number }} Registration */
/** @typedef {{ node: string, priority: number }} Owner */

/**
 * The owners among registrations that cover one key.
 *
 * @param {Iterable<Registration>} covering
 */
function ordered(covering) {
  /** @type {Map<string, number>} */
  const highest = new Map();
  for (const { node, priority } of covering) highest.set(node, Math.max(priority, highest.get(node) ?? 0));
  const owners = Array.from(highest, ([node, priority]) => ({ node, priority }));
  return owners.sort((a, b) => b.priority - a.priority || (a.node < b.node ? -1 : 1));
}

/**
 * @param {Registration[]} registrations
 * @returns {{ start: number, end: number, owners: Owner[] }[]}
 */
export function splits(registrations) {
  const ends = registrations.flatMap((registration) => [
    { key: registration.start, registration },
    { key: registration.end, registration },
  ]);
  ends.sort((a, b) => a.key - b.key);
  /** @type {Set<Registration>} */
  const covering = new Set();
  /** @type {{ start: number, end: number, owners: Owner[] }[]} */
  const found = [];
  for (let at = 0; at < ends.length;) {
    const start = ends[at].key;
    for (; at < ends.length && ends[at].key === start; at += 1) {
      const { registration } = ends[at];
      if (registration.start === start) covering.add(registration);
      else covering.delete(registration);
    }
    if (covering.size === 0) continue;
    const [owners, end] = [ordered(covering), ends[at].key];
    const last = found.at(-1);
    const isSame =
      last?.end === start &&
      last.owners.length === owners.length &&
      owners.every(({ node, priority }, place) => {
        return last.owners[place].node === node && last.owners[place].priority === priority;
      });
    if (isSame) last.end = end;
    else found.push({ start, end, owners });
  }
  return found;
}

/**
 * The owners of keys, found in the splits.
 *
 * @param {ReturnType<typeof splits>} all
 * @param {number[]} keys
 */
export function ownersOf(all, keys) {
  return keys.map((key) => {
    let [low, high] = [0, all.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (all[middle].end <= key) low = middle + 1;
      else high = middle;
    }
    return low < all.length && all[low].start <= key ? all[low].owners : [];
  });
}
