import { attributesOf, type Columns, ranges, registrations } from "./answers.js";
import * as advice from "./advice.js";
import * as check from "./arguments.js";
import { Connection } from "./connection.js";
import { Core } from "./core.js";
import { failure, guarded } from "./errors.js";
import { Journal } from "./journal.js";
import { Link } from "./link.js";
import { LivingAnswer } from "./living.js";
import { mustBeLoaded } from "./module.js";
import { Operations } from "./operations.js";
import type {
  Advice,
  AdviceAims,
  Attributes,
  AttributesChange,
  Change,
  Channel,
  ConnectOptions,
  Gone,
  Key,
  KeyRange,
  KeyRangeInput,
  LoadBucket,
  MapOptions,
  Owner,
  Registration,
  ReplicaChange,
  WatchedChange,
} from "./types.js";
import { type OwnersSince, orderOf } from "./versions.js";
import { now } from "./world.js";

/**
 * One replica of a shared map: which nodes serve which key ranges, and in which order of preference.
 *
 * Operations change this replica at once and return a delta, bytes for the other replicas. Deltas may arrive late, twice and
 * in any order: replicas that have learnt the same agree on everything, without anybody coordinating.
 *
 * Every method that refuses a call throws a `RangeMapError` with a stable `code`, and has changed nothing. Beside the codes that
 * they name, all throw `freed` and `invalid-this`.
 *
 * The memory is WebAssembly's: call `free()` when you are done, or declare the map with `using`. A map that is forgotten and has no
 * open connection is freed by the garbage collector at some time. After `free()` every method throws.
 */
export class RangeMap extends Operations {
  readonly #core: Core;
  #living: LivingAnswer | undefined;

  /**
   * An empty replica under a fresh random id. With `{ ephemeral: true }` what it contributes is bound to its life, see `MapOptions`.
   *
   * A bigint is the id that it writes under. Leaving it out is right nearly always: an id must never be used by two writers, nor again
   * by a writer that lost its state. One whose highest 16 bits are `eeee` is ephemeral.
   *
   * Throws `not-initialized`, `invalid-replica`, `invalid-options`, `invalid-attributes`.
   */
  constructor(replica?: bigint | MapOptions) {
    mustBeLoaded();
    const { replica: id, attributes } = check.mapOptions(replica);
    const core = new Core(id);
    try {
      guarded(() => core.module.setAttributes(attributes));
    } catch (refused) {
      core.free();
      throw refused;
    }
    super(core);
    this.#core = core;
  }

  static #of(map: RangeMap): Core {
    if (#core in Object(map)) return map.#core;
    throw failure("invalid-this", "this is no RangeMap of this copy of the package");
  }

  /** The id that this replica writes under. */
  get replica(): bigint {
    return RangeMap.#of(this).module.replica();
  }

  /**
   * Goes on under another id, a fresh random one if it is left out, with everything that is known: for instance because somebody
   * else may write under the present one from now on. The id must not be in use elsewhere, and if it wrote before, this map must
   * know all that it wrote. What an ephemeral map contributed goes with it, under the new id; a fresh id is ephemeral if the former one
   * is, and with one that is not, all of it is bound to no life any more.
   *
   * Throws `invalid-replica`; `ephemeral` for an ephemeral id while there is a journal.
   */
  setReplica(replica?: bigint): void {
    const core = RangeMap.#of(this);
    const checked = check.replicaOrFresh(replica, core.isEphemeral);
    if (core.saving) check.permanent(checked);
    core.module.setReplica(checked);
    core.followReplica();
    core.pump("local");
  }

  /**
   * The keys of a range that a node serves and may not give up by `drain`: where fewer than `count` others come before it. Maximal ranges in
   * key order.
   *
   * O(log n + k s) for the s splits of the range with k owners, and O(log n) for each split that changed since the splits were last asked
   * for.
   *
   * Throws `invalid-node`, `invalid-key`, `invalid-range`, `invalid-amount`.
   */
  neededIn(node: string, start: Key, end: Key | null, count: number): KeyRange[] {
    const [name, [from, until], checked] = [check.node(node), check.range(start, end), check.count(count)];
    const { module } = RangeMap.#of(this);
    return ranges(guarded(() => module.neededIn(name, from, until, checked)));
  }

