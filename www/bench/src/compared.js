// The benches that every system runs.

/** @import { Digest } from "./digest.js" */
/** @import { System } from "./system.js" */
/** @import { Item, Workload } from "./workload.js" */
import { assertSame, ofRegistrations } from "./digest.js";
import { halves, raised, tripleOf } from "./workload.js";

/**
 * Documents that the benches start from, as bytes, and what is expected of them.
 *
 * @template Doc
 * @param {System<Doc>} system
 * @param {Workload} workload
 */
export function scene(system, workload) {
  const parts = halves(workload);
  const [first, second] = parts.map((items, part) => {
    const doc = system.create(part + 1);
    system.putAll(doc, items);
    const bytes = system.encode(doc);
    system.free(doc);
    return bytes;
  });
  const changes = [0, 1].map((part) => raised(workload, part, workload.n / 100));
  const [full, one, other] = [[], changes[0], changes[1]].map((items, part) => {
    // Both replicas hold everything before each makes changes.
    const [mine, theirs] = part === 2 ? [second, first] : [first, second];
    const doc = system.load(mine, part === 2 ? 2 : 1);
    system.merge(doc, theirs);
    if (items.length > 0) system.putAll(doc, items);
    const bytes = system.encode(doc);
    system.free(doc);
    return bytes;
  });
  return { first, second, full, one, other, changes };
}

/** @param {Item[]} items */
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

/** @param {Iterable<[key: string, value: number]>} entries */
function* registrations(entries) {
  for (const [key, priority] of entries) yield { ...tripleOf(key), priority };
}

/**
 * @template Doc
 * @param {System<Doc>} system
 * @param {Workload} workload
 * @param {ReturnType<typeof scene>} bytes
 */
export function benches(system, workload, { first, second, full, one, other, changes }) {
  const { items, n } = workload;
  const each = items.slice(0, system.eachMax);
  const [all, ofEach, ofChanged] = [items, each, [...items, ...changes.flat()]].map(expected);

  /**
   * @param {string} name
   * @param {number} units
   * @param {Digest} digest
   * @param {() => Doc} prepare
   * @param {(doc: Doc) => unknown} run
   */
  const bench = (name, units, digest, prepare, run) => ({
    name,
    unit: "operation",
    units,
    digest,
    prepare,
    run,
    check: (/** @type {Doc} */ doc) => {
      assertSame(`${system.name}, ${name}`, ofRegistrations(registrations(system.entries(doc))), digest);
      system.free(doc);
    },
    samples: /** @type {number[]} */ ([]),
  });
  const create = () => system.create(1);
  return [
    bench("apply one by one", each.length, ofEach, create, (doc) => system.putEach(doc, each)),
    bench("apply as a batch", n, all, create, (doc) => system.putAll(doc, items)),
    {
      ...bench("encode", n, all, () => system.load(full, 1), system.encode),
      unit: "registration",
      check(/** @type {Doc} */ doc, /** @type {Uint8Array} */ bytes) {
        const copy = system.load(bytes, 3);
        assertSame(`${system.name}, encode`, ofRegistrations(registrations(system.entries(copy))), all);
        [doc, copy].forEach(system.free);
      },
    },
    {
      ...bench("load and read all", n, all, create, () => {
        const doc = system.load(full, 3);
        return { doc, sum: system.sum(doc) };
      }),
      unit: "registration",
      check(/** @type {Doc} */ empty, /** @type {{ doc: Doc, sum: number }} */ { doc, sum }) {
        const digest = ofRegistrations(registrations(system.entries(doc)));
        assertSame(`${system.name}, load and read all`, { ...digest, sum }, all);
        [doc, empty].forEach(system.free);
      },
    },
    {
      ...bench(
        "merge halves",
        n / 2,
        all,
        () => system.load(first, 1),
        (doc) => system.merge(doc, second),
      ),
      unit: "registration",
    },
    {
      ...bench(
        "merge what differs in 2 %",
        n,
        ofChanged,
        () => system.load(one, 1),
        (doc) => system.merge(doc, other),
      ),
      unit: "registration",
    },
  ];
}

/**
 * How many bytes things take.
 *
 * @template Doc
 * @param {System<Doc>} system
 * @param {Workload} workload
 * @param {ReturnType<typeof scene>} bytes
 */
export async function sizes(system, workload, { first, second }) {
  const [one, other] = [first, second].map((mine, part) => {
    const doc = system.load(mine, part + 1);
    system.merge(doc, part === 0 ? second : first);
    return doc;
  });
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
  for (const doc of [one, other]) {
    assertSame(`${system.name}, synchronised`, ofRegistrations(registrations(system.entries(doc))), all);
  }
  [one, other].forEach(system.free);
  return { state: state / workload.n, increase, register, synchronise };
}
