// The benches of what only this map can do, and those that the native build runs too.

/** @import { RangeMap } from "crdt-range-map" */
/** @import { scene } from "./compared.js" */
/** @import { Digest } from "./digest.js" */
/** @import { System } from "./system.js" */
/** @import { Workload } from "./workload.js" */
import { expected } from "./compared.js";
import { assertSame, ofOwners, ofRegistrations } from "./digest.js";

/**
 * The lists of owners that columns hold.
 *
 * @param {ReturnType<RangeMap["ownersOf"]>} columns
 * @param {(at: number) => number[]} of
 */
function* lists({ ownerOffsets, ownerNodes, ownerPriorities, nodes }, of) {
  for (let at = 0; at + 1 < ownerOffsets.length; at += 1) {
    const owners = [];
    for (let place = ownerOffsets[at]; place < ownerOffsets[at + 1]; place += 1) {
      owners.push({ node: nodes[ownerNodes[place]], priority: ownerPriorities[place] });
    }
    yield { of: of(at), owners };
  }
}

/**
 * @param {System<RangeMap>} system
 * @param {Workload} workload
 * @param {ReturnType<typeof scene>} bytes
 * @param {import("../native.js").NativeRow[]} natively what the native build found
 */
export function benches(system, { n, items, keys }, { full }, natively) {
  const found = ["splits from scratch, in columns", "look-up, in columns"].map((bench) => {
    const row = natively.find((row) => row.n === n && row.bench === bench);
    if (row === undefined) throw new Error(`nobody says what "${bench}" of W(${n}) must be`);
    return row.digest;
  });
  const [ofSplits, ofKeys] = found;
  const all = expected(items);
  const load = () => system.load(full, 1);

  /**
   * @template Result
   * @param {string} name
   * @param {string} unit
   * @param {number} units
   * @param {Digest} digest of the result
   * @param {(map: RangeMap) => Result} run
   * @param {(result: Result) => Digest} digestOf
   * @param {() => RangeMap} prepare
   */
  const bench = (name, unit, units, digest, run, digestOf, prepare = load) => ({
    name,
    unit,
    units,
    digest,
    prepare,
    run,
    check(/** @type {RangeMap} */ map, /** @type {Result} */ result) {
      assertSame(name, digestOf(result), digest);
      map.free();
    },
    samples: /** @type {number[]} */ ([]),
  });
  /** A map whose splits are known. */
  const loaded = () => {
    const map = load();
    map.owners(0);
    return map;
  };
  return [
    {
      ...bench(
        "merge into an empty map",
        "registration",
        n,
        all,
        (map) => map.merge(full),
        () => all,
        () => system.create(1),
      ),
      check(/** @type {RangeMap} */ map) {
        assertSame("merge into an empty map", ofRegistrations(map.registrations().map(plain)), all);
        map.free();
      },
    },
    bench(
      "splits from scratch",
      "registration",
      n,
      ofSplits,
      (map) => map.splits(),
      (found) => ofOwners(found.map(({ start, end, owners }) => ({ of: [Number(start), Number(end)], owners }))),
    ),
    bench(
      "splits from scratch, in columns",
      "registration",
      n,
      ofSplits,
      (map) => map.splitColumns(),
      (found) => ofOwners(lists(found, (at) => [Number(found.starts[at]), Number(found.ends[at])])),
    ),
    bench(
      "registrations",
      "registration",
      n,
      all,
      (map) => map.registrations(),
      (found) => ofRegistrations(found.map(plain)),
    ),
    bench(
      "look-up, key by key",
      "key",
      keys.length,
      ofKeys,
      (map) => keys.map((key) => map.owners(key)),
      (found) => ofOwners(found.map((owners, at) => ({ of: [keys[at]], owners }))),
      loaded,
    ),
    bench(
      "look-up, in columns",
      "key",
      keys.length,
      ofKeys,
      (map) => map.ownersOf(keys),
      (found) => ofOwners(lists(found, (at) => [keys[at]])),
      loaded,
    ),
  ];
}

/** @param {import("crdt-range-map").Registration} registration */
const plain = ({ node, start, end, priority }) => ({ node, start: Number(start), end: Number(end), priority });
