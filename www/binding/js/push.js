// Called by the module for each item of a list or an object: one call instead of one for each property.

/**
 * Adds to an `Owner[]`.
 *
 * @param {object[]} owners
 * @param {string} node
 * @param {number} priority
 */
export const pushOwner = (owners, node, priority) => void owners.push({ node, priority });

/**
 * Adds to a `Peer[]`.
 *
 * @param {object[]} peers
 * @param {bigint} replica
 * @param {string} name
 * @param {number} lastSeen
 * @param {boolean} alive
 * @param {boolean} left
 */
export const pushPeer = (peers, replica, name, lastSeen, alive, left) =>
  void peers.push({ replica, name, lastSeen, alive, left });

/**
 * Sets a property of an object of counts.
 *
 * @param {Record<string, number>} counts
 * @param {string} name
 * @param {number} count
 */
export const setCount = (counts, name, count) => void (counts[name] = count);
