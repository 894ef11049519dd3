import * as advice from "./advice.js";
import { type Columns, ranges, registrations } from "./answers.js";
import * as check from "./arguments.js";
import { Connection } from "./connection.js";
import { Core } from "./core.js";
import { failure, guarded } from "./errors.js";
import { Journal } from "./journal.js";
import { Link } from "./link.js";
import { LivingAnswer } from "./living.js";
import { mustBeLoaded } from "./module.js";
import { Answer } from "./queries.js";
import type {
  Advice,
  AdviceAims,
  Change,
  Channel,
  ConnectOptions,
  Key,
  KeyRange,
  KeyRangeInput,
  LoadBucket,
  MapOptions,
  Operation,
  Registration,
  ReplicaChange,
  WatchedChange,
} from "./types.js";
import type { Replica } from "#glue";

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
export class RangeMap extends Answer {
  readonly #core: Core;
  #living: LivingAnswer | undefined;

  /**
   * An empty replica under a fresh random id. With `{ ephemeral: true }` what it contributes is bound to its life, see `MapOptions`.
   *
   * A bigint is the id that it writes under. Leaving it out is right nearly always: an id must never be used by two writers, nor again
   * by a writer that lost its state. One whose highest 16 bits are `eeee` is ephemeral.
   *
   * Throws `not-initialized`, `invalid-replica`, `invalid-options`.
   */
  constructor(replica?: bigint | MapOptions) {
    mustBeLoaded();
    const core = new Core(check.replicaOfMap(replica));
    super(core, false);
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
   * Announces that `node` serves the keys from `start` up to, but not including, `end`; `null` is no upper end.
   *
   * Returns the delta for the other replicas. A registration has priority 1, however often it is made; registering again
   * still counts against a release elsewhere that has not heard of it. O(log n) for n registrations.
   *
   * Throws `invalid-node`, `invalid-key`, `invalid-range`, `exhausted`, `too-long`.
   */
  register(node: string, start: Key, end: Key | null): Uint8Array {
    const [name, [from, to]] = [check.node(node), check.range(start, end)];
    return RangeMap.#operate(this, (module) => module.register(name, from, to));
  }

  /**
   * Withdraws a registration: everything that this replica knows of it. What others add to it at the same time survives.
   *
   * Returns the delta for the other replicas, empty if there was nothing to withdraw. O(log n).
   *
   * Throws `invalid-node`, `invalid-key`, `invalid-range`, `exhausted`.
   */
  release(node: string, start: Key, end: Key | null): Uint8Array {
    const [name, [from, to]] = [check.node(node), check.range(start, end)];
    return RangeMap.#operate(this, (module) => module.release(name, from, to));
  }

  /**
   * Increases a registration's priority by `by`, 1 if it is left out. If there is no such registration it is made, with
   * priority `by`.
   *
   * Returns the delta for the other replicas. O(log n).
   *
   * Throws `invalid-node`, `invalid-key`, `invalid-range`, `invalid-amount`, `exhausted`, `too-long`.
   */
  increase(node: string, start: Key, end: Key | null, by?: number): Uint8Array {
    const [name, [from, to], amount] = [check.node(node), check.range(start, end), check.amount(by)];
    return RangeMap.#operate(this, (module) => module.increase(name, from, to, amount));
  }

  /**
   * Decreases a registration's priority by `by`, 1 if it is left out. What would fall below 1 is released.
   *
   * Returns the delta for the other replicas, empty if there is no such registration. O(log n).
   *
   * Throws `invalid-node`, `invalid-key`, `invalid-range`, `invalid-amount`, `exhausted`, `too-long`.
   */
  decrease(node: string, start: Key, end: Key | null, by?: number): Uint8Array {
    const [name, [from, to], amount] = [check.node(node), check.range(start, end), check.amount(by)];
    return RangeMap.#operate(this, (module) => module.decrease(name, from, to, amount));
  }

  /**
   * Moves a registration to a smaller range within its own, and keeps at least its priority, in one delta.
   *
   * Returns the delta for the other replicas. O(log n).
   *
   * Throws `not-registered`, `not-sub-range`, `invalid-node`, `invalid-key`, `invalid-range`, `exhausted`, `too-long`.
   */
  tighten(node: string, from: KeyRangeInput, to: KeyRangeInput): Uint8Array {
    const name = check.node(node);
    const [[fromStart, fromEnd], [toStart, toEnd]] = [check.rangeOf(from, "from"), check.rangeOf(to, "to")];
    return RangeMap.#operate(this, (module) => module.tighten(name, fromStart, fromEnd, toStart, toEnd));
  }

  /**
   * Moves a registration to any range, and keeps at least its priority there, in one delta. So nobody sees the node serve neither range,
   * unless somebody wrote to the old one at the same time.
   *
   * Returns the delta for the other replicas, empty if it is the same range. O(log n).
   *
   * Throws `not-registered`, `invalid-node`, `invalid-key`, `invalid-range`, `exhausted`, `too-long`.
   */
  moveTo(node: string, from: KeyRangeInput, to: KeyRangeInput): Uint8Array {
    const name = check.node(node);
    const [[fromStart, fromEnd], [toStart, toEnd]] = [check.rangeOf(from, "from"), check.rangeOf(to, "to")];
    return RangeMap.#operate(this, (module) => module.moveTo(name, fromStart, fromEnd, toStart, toEnd));
  }

  /**
   * Takes the keys of `hole` out of a registration, in one delta: what lies before the hole and what lies after it stay registered, each
   * with at least its priority. A hole that holds the whole range releases it.
   *
   * Returns the delta for the other replicas. O(log n).
   *
   * Throws `not-registered`, `not-overlapping`, `invalid-node`, `invalid-key`, `invalid-range`, `exhausted`, `too-long`.
   */
  carve(node: string, range: KeyRangeInput, hole: KeyRangeInput): Uint8Array {
    const name = check.node(node);
    const [[start, end], [holeStart, holeEnd]] = [check.rangeOf(range, "range"), check.rangeOf(hole, "hole")];
    return RangeMap.#operate(this, (module) => module.carve(name, start, end, holeStart, holeEnd));
  }

  /**
   * Hands a registration over to another node, which gets at least its priority, in one delta. What the other has of it then is bound to
   * this map's life if this map is ephemeral, and to none if not.
   *
   * Returns the delta for the other replicas, empty if it is the same node. O(log n).
   *
   * Throws `not-registered`, `invalid-node`, `invalid-key`, `invalid-range`, `exhausted`, `too-long`.
   */
  handOver(node: string, start: Key, end: Key | null, to: string): Uint8Array {
    const [name, [from, until], other] = [check.node(node), check.range(start, end), check.node(to, "to")];
    return RangeMap.#operate(this, (module) => module.handOver(name, from, until, other));
  }

  /**
   * Gives a registration exactly that priority, as far as is known here: an increase or a decrease by the difference, a registration if
   * there is none, and a release for 0. What others add or take at the same time counts on top.
   *
   * Returns the delta for the other replicas, empty if it has that priority. O(log n).
   *
   * Throws `invalid-node`, `invalid-key`, `invalid-range`, `invalid-amount`, `exhausted`, `too-long`.
   */
  setPriority(node: string, start: Key, end: Key | null, to: number): Uint8Array {
    const [name, [from, until], priority] = [check.node(node), check.range(start, end), check.priority(to)];
    return RangeMap.#operate(this, (module) => module.setPriority(name, from, until, priority));
  }

  /**
   * Gives up what a node serves of a range, where at least `count` others come before it: each of its registrations of which the range
   * holds a part is carved, or released, if the node is needed nowhere in that part, see `neededIn`. To be called again when something has
   * changed, until the node serves nothing of the range any more. Others first: let those who are willing `standIn` for it. Who is gone or
   * marked as down does not count: the node must be needed neither here nor in the `living` answer.
   *
   * At least `count` nodes serve what was given up, though others drain at the same time, come, and move: if for each node one replica
   * writes, and gives keys up in this way alone, with the same `count`. A node that moves registers for its new range, and then drains the
   * old one. It holds at every replica that knows who gave up what, and what they knew then; where no node serves a key again that it gave
   * up, at every one that has the delta. That also carries the registrations of those who come before the node.
   *
   * Returns the delta for the other replicas, empty if nothing may be given up yet. O(r (log n + k s)) for r registrations of the node, with
   * the s splits of k owners that they hold of the range, and what `registrationsOf` takes.
   *
   * Throws `invalid-node`, `invalid-key`, `invalid-range`, `invalid-amount`, `exhausted`, `too-long`.
   */
  drain(node: string, start: Key, end: Key | null, count: number): Uint8Array {
    const [name, [from, until], checked] = [check.node(node), check.range(start, end), check.count(count)];
    return RangeMap.#operate(this, (module) => module.drain(name, from, until, checked));
  }

  /**
   * Lets a node serve what another serves of a range, and come before it there, so that the other may `drain`. It only adds.
   *
   * Returns the delta for the other replicas, empty if it comes before it everywhere. Costs as `drain`.
   *
   * Throws `invalid-node`, `invalid-key`, `invalid-range`, `exhausted`, `too-long`.
   */
  standIn(node: string, other: string, start: Key, end: Key | null): Uint8Array {
    const [name, leaving, [from, until]] = [check.node(node), check.node(other, "other"), check.range(start, end)];
    return RangeMap.#operate(this, (module) => module.standIn(name, leaving, from, until));
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
   * answer, and what is handed in, all in whole numbers: maps that know the same plan the same for all nodes, and each node does its own part
   * by `follow`. Then others learn of it, and plan again. While the load stays the same, that ends: the steps are empty for all.
   *
   * Load is by buckets in key order; all who serve a key bear equal parts of it. A capacity is what a node can bear: of two, one with twice as
   * much is to get twice the load; with 0 it takes nothing and gives all away that has a load; nodes without one are left alone. Each key of a
   * bucket gets as many nodes as have to serve it, and more if it is too hot for them; where more serve than have to, the last go.
   *
   * `null` for a node without a capacity. O((b + s k) log n) for b buckets, and s splits and buckets of k owners.
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
    return found ? advice.advice(name, count, found as [Float64Array, BigUint64Array, string[]]) : null;
  }

  /**
   * Does what a node was advised: all of it or nothing. It gives up keys only where `advice.count` others come before the node, as `drain` does
   * and with its promise, whatever the advice was made from.
   *
   * Returns the delta for the other replicas, empty if nothing is to be done. Costs what its steps cost.
   *
   * Throws `invalid-options`, `invalid-operation`, `invalid-node`, `invalid-key`, `invalid-range`, `invalid-amount`, `exhausted`, `too-long`.
   */
  follow(advised: Advice): Uint8Array {
    const [name, words, others, count] = advice.followed(advised);
    return RangeMap.#operate(this, (module) => module.follow(name, words, others, count));
  }

  /**
   * Does many operations in one call, in order, and returns their joined delta: the way to make many changes at once.
   *
   * All or nothing: if one item is not what it must be, or refused, the error names its place in the message and as `index`, and none
   * was done. Subscribers are told once. O(log n) each.
   *
   * Throws `invalid-operation`, `invalid-node`, `invalid-key`, `invalid-range`, `invalid-amount`, `not-registered`, `not-sub-range`,
   * `exhausted`, `too-long`.
   */
  apply(operations: readonly Operation[]): Uint8Array {
    const { words, names } = check.operations(operations);
    return RangeMap.#operate(this, (module) => module.apply(words, names));
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

  /**
   * Declares that a replica writes no more: its device is lost, its tab is gone for good. What it contributed stays and counts as
   * before. Its records of registrations that were released, which only it could drop, are dropped later: by `maintain()`, or
   * over a connection when the replicas there agree. What nobody has told of by then counts as lost.
   *
   * What it sends later over a connection is refused. If it lives and learns of this, it goes on under another id by itself, see
   * `onReplica`; so does this replica if it retires itself. It cannot be taken back.
   *
   * Returns the delta for the other replicas, empty if it is known already. O(log r) for r retired.
   *
   * Throws `invalid-replica`, `exhausted`.
   */
  retire(replica: bigint): Uint8Array {
    const checked = check.replica(replica);
    return RangeMap.#operate(this, (module) => module.retire(checked));
  }

  /**
   * Clears what counts for nothing and would stay: what is left of registrations that concurrent decreases have pushed below 1,
   * and reset records of retired writers: of these at once, or, once anything came over a connection, when the other replicas agree.
   * Nothing that is visible changes. For a quiet moment now and then; one replica is enough.
   *
   * Returns the delta for the other replicas, empty if there is nothing to clear. O(n).
   *
   * Throws `exhausted`.
   */
  maintain(): Uint8Array {
    return RangeMap.#operate(this, (module) => module.maintain());
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

  /**
   * Withdraws everything that this map contributed under its id, and then says goodbye: over the connections that it has, it takes part in
   * presence no more, and `peers()` are empty. The map stays as it is otherwise; close it when it is done.
   *
   * With a node: releases every registration of that node, whoever contributed to it, and nothing else.
   *
   * What it does afterwards counts for nobody's living answer but its own, until it connects again.
   *
   * Returns the delta for the other replicas, empty if nothing was left. O(m log n) for m registrations of an ephemeral map, after O(n)
   * the first time; O(n) for others, and for a node.
   *
   * Throws `invalid-node`, `exhausted`.
   */
  leave(...of: [] | [node: string]): Uint8Array {
    // A name that is missing by mistake is no wish to withdraw everything.
    if (of.length > 0) {
      const name = check.node(of[0]);
      return RangeMap.#operate(this, (module) => module.leaveNode(name));
    }
    const delta = RangeMap.#operate(this, (module) => module.leave());
    this.#core.leavePresence();
    return delta;
  }

  /**
   * Ends a life for all: withdraws everything of a writer, and `retire`s it, in one delta. Several may do so at once, and again. If the writer
   * lives, it learns of it and goes on under another id, see `onReplica`; what it did is withdrawn all the same, so it registers anew.
   *
   * Returns the delta for the other replicas, empty if nothing is left and it is retired already. Costs as `leave`.
   *
   * Throws `invalid-replica`, `exhausted`.
   */
  evict(replica: bigint): Uint8Array {
    const checked = check.replica(replica);
    return RangeMap.#operate(this, (module) => module.evict(checked));
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
    return RangeMap.#of(this).watch(checked, callback);
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

  static #operate(map: RangeMap, operation: (module: Replica) => Uint8Array): Uint8Array {
    const core = RangeMap.#of(map);
    const { module } = core;
    const delta = guarded(() => operation(module));
    core.pump("local");
    return delta;
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
