/** @import { System } from "../system.js" */
import { bytesOf, total, wideId } from "../system.js";

/**
 * A Y.Map of numbers: the last writer wins.
 *
 * @param {typeof import("yjs")} Y
 * @returns {System<import("yjs").Doc>}
 */
export function yjs(Y) {
  const name = "numbers";
  /** @param {import("yjs").Doc} doc */
  const mapOf = (doc) => /** @type {import("yjs").Map<number>} */ (doc.getMap(name));
  /**
   * Ids are random 32-bit numbers there.
   *
   * @param {number} replica
   */
  const idOf = (replica) => Number(wideId(replica) >> 32n);
  /** @param {number} replica */
  const create = (replica) => {
    const doc = new Y.Doc();
    doc.clientID = idOf(replica);
    return doc;
  };
  /**
   * What the changes that `run` makes post.
   *
   * @param {import("yjs").Doc} doc
   * @param {() => void} run
   */
  const posted = (doc, run) => {
    /** @type {Uint8Array[]} */
    const updates = [];
    const listen = (/** @type {Uint8Array} */ update) => void updates.push(update);
    doc.on("update", listen);
    run();
    doc.off("update", listen);
    return updates;
  };
  return {
    name: "yjs (numbers)",
    create,
    putAll: (doc, items) =>
      doc.transact(() => {
        const map = mapOf(doc);
        for (const { key, by } of items) map.set(key, (map.get(key) ?? 0) + by);
      }),
    putEach(doc, items) {
      const map = mapOf(doc);
      const updates = posted(doc, () => {
        for (const { key, by } of items) map.set(key, (map.get(key) ?? 0) + by);
      });
      return bytesOf(updates);
    },
    register: (doc, { key }) => posted(doc, () => mapOf(doc).set(key, 1))[0],
    encode: (doc) => Y.encodeStateAsUpdate(doc),
    load(bytes, replica) {
      const doc = new Y.Doc();
      Y.applyUpdate(doc, bytes);
      // Not before: what comes under the document's own id would make it take another.
      doc.clientID = idOf(replica);
      return doc;
    },
    merge: (doc, bytes) => Y.applyUpdate(doc, bytes),
    sum: (doc) => total(mapOf(doc).values()),
    entries: (doc) => mapOf(doc).entries(),
    synchronise(one, other) {
      const [here, there] = [Y.encodeStateVector(one), Y.encodeStateVector(other)];
      const [toOther, toOne] = [Y.encodeStateAsUpdate(one, there), Y.encodeStateAsUpdate(other, here)];
      Y.applyUpdate(other, toOther);
      Y.applyUpdate(one, toOne);
      return bytesOf([here, there, toOther, toOne]);
    },
    free: (doc) => doc.destroy(),
    eachMax: Infinity,
    nMax: Infinity,
  };
}
