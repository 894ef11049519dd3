import { backers, type Columns, ownerColumns, pieces, ranges, splitColumns, splits, spread } from "./answers.js";
import * as check from "./arguments.js";
import type { Core } from "./core.js";
import { failure } from "./errors.js";
import type { Key, KeyRange, Owner, OwnerColumns, Piece, RouteOptions, Split, SplitColumns } from "./types.js";
import type { Replica } from "#glue";

/** Who serves which keys: the questions about owners, which a map answers, and its living answer by the same code. */
export abstract class Answer {
  readonly #core: Core;
  readonly #isLiving: boolean;

  /** @internal */
  constructor(core: Core, isLiving: boolean) {
    this.#core = core;
    this.#isLiving = isLiving;
  }

  static #module(answer: Answer): Replica {
    if (#core in Object(answer)) return answer.#core.module;
    throw failure("invalid-this", "this is no RangeMap, and no answer of one, of this copy of the package");
  }

  /**
   * Which nodes serve which keys: the maximal ranges with the same owners in the same order, in key order, without the
   * gaps.
   *
   * O(n log k) when they are first asked for, O(log n) for each that changed since then, and the size of the answer.
   */
  splits(): Split[] {
    return splits(Answer.#module(this).splitsIn(0n, 0n, this.#isLiving) as Columns);
  }

  /**
   * What the range from `start` up to `end` holds of the splits: the first and the last may be cut by it. `null` is no upper end.
   *
   * O(log n) and the size of the answer, and O(log n) for each split that changed since the splits were last asked for.
   *
   * Throws `invalid-key`, `invalid-range`.
   */
  splitsIn(start: Key, end: Key | null): Split[] {
    const [from, to] = check.range(start, end);
    return splits(Answer.#module(this).splitsIn(from, to, this.#isLiving) as Columns);
  }

  /**
   * The same as `splits()` in a few typed arrays instead of many objects: for ten thousand splits and more.
   *
   * O(n log k) when they are first asked for, O(log n) for each that changed since then, and the size of the answer.
   */
  splitColumns(): SplitColumns {
    return splitColumns(Answer.#module(this).splitsIn(0n, 0n, this.#isLiving) as Columns);
  }

  /**
   * The nodes that serve `key`, in order of preference: by priority, the highest first, then by name.
   *
   * O(log n + k) for k owners, and O(log n) for each split that changed since the splits were last asked for.
   *
   * Throws `invalid-key`.
   */
  owners(key: Key): Owner[] {
    const checked = check.key(key);
    return Answer.#module(this).owners(checked, this.#isLiving) as Owner[];
  }

  /**
   * Whom to go to for a key: its owners arranged for action. Replicas that know the same choose alike.
   *
   * `owners` names the same node first for each key of a split; here equal ones share the keys, and one node more or less moves no keys but
   * its share.
   *
   * O(log n + k log k) for k owners, with `apart` O(k) calls of it, and with `distinct` what `living.writers` takes; and O(log n) for each split that changed since the splits were
   * last asked for.
   *
   * Throws `invalid-key`, `invalid-options`.
   */
  route(key: Key, options?: RouteOptions): Owner[] {
    const checked = check.key(key);
    const { by, wanted = 2 ** 32 - 1, apart, distinct } = check.routeOptions(options);
    const isSpread = apart !== undefined || distinct !== undefined;
    const module = Answer.#module(this);
    const owners = module.route(checked, by === "weight", isSpread ? 2 ** 32 - 1 : wanted, this.#isLiving) as Owner[];
    if (apart !== undefined) return spread(owners, (node) => check.shared(apart(node))).slice(0, wanted);
    if (distinct === undefined) return owners;
    const values = new Map<string, string>();
    for (const { node, attributes } of backers(module.livingWriters(checked))) {
      if (attributes && Object.hasOwn(attributes, distinct) && !values.has(node))
        values.set(node, attributes[distinct]);
    }
    return spread(owners, (node) => values.get(node)).slice(0, wanted);
  }

  /**
   * The nodes that serve some key of the range, each once with the highest priority that it has there, in order of preference.
   *
   * O(log n + s log s) for the s splits of the range, and O(log n) for each split that changed since the splits were last asked for.
   *
   * Throws `invalid-key`, `invalid-range`.
   */
  ownersIn(start: Key, end: Key | null): Owner[] {
    const [from, to] = check.range(start, end);
    return Answer.#module(this).ownersIn(from, to, this.#isLiving) as Owner[];
  }

  /**
   * The owners of many keys, as `owners(key)` tells those of one, in typed arrays: those of each key in turn.
   *
   * O(log n + k) a key with k owners, and O(log n) for each split that changed since the splits were last asked for.
   *
   * Throws `invalid-key`.
   */
  ownersOf(keys: BigUint64Array | Float64Array | readonly Key[]): OwnerColumns {
    const checked = check.keys(keys);
    return ownerColumns(Answer.#module(this).ownersOf(checked, this.#isLiving) as Columns);
  }

  /**
   * The maximal ranges of keys that nobody serves, in key order. O(n), and O(log n) for each split that
   * changed since the splits were last asked for.
   */
  gaps(): KeyRange[] {
    return ranges(Answer.#module(this).servedByFewerThan(1, 0n, 0n, this.#isLiving));
  }

  /**
   * What the range holds of the keys that nobody serves, in key order. Costs as `servedByFewerThan`.
   *
   * Throws `invalid-key`, `invalid-range`.
   */
  gapsIn(start: Key, end: Key | null): KeyRange[] {
    const [from, to] = check.range(start, end);
    return ranges(Answer.#module(this).servedByFewerThan(1, from, to, this.#isLiving));
  }

  /**
   * What the range holds of the keys that fewer than `count` nodes serve, as maximal ranges in key order: where one more node has to be
   * found. Gaps belong to it, unless `count` is 0.
   *
   * O(log n + s) for the s splits and gaps of the range, and O(log n) for each split that changed since the splits were last asked for.
   *
   * Throws `invalid-amount`, `invalid-key`, `invalid-range`.
   */
  servedByFewerThan(count: number, start: Key, end: Key | null): KeyRange[] {
    const [checked, [from, to]] = [check.count(count), check.range(start, end)];
    return ranges(Answer.#module(this).servedByFewerThan(checked, from, to, this.#isLiving));
  }

  /**
   * What the range holds of the keys that more than `count` nodes serve, as maximal ranges in key order: where one could go. Costs as
   * `servedByFewerThan`.
   *
   * Throws `invalid-amount`, `invalid-key`, `invalid-range`.
   */
  servedByMoreThan(count: number, start: Key, end: Key | null): KeyRange[] {
    const [checked, [from, to]] = [check.count(count), check.range(start, end)];
    return ranges(Answer.#module(this).servedByMoreThan(checked, from, to, this.#isLiving));
  }

  /**
   * The range in as few pieces as can be, in key order, each served by one node throughout; what nobody serves is a piece with the node
   * `null`. All replicas that know the same answer the same.
   *
   * Each piece reaches as far as any node does that owns its first key without a break; of several that reach as far it names the one that
   * comes first among that key's owners. If every node owns one unbroken part of the range, this is also a smallest set of nodes. A node that
   * owns several parts may be named several times; whether there is a smaller set then is the set cover problem, which is NP-hard.
   *
   * O(log n), O(k log k) for each split of the range with k owners, and O(log n) for each split that changed since the splits were last asked
   * for.
   *
   * Throws `invalid-key`, `invalid-range`.
   */
  cover(start: Key, end: Key | null): Piece[] {
    const [from, to] = check.range(start, end);
    return pieces(Answer.#module(this).cover(from, to, this.#isLiving) as Columns);
  }
}
