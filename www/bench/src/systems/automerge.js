/** @import { System } from "../system.js" */
import { bytesOf, total, wideId } from "../system.js";

/**
 * Counters in the root of a document. Documents are values there, so that one is held in a box.
 *
 * @param {typeof import("@automerge/automerge")} Automerge
 * @returns {System<{ doc: import("@automerge/automerge").Doc<Record<string, import("@automerge/automerge").Counter>> }>}
 */
export function automerge(Automerge) {
  /** @typedef {Record<string, import("@automerge/automerge").Counter>} Counters */
  /** @param {number} replica */
  const actor = (replica) => wideId(replica).toString(16).padStart(16, "0").repeat(2);
  /** @type {(counters: Counters, key: string, by: number) => void} */
  const put = (counters, key, by) => {
    if (counters[key] === undefined) counters[key] = new Automerge.Counter(by);
    else counters[key].increment(by);
  };
  /** @param {import("@automerge/automerge").Doc<Counters>} doc */
  const lastChange = (doc) => Automerge.getLastLocalChange(doc) ?? new Uint8Array();
  return {
    name: "automerge (counters)",
    create: (replica) => ({ doc: Automerge.init({ actor: actor(replica) }) }),
    putAll(box, items) {
      box.doc = Automerge.change(box.doc, (counters) => {
        for (const { key, by } of items) put(counters, key, by);
      });
    },
    putEach(box, items) {
      let bytes = 0;
      for (const { key, by } of items) {
        box.doc = Automerge.change(box.doc, (counters) => put(counters, key, by));
        bytes += lastChange(box.doc).length;
      }
      return bytes;
    },
    register(box, { key }) {
      box.doc = Automerge.change(box.doc, (counters) => put(counters, key, 1));
      return lastChange(box.doc);
    },
    encode: ({ doc }) => Automerge.save(doc),
    load: (bytes, replica) => ({ doc: Automerge.load(bytes, { actor: actor(replica) }) }),
    merge(box, bytes) {
      box.doc = Automerge.merge(box.doc, Automerge.load(bytes));
    },
    sum: ({ doc }) => total(Object.values(doc).map((counter) => counter.value)),
    entries: ({ doc }) => Object.entries(doc).map(([key, counter]) => [key, counter.value]),
    synchronise(one, other) {
      let bytes = 0;
      let [here, there] = [Automerge.initSyncState(), Automerge.initSyncState()];
      for (;;) {
        /** @type {Uint8Array | null} */
        let toOther;
        /** @type {Uint8Array | null} */
        let toOne;
        [here, toOther] = Automerge.generateSyncMessage(one.doc, here);
        if (toOther !== null) [other.doc, there] = Automerge.receiveSyncMessage(other.doc, there, toOther);
        [there, toOne] = Automerge.generateSyncMessage(other.doc, there);
        if (toOne !== null) [one.doc, here] = Automerge.receiveSyncMessage(one.doc, here, toOne);
        if (toOther === null && toOne === null) return bytes;
        bytes += bytesOf([toOther, toOne].filter((message) => message !== null));
      }
    },
    free: ({ doc }) => Automerge.free(doc),
    eachMax: 200,
    nMax: 10_000,
  };
}
