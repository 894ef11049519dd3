/** @import { System } from "../system.js" */
import { bytesOf, total, wideId } from "../system.js";

/**
 * A LoroMap, of numbers (the last writer wins) or of counters.
 *
 * @param {typeof import("loro-crdt")} package_
 * @param {"numbers" | "counters"} kind
 * @returns {System<import("loro-crdt").LoroDoc>}
 */
export function loro({ LoroDoc, LoroCounter }, kind) {
  /** @typedef {import("loro-crdt").LoroDoc} Doc */
  /** @typedef {import("loro-crdt").LoroCounter} Counter */
  /** @param {Doc} doc */
  const mapOf = (doc) => doc.getMap("map");
  /** @param {number} replica */
  const create = (replica) => {
    const doc = new LoroDoc();
    doc.setPeerId(wideId(replica));
    return doc;
  };
  /** @type {(doc: Doc, key: string, by: number) => void} */
  const put =
    kind === "numbers"
      ? (doc, key, by) => {
          const map = mapOf(doc);
          map.set(key, /** @type {number} */ (map.get(key) ?? 0) + by);
        }
      : (doc, key, by) => {
          const map = mapOf(doc);
          const counter = /** @type {Counter | undefined} */ (map.get(key));
          (counter ?? map.setContainer(key, new LoroCounter())).increment(by);
        };
  /**
   * What the changes that `run` makes post.
   *
   * @param {Doc} doc
   * @param {() => void} run
   */
  const posted = (doc, run) => {
    /** @type {Uint8Array[]} */
    const updates = [];
    const end = doc.subscribeLocalUpdates((update) => void updates.push(update));
    run();
    doc.commit();
    end();
    return updates;
  };
  /** @param {Doc} doc */
  const values = (doc) => /** @type {Record<string, number>} */ (mapOf(doc).toJSON());
  return {
    name: `loro (${kind})`,
    create,
    putAll(doc, items) {
      for (const { key, by } of items) put(doc, key, by);
      doc.commit();
    },
    putEach(doc, items) {
      const updates = posted(doc, () => {
        for (const { key, by } of items) {
          put(doc, key, by);
          doc.commit();
        }
      });
      return bytesOf(updates);
    },
    register: (doc, { key }) => posted(doc, () => put(doc, key, 1))[0],
    encode: (doc) => doc.export({ mode: "snapshot" }),
    load(bytes, replica) {
      const doc = create(replica);
      doc.import(bytes);
      return doc;
    },
    merge: (doc, bytes) => void doc.import(bytes),
    sum: (doc) => total(Object.values(values(doc))),
    entries: (doc) => Object.entries(values(doc)),
    synchronise(one, other) {
      const [here, there] = [one.version(), other.version()];
      const toOther = one.export({ mode: "update", from: there });
      const toOne = other.export({ mode: "update", from: here });
      other.import(toOther);
      one.import(toOne);
      return bytesOf([here.encode(), there.encode(), toOther, toOne]);
    },
    free: (doc) => doc.free(),
    eachMax: Infinity,
    nMax: 10_000,
  };
}
