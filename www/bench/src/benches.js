// What is timed: what every system can do, and what only this map can. Every sample's result is checked.

/** @import { RangeMap } from "crdt-range-map" */
/** @import { Scene } from "./scene.js" */
/** @import { System } from "./system.js" */
/** @import { Timed } from "./timer.js" */
/** @import { Workload } from "./workload.js" */
import { assertSame, ofOwners, ofRegistrations } from "./digest.js";
import { expected, held } from "./scene.js";
import { total } from "./system.js";

/** @typedef {Timed & { name: string, unit: string, units: number }} Bench */

/**
 * What every system runs.
 *
 * @template Doc
 * @param {System<Doc>} system
 * @param {Workload} workload
 * @param {Scene} scene
 * @returns {Bench[]}
 */
export function compared(system, { items, n }, { first, second, full, one, other, changes }) {
  const each = items.slice(0, system.eachMax);
  const [all, ofEach, ofChanged] = [items, each, [...items, ...changes.flat()]].map(expected);
  const sum = total(items.map(({ by }) => by));
  const create = () => system.create(1);
  const load = (/** @type {Uint8Array} */ bytes) => () => system.load(bytes, 1);

  /**
   * @template Result
   * @param {string} name
   * @param {[unit: string, units: number]} by
   * @param {string} digest of what `at` holds
   * @param {() => Doc} prepare
   * @param {(doc: Doc) => Result} run
   * @param {(doc: Doc, result: Result) => Doc} at the document that holds the result
   * @returns {Bench}
   */
  const bench = (name, [unit, units], digest, prepare, run, at = (doc) => doc) => ({
    ...{ name, unit, units, prepare, run, samples: [] },
    check(doc, result) {
      const found = at(doc, result);
      assertSame(`${system.name}, ${name}`, held(system, found), digest);
      new Set([doc, found]).forEach(system.free);
    },
  });
  const readAll = () => {
    const doc = system.load(full, 3);
    return { doc, sum: system.sum(doc) };
  };
  const wasRead = (/** @type {Doc} */ _, /** @type {ReturnType<typeof readAll>} */ read) => {
    assertSame(`${system.name}, read all`, read.sum, sum);
    return read.doc;
  };
  return [
    bench("apply one by one", ["operation", each.length], ofEach, create, (doc) => system.putEach(doc, each)),
    bench("apply as a batch", ["operation", n], all, create, (doc) => system.putAll(doc, items)),
    bench("encode", ["registration", n], all, load(full), system.encode, (_, bytes) => system.load(bytes, 3)),
    bench("load and read all", ["registration", n], all, create, readAll, wasRead),
    bench("merge halves", ["registration", n / 2], all, load(first), (doc) => system.merge(doc, second)),
    bench("merge what differs in 2 %", ["registration", n], ofChanged, load(one), (doc) => system.merge(doc, other)),
  ];
}

/**
 * The lists of owners that columns hold.
 *
 * @param {ReturnType<RangeMap["ownersOf"]>} columns
 * @param {(at: number) => [number, number]} of
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
 * What only this map can do.
 *
 * @param {System<RangeMap>} system
 * @param {Workload} workload with what its splits and look-ups must be
 * @param {Scene} scene
 * @returns {Bench[]}
 */
export function own(system, { n, items, keys, owners, splits }, { full }) {
  const all = expected(items);
  const load = () => system.load(full, 1);
  /** A map whose splits are known. */
  const asked = () => {
    const map = load();
    map.owners(0);
    return map;
  };
  /** @type {(at: number) => [number, number]} */
  const twice = (at) => [keys[at], keys[at]];
  /** @type {(of: { start: bigint, end: bigint | null }) => [number, number]} */
  const bounds = ({ start, end }) => [Number(start), Number(end)];
  const registrations = (/** @type {import("crdt-range-map").Registration[]} */ found) =>
    ofRegistrations(found.map((it) => ({ ...it, start: Number(it.start), end: Number(it.end) })));

  /**
   * @template Result
   * @param {string} name
   * @param {string} digest of the result
   * @param {() => RangeMap} prepare
   * @param {(map: RangeMap) => Result} run
   * @param {(result: Result, map: RangeMap) => string} digestOf
   * @param {[unit: string, units: number]} by
   * @returns {Bench}
   */
  const bench = (name, digest, prepare, run, digestOf, [unit, units] = ["registration", n]) => ({
    ...{ name, unit, units, prepare, run, samples: [] },
    check(map, result) {
      assertSame(name, digestOf(result, map), digest);
      map.free();
    },
  });
  /** @type {[unit: string, units: number]} */
  const byKey = ["key", keys.length];
  return [
    bench(
      "merge into an empty map",
      all,
      () => system.create(1),
      (map) => map.merge(full),
      (_, map) => registrations(map.registrations()),
    ),
    bench(
      "splits from scratch",
      splits,
      load,
      (map) => map.splits(),
      (found) => ofOwners(found.map((split) => ({ of: bounds(split), owners: split.owners }))),
    ),
    bench(
      "splits from scratch, in columns",
      splits,
      load,
      (map) => map.splitColumns(),
      (found) => ofOwners(lists(found, (at) => bounds({ start: found.starts[at], end: found.ends[at] }))),
    ),
    bench("registrations", all, load, (map) => map.registrations(), registrations),
    bench(
      "look-up, key by key",
      owners,
      asked,
      (map) => keys.map((key) => map.owners(key)),
      (found) => ofOwners(found.map((owners, at) => ({ of: twice(at), owners }))),
      byKey,
    ),
    bench(
      "look-up, in columns",
      owners,
      asked,
      (map) => map.ownersOf(keys),
      (found) => ofOwners(lists(found, twice)),
      byKey,
    ),
  ];
}
