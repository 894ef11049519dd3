// What the benches of a system start from, and how many bytes things take there.

/** @import { System } from "./system.js" */
/** @import { Item, Workload } from "./workload.js" */
import { assertSame, ofRegistrations } from "./digest.js";
import { halves, raised, tripleOf } from "./workload.js";

/** @typedef {ReturnType<typeof scene>} Scene */

/**
 * Documents as bytes: of each half, of all, and of all after either replica made changes.
 *
 * @template Doc
 * @param {System<Doc>} system
 * @param {Workload} workload
 */
export function scene(system, workload) {
  /** @type {(doc: Doc, items: Item[]) => Uint8Array} */
  const written = (doc, items) => {
    if (items.length > 0) system.putAll(doc, items);
    const bytes = system.encode(doc);
    system.free(doc);
    return bytes;
  };
  /** @type {(replica: number, mine: Uint8Array, theirs: Uint8Array) => Doc} */
  const both = (replica, mine, theirs) => {
    const doc = system.load(mine, replica);
    system.merge(doc, theirs);
    return doc;
  };
  const [first, second] = halves(workload).map((items, part) => written(system.create(part + 1), items));
  const changes = [0, 1].map((part) => raised(workload, part, workload.n / 100));
  return {
    first,
    second,
    full: written(both(1, first, second), []),
    one: written(both(1, first, second), changes[0]),
    other: written(both(2, second, first), changes[1]),
    changes,
    both,
  };
}

/**
 * The digest of the registrations that those operations make.
 *
 * @param {Item[]} items
 */
export function expected(items) {
  /** @type {Map<string, Item & { priority: number }>} */
  const sums = new Map();
  for (const item of items) {
    const sum = sums.get(item.key);
    if (sum === undefined) sums.set(item.key, { ...item, priority: item.by });
    else sum.priority += item.by;
  }
  return ofRegistrations(sums.values());
}

/**
 * The digest of what a document holds.
 *
 * @template Doc
 * @param {System<Doc>} system
 * @param {Doc} doc
 */
export function held(system, doc) {
  function* registrations() {
    for (const [key, priority] of system.entries(doc)) yield { ...tripleOf(key), priority };
  }
  return ofRegistrations(registrations());
}

/**
 * How many bytes things take.
 *
 * @template Doc
 * @param {System<Doc>} system
 * @param {Workload} workload
 * @param {Scene} scene
 */
export async function sizes(system, workload, { first, second, both }) {
  const [one, other] = /** @type {[Doc, Doc]} */ ([both(1, first, second), both(2, second, first)]);
  const state = system.encode(one).length;
  // Of an item that this replica wrote.
  const increase = system.putEach(one, [{ ...workload.items[0], by: 7 }]);
  const register = system.register(one, workload.newcomers[0]).length;
  await system.synchronise(one, other);
  // While they are apart, in one transaction at either side; of loosely coupled changes each is as long as above.
  const changes = [0, 1].map((part) => raised(workload, part, 10));
  [one, other].forEach((doc, part) => system.putAll(doc, changes[part]));
  const synchronise = await system.synchronise(one, other);
  const before = [...workload.items, { ...workload.items[0], by: 7 }, { ...workload.newcomers[0], by: 1 }];
  const all = expected([...before, ...changes.flat()]);
  for (const doc of [one, other]) assertSame(`${system.name}, synchronised`, held(system, doc), all);
  [one, other].forEach(system.free);
  return { state: state / workload.n, increase, register, synchronise };
}
