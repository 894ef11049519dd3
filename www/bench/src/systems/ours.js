/** @import { RangeMap } from "crdt-range-map" */
/** @import { System } from "../system.js" */
/** @typedef {{ onmessage: ((event: { data: Uint8Array }) => void) | null, postMessage(data: Uint8Array): void, close(): void }} Channel */
import { wideId } from "../system.js";
import { keyOf } from "../workload.js";

/**
 * @param {typeof import("crdt-range-map")} package_
 * @returns {System<RangeMap>}
 */
export function ours({ RangeMap }) {
  return {
    name: "crdt-range-map",
    create: (replica) => new RangeMap(wideId(replica)),
    putAll: (map, items) => void map.apply(items),
    putEach(map, items) {
      let bytes = 0;
      for (const { node, start, end, by } of items) bytes += map.increase(node, start, end, by).length;
      return bytes;
    },
    register: (map, { node, start, end }) => map.register(node, start, end),
    encode: (map) => map.state(),
    load(bytes, replica) {
      const map = new RangeMap(wideId(replica));
      map.merge(bytes);
      return map;
    },
    merge: (map, bytes) => void map.merge(bytes),
    sum(map) {
      let sum = 0;
      for (const { priority } of map.registrations()) sum += priority;
      return sum;
    },
    entries: (map) =>
      map.registrations().map(({ node, start, end, priority }) => [keyOf(node, start, end ?? 0n), priority]),
    synchronise: (one, other) =>
      new Promise((resolve, reject) => {
        let bytes = 0;
        /** @type {{ close(): void }[]} */
        let connections = [];
        // In Node it also keeps the process alive, which the connections' own timers do not.
        const limit = setTimeout(() => end(() => reject(new Error("the maps do not become equal"))), 60_000);
        const end = (/** @type {() => void} */ settle) => {
          clearTimeout(limit);
          connections.forEach((connection) => connection.close());
          settle();
        };
        /** @type {Channel[]} */
        const ends = [1, 0].map((to) => ({
          onmessage: null,
          postMessage(data) {
            bytes += data.length;
            queueMicrotask(() => {
              ends[to].onmessage?.({ data });
              if (one.fingerprint() === other.fingerprint()) end(() => resolve(bytes));
            });
          },
          close: () => void (ends[1 - to].onmessage = null),
        }));
        connections = [one.connect(ends[0]), other.connect(ends[1])];
      }),
    free: (map) => map.free(),
    eachMax: Infinity,
    nMax: Infinity,
  };
}