  /**
   * What a node should do now, so that no node is too full: which keys to take, and which to give up. It follows from this map, its `living`
   * answer, and what is handed in, all in whole numbers: maps that know the same plan the same for all nodes, and each node does its own part,
   * by `apply`. Then others learn of it, and plan again. While the load stays the same, that ends: there is nothing to do for anybody.
   *
   * Load is by buckets in key order; all who serve a key bear equal parts of it. A capacity is what a node can bear: of two, one with twice as
   * much is to get twice the load; with 0 it takes nothing and gives away what others have room for; nodes without one are left alone. Nobody
   * takes more than half the slack, so where room is scarce it may end with somebody above the whole. Each key of a bucket gets as many nodes as have to serve it, and more if it is too hot for them; where more serve than have to, some go.
   *
   * Capacities are to be of those who are there: the plan counts on all of them, but for those who are marked as down, or whose
   * registrations are dead. A bucket that has more keys than may move at once stays where it is.
   *
   * `null` for a node without a capacity, and for one that is gone. O((b + s k) log n) for b buckets, and s splits and buckets of k owners.
   *
   * Throws `invalid-node`, `invalid-key`, `invalid-range`, `invalid-amount`; `invalid-options` also if buckets are not in order, more than
   * 65,536, or if loads, keys or capacities sum up to 2^53 or more.
   */
  advice(
    node: string,
    load: readonly LoadBucket[],
    capacities: ReadonlyMap<string, number>,
    aims?: AdviceAims,
  ): Advice | null {
    const [name, words] = [check.node(node), advice.buckets(load)];
    const [names, bearable] = advice.capacities(capacities);
    const [count, moved, slack] = advice.aims(aims);
    const { module } = RangeMap.#of(this);
    const found = guarded(() => module.advice(name, words, names, bearable, count, moved, slack));
    return found ? advice.advice(name, found as [Float64Array, BigUint64Array, string[]]) : null;
  }

  /**
   * Learns what a delta, or the full state of another replica, carries. Bytes may come from anybody: what is no delta is
   * refused. An empty array, the delta of an operation that did nothing, is taken and changes nothing. What is news is posted to the
   * connections.
   *
   * A replica that learns that all it contributed to a registration was reset elsewhere drops its record of it. The others
   * hear of that with the next operation's delta, at once over a connection, or from `state()`.
   *
   * Returns disjoint ranges in order that hold every key whose owners may have changed. O(log n) for a small delta; for
   * a state O(n/64), and O(64) for each registration that differs.
   *
   * Throws `malformed`.
   */
  merge(delta: Uint8Array): KeyRange[] {
    const bytes = check.bytes(delta, "delta");
    const core = RangeMap.#of(this);
    const changed = guarded(() => core.module.merge(bytes));
    core.pump("remote");
    return ranges(changed);
  }

  /** Everything that this replica knows, itself a delta. Equal states have equal bytes. O(n). */
  state(): Uint8Array {
    return RangeMap.#of(this).module.state();
  }

  /** What this replica knows, in a few bytes for each writer: for `deltaSince` of another replica. It is no delta. */
  context(): Uint8Array {
    return RangeMap.#of(this).module.context();
  }

  /**
   * What a replica lacks that knows only that much, as a delta for anybody: the answer to its `context()`. Empty if it lacks
   * nothing; `undefined` if it is too far behind, for this replica remembers some thousands of recent effects: then hand it `state()`.
   *
   * Throws `malformed`.
   */
  deltaSince(context: Uint8Array): Uint8Array | undefined {
    const bytes = check.bytes(context, "context");
    const { module } = RangeMap.#of(this);
    return guarded(() => module.deltaSince(bytes));
  }

