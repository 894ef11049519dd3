/** @import { RangeMap } from "crdt-range-map" */
/** @import { System } from "../system.js" */
import { wideId } from "../system.js";
import { keyOf } from "../workload.js";

/**
 * @param {typeof import("crdt-range-map")} package_
 * @returns {System<RangeMap>}
 */
export function ours({ RangeMap }) {
  let channels = 0;
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
    async synchronise(one, other) {
      channels += 1;
      const connections = [one, other].map((map) => map.connect(`bench ${channels}`));
      while (one.fingerprint() !== other.fingerprint()) await new Promise((resolve) => setTimeout(resolve, 5));
      const posted = connections.map((connection) => {
        connection.close();
        return connection.statistics().bytesPosted;
      });
      return posted[0] + posted[1];
    },
    free: (map) => map.free(),
    eachMax: Infinity,
    nMax: Infinity,
  };
}
