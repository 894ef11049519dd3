// Called by the module for each item of a list: one call instead of one for each property.

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
