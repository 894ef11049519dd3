import * as check from "./arguments.js";
import type { Core } from "./core.js";
import { failure, guarded } from "./errors.js";
import { Answer } from "./queries.js";
import type { Key, KeyRangeInput, Operation } from "./types.js";
import type { Replica } from "#glue";

/** What is done to a map: each operation changes it at once, and returns a delta, bytes for the other replicas. */
export abstract class Operations extends Answer {
  readonly #core: Core;

  /** @internal */
  constructor(core: Core) {
    super(core, false);
    this.#core = core;
  }

  /**
   * Announces that `node` serves the keys from `start` up to, but not including, `end`; `null` is no upper end.
   *
   * Returns the delta for the other replicas. It adds 1 to the priority, once, however often and by however many it is made: one that was
   * made by `increase` alone gets 1 more. Registering again still counts against a release elsewhere that has not heard of it. O(log n) for
   * n registrations.
   *
   * Throws `invalid-node`, `invalid-key`, `invalid-range`, `exhausted`, `too-long`.
   */
  register(node: string, start: Key, end: Key | null): Uint8Array {
    const [name, [from, to]] = [check.node(node), check.range(start, end)];
    return Operations.#operate(this, (module) => module.register(name, from, to));
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
    return Operations.#operate(this, (module) => module.release(name, from, to));
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
    return Operations.#operate(this, (module) => module.increase(name, from, to, amount));
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
    return Operations.#operate(this, (module) => module.decrease(name, from, to, amount));
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
    return Operations.#operate(this, (module) => module.tighten(name, fromStart, fromEnd, toStart, toEnd));
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
    return Operations.#operate(this, (module) => module.moveTo(name, fromStart, fromEnd, toStart, toEnd));
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
    return Operations.#operate(this, (module) => module.carve(name, start, end, holeStart, holeEnd));
  }

  /**
   * Hands a registration over to another node, which gets at least its priority, in one delta. What the other has of it then is bound to
   * this map's life if this map is ephemeral, and to none if not. If it serves the range already, one node fewer serves it then.
   *
   * Returns the delta for the other replicas, empty if it is the same node. O(log n).
   *
   * Throws `not-registered`, `invalid-node`, `invalid-key`, `invalid-range`, `exhausted`, `too-long`.
   */
  handOver(node: string, start: Key, end: Key | null, to: string): Uint8Array {
    const [name, [from, until], other] = [check.node(node), check.range(start, end), check.node(to, "to")];
    return Operations.#operate(this, (module) => module.handOver(name, from, until, other));
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
    return Operations.#operate(this, (module) => module.setPriority(name, from, until, priority));
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
    return Operations.#operate(this, (module) => module.drain(name, from, until, checked));
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
    return Operations.#operate(this, (module) => module.standIn(name, leaving, from, until));
  }

  /**
   * Puts one registration in place of those of the node that lie in a range, if these are all of the range: with the highest of their
   * priorities, in one delta. No owner changes by that, only their order, and the node's priority is lowered nowhere.
   *
   * Returns the delta for the other replicas, empty if there are fewer than two, or if they leave some of the range out. O(m log n) for m of
   * them, after what `registrationsOf` takes.
   *
   * Throws `invalid-node`, `invalid-key`, `invalid-range`, `exhausted`, `too-long`.
   */
  unite(node: string, start: Key, end: Key | null): Uint8Array {
    const [name, [from, until]] = [check.node(node), check.range(start, end)];
    return Operations.#operate(this, (module) => module.unite(name, from, until));
  }

  /**
   * Does many operations in one call, in order, and returns their joined delta: the way to make many changes at once.
   *
   * All or nothing: if one item is not what it must be, or refused, the error names its place in the message and as `index`, and none
   * was done. Subscribers are told once. Each costs what it costs by itself.
   *
   * Throws `invalid-operation`, `invalid-node`, `invalid-key`, `invalid-range`, `invalid-amount`, `not-registered`, `not-sub-range`,
   * `not-overlapping`, `exhausted`, `too-long`.
   */
  apply(operations: readonly Operation[]): Uint8Array {
    const { words, names } = check.operations(operations);
    return Operations.#operate(this, (module) => module.apply(words, names));
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
    return Operations.#operate(this, (module) => module.retire(checked));
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
    return Operations.#operate(this, (module) => module.maintain());
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
      return Operations.#operate(this, (module) => module.leaveNode(name));
    }
    const delta = Operations.#operate(this, (module) => module.leave());
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
    return Operations.#operate(this, (module) => module.evict(checked));
  }

  static #operate(map: Operations, operation: (module: Replica) => Uint8Array): Uint8Array {
    if (!(#core in Object(map))) throw failure("invalid-this", "this is no RangeMap of this copy of the package");
    const core = map.#core;
    const { module } = core;
    const delta = guarded(() => operation(module));
    core.pump("local");
    return delta;
  }
}