  /** Who serves which keys as of who is alive here. The same object each time. */
  get living(): LivingAnswer {
    const core = RangeMap.#alive(RangeMap.#of(this));
    return (this.#living ??= LivingAnswer.create(core));
  }

  /** Whether what this map contributes is bound to its life: its id tells it. */
  get isEphemeral(): boolean {
    return RangeMap.#of(this).isEphemeral;
  }

  /**
   * Marks a node as down: nothing of it counts in `living` from now on, whoever wrote it. It is this map's view alone, is not told to
   * others, and is not saved. O(n) once `living` was asked.
   *
   * Throws `invalid-node`.
   */
  markDown(node: string): void {
    RangeMap.#mark(this, node, true);
  }

  /**
   * Takes `markDown` back. O(n) once `living` was asked.
   *
   * Throws `invalid-node`.
   */
  markUp(node: string): void {
    RangeMap.#mark(this, node, false);
  }

  /** The nodes that are marked as down here, by name. O(1) each. */
  down(): string[] {
    return RangeMap.#of(this).module.down();
  }

  /**
   * Who would be evicted next, with `evictAfterMs`: the ephemeral writers that this map does not see and of which something is left, who has
   * been gone longest first. It is looked for them every second, or more often if they are evicted sooner. Empty while nobody is evicted.
   * O(log n) for each of their registrations.
   */
  gone(): Gone[] {
    const parts = RangeMap.#of(this).module.gone() as (bigint | number)[];
    const offset = Date.now() - now();
    const writers = parts.filter((part) => typeof part === "bigint");
    return writers.map((replica, at) => ({ replica, since: Math.round(Number(parts[2 * at + 1]) + offset) }));
  }

  /**
   * What a map says of itself, as far as is known here, this one itself if it is left out; of one that is gone, what it said last.
   * `undefined` if nothing is known. `living.writers` tells which maps back the owners of a key. O(log of the participants).
   *
   * Throws `invalid-replica`.
   */
  attributes(replica?: bigint): Attributes | undefined {
    const { module } = RangeMap.#of(this);
    const pairs = module.attributes(replica === undefined ? module.replica() : check.replica(replica));
    return pairs && attributesOf(pairs);
  }

  /**
   * Says that of this map from now on, to all who see it over connections that take part in presence, however many are between; it is passed on
   * at most ten times a second, and is not saved. O(log of the participants).
   *
   * Throws `invalid-attributes`.
   */
  setAttributes(attributes: Attributes): void {
    const pairs = check.attributes(attributes);
    const core = RangeMap.#of(this);
    guarded(() => core.module.setAttributes(pairs));
    core.pump("local");
  }

  /**
   * Calls back when another map says something new of itself, and returns the function that ends that.
   *
   * Throws `invalid-callback`.
   */
  onAttributes(listener: (change: AttributesChange) => void): () => void {
    const core = RangeMap.#of(this);
    return RangeMap.#alive(core).attributesChanges.subscribe(check.callback(listener));
  }

  /**
   * After how many milliseconds somebody who is gone is evicted: an ephemeral writer that this map does not see, from when it first did
   * not. `undefined`, as at first: nobody is. It should be much longer than a partition lasts, or a page is frozen. One map that stays is
   * enough, if one of its connections takes part in presence: it is ephemeral, or the connection has a `name`. While none does, it evicts
   * nobody, and then the time begins anew.
   */
  get evictAfterMs(): number | undefined {
    return RangeMap.#of(this).module.evictAfter();
  }

  /**
   * See the getter. The time counts anew.
   *
   * Throws `invalid-options`.
   */
  set evictAfterMs(evictAfterMs: number | undefined) {
    const core = RangeMap.#of(this);
    core.module.setEvictAfter(check.evictAfterMs(evictAfterMs));
    core.pump("local");
  }

  /**
   * The version of what this map answers now, 48 hexadecimal digits of 24 bytes: who keeps an answer keeps it too, and can tell of two
   * answers, also of two maps, which is the newer: see `compareVersions`. It fits into a header, such as `ETag`.
   *
   * It is newer after all that this map does or learns, and maps that know the same have the same. So it is of the whole map: it changes
   * though the owners of a key stay. The `living` answer has none: who is alive is what one map sees, at its own time. O(1), and O(64) for
   * each 64 registrations of which one changed.
   */
  version(): string {
    return RangeMap.#of(this).module.version();
  }

  /**
   * What is new about a key for who knows an answer of that version: nothing, who serves it now, or that who asks knows better, since this
   * map lacks something; then ask another map, or this one later. It costs what `version` and `owners` cost.
   *
   * Throws `invalid-key`, `malformed`.
   */
  ownersSince(key: Key, version: string): OwnersSince {
    const [checked, known] = [check.key(key), check.version(version, "version")];
    const { module } = RangeMap.#of(this);
    type Parts = [number | undefined, string | undefined, Owner[] | undefined];
    const [order, ours, owners] = guarded(() => module.ownersSince(checked, known)) as Parts;
    const is = orderOf(order);
    if (is === "same" || ours === undefined) return { is: "same" };
    return owners && is !== "older" ? { is, owners, version: ours } : { is: "older", version: ours };
  }

  /** A hash of what this replica knows: replicas with equal fingerprints know the same and answer the same. O(replicas). */
  fingerprint(): bigint {
    return RangeMap.#of(this).module.fingerprint();
  }

  /** The registrations, by start, end and node. O(n). */
  registrations(): Registration[] {
    return registrations(RangeMap.#of(this).module.registrationsIn(0n, 0n) as Columns);
  }

  /**
   * The registrations that serve some key of the range, by start, end and node. O((1 + k) log n) for the k that serve its first key, and the
   * size of the answer.
   *
   * Throws `invalid-key`, `invalid-range`.
   */
  registrationsIn(start: Key, end: Key | null): Registration[] {
    const [from, to] = check.range(start, end);
    return registrations(RangeMap.#of(this).module.registrationsIn(from, to) as Columns);
  }

  /**
   * The registrations of a node, by start and end.
   *
   * O(n log n) when nodes are first asked for, here or by `nodes()`, O(log n) for each registration that changed since then, and the size
   * of the answer. From the first time on it takes about 60 bytes of memory a registration.
   *
   * Throws `invalid-node`.
   */
  registrationsOf(node: string): Registration[] {
    const name = check.node(node);
    const { module } = RangeMap.#of(this);
    return registrations(guarded(() => module.registrationsOf(name)) as Columns);
  }

  /** The nodes with a registration, by name: by the bytes in UTF-8. Costs as `registrationsOf`, and O(log n) for each node. */
  nodes(): string[] {
    return RangeMap.#of(this).module.nodes();
  }

  /**
   * A registration's priority, or `undefined` if there is no such registration. Exact up to 2^53. O(log n).
   *
   * Throws `invalid-node`, `invalid-key`, `invalid-range`.
   */
  priority(node: string, start: Key, end: Key | null): number | undefined {
    const [name, [from, to]] = [check.node(node), check.range(start, end)];
    const { module } = RangeMap.#of(this);
    return guarded(() => module.priority(name, from, to));
  }

  /**
   * Calls back after each operation or merge that changed a priority, and returns the function that ends that.
   *
   * The callback may call the map, and free it. What it changes is told after what is being told, so every subscriber hears of all
   * changes in order. What it throws is reported like an exception in an event handler (the `error` event; in Node an
   * unhandled rejection) and disturbs nobody else.
   *
   * Throws `invalid-callback`.
   */
  onChange(listener: (change: Change) => void): () => void {
    const core = RangeMap.#of(this);
    return RangeMap.#alive(core).changes.subscribe(check.callback(listener));
  }

  /**
   * Calls back after each operation or merge by which keys of that range got other owners, or the same in another order or with other
   * priorities, with who served them before and who does now; and returns the function that ends that. Changes elsewhere are not told.
   *
   * The callback may call the map, as that of `onChange` may: operate on it, watch, end this watch or others, and free it. What it throws
   * is reported in the same way.
   *
   * O(log w) for w watches. Each change takes O((1 + h) (log n + log w)) more for the h watches that it hits, and what it changes in
   * their ranges. The map lives as long as the function that is returned.
   *
   * Throws `invalid-key`, `invalid-range`, `invalid-callback`.
   */
  watch(range: KeyRangeInput, listener: (change: WatchedChange) => void): () => void {
    const [checked, callback] = [check.rangeOf(range, "range"), check.callback(listener)];
    return RangeMap.#of(this).watch(checked, false, callback);
  }

  /**
   * Calls back when this replica goes on under another id by itself: it was retired though it lives, or somebody else writes under the
   * same. Returns the function that ends that. Ids that somebody sets, as a saved map does when its page is put aside and comes back,
   * are not told.
   *
   * Throws `invalid-callback`.
   */
  onReplica(listener: (change: ReplicaChange) => void): () => void {
    const core = RangeMap.#of(this);
    return RangeMap.#alive(core).replicaChanges.subscribe(check.callback(listener));
  }

  /**
   * Synchronises with every map that is connected to the same channel: what each knows reaches all.
   *
   * A string names a BroadcastChannel, which reaches other tabs and workers of the same origin, and this page. Anything that
   * looks like one, see `Channel`, carries the messages elsewhere, or makes trouble for a test.
   *
   * The connection stays open until it is closed or the map is freed, whether or not the returned object is kept; so long the map lives.
   * A map may have several at once: what comes over one goes on over the others where it is news. In Node, a connection to a
   * BroadcastChannel alone does not keep the process running.
   *
   * With a name in `options` the connection takes part in presence: its `peers()` are those who do as well. That of an ephemeral map does
   * without a name, too.
   *
   * Throws `channel-unavailable`, `invalid-options`, `invalid-name`; a channel that was handed in is left as it was then.
   */
  connect(channel: string | Channel, options?: ConnectOptions): Connection {
    const [checked, checkedOptions] = [check.channel(channel), check.connectOptions(options)];
    const core = RangeMap.#alive(RangeMap.#of(this));
    const link = new Link(core, checked, checkedOptions);
    core.pump("remote");
    return Connection.create(link, typeof checked === "string" ? checked : undefined);
  }

  /**
   * Opens a journal, by which what happens here can be saved, and the id gone on with after a restart. A map has one at a time;
   * what it knows already counts as not saved.
   *
   * `onUnsaved` is called when there is something to take where there was nothing, at the end of the operation, and after this call; see
   * `Journal`.
   *
   * An ephemeral map has none: it would be gone on with under an id whose life has ended.
   *
   * Throws `invalid-callback`, `already-journaled`, `ephemeral`.
   */
  journal(onUnsaved: () => void): Journal {
    check.callback(onUnsaved, "onUnsaved");
    const core = RangeMap.#alive(RangeMap.#of(this));
    check.permanent(core.module.replica());
    if (core.saving) {
      throw failure("already-journaled", "the map has an open journal: close() it before opening another");
    }
    core.saving = { page: undefined, postsUnsaved: false, onUnsaved };
    core.module.shareStorage();
    core.module.setSendsUnsaved(false);
    const journal = Journal.create(core, core.saving);
    core.drain("local");
    // Not before the caller has the journal.
    queueMicrotask(() => core.queue.tell());
    return journal;
  }

  /** Closes the connections and the journal, and gives the memory back. Freeing again does nothing. */
  free(): void {
    RangeMap.#of(this).free();
  }

  [Symbol.dispose](): void {
    this.free();
  }

  get [Symbol.toStringTag](): string {
    return "RangeMap";
  }

  static #mark(map: RangeMap, node: string, isDown: boolean): void {
    const name = check.node(node);
    const core = RangeMap.#of(map);
    const { module } = core;
    guarded(() => module.setDown(name, isDown));
    core.pump("local");
  }

  static #alive(core: Core): Core {
    return core.module && core;
  }
}
