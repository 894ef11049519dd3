import { backers } from "./answers.js";
import * as check from "./arguments.js";
import type { Core } from "./core.js";
import { failure } from "./errors.js";
import { Answer } from "./queries.js";
import type { Backer, Change, Key, KeyRangeInput, WatchedChange } from "./types.js";

/**
 * Who serves which keys as of who is alive: `map.living`. It has the questions of the map that are about owners, and each costs what it
 * costs there.
 *
 * It counts what permanent writers contributed, and of ephemeral ones what this map itself did and those that it sees alive, or that others
 * vouch for; and nothing of nodes that are marked as down here. So two maps that know the same may answer differently, if they see others
 * alive. While no ephemeral writer is known and no node is down, it is the map's own answer. When a writer comes or goes, that takes
 * O(log n) for each of its registrations, after O(n) the first time.
 *
 * Only a connection that takes part in presence sees who is alive. That of an ephemeral map always does; for others, give a name in the
 * options of `connect`.
 */
export class LivingAnswer extends Answer {
  readonly #core: Core;

  private constructor(core: Core) {
    super(core, true);
    this.#core = core;
  }

  /** @internal */
  static create(core: Core): LivingAnswer {
    return new LivingAnswer(core);
  }

  static #of(answer: LivingAnswer): Core {
    if (#core in Object(answer)) return answer.#core;
    throw failure("invalid-this", "this is no living answer of this copy of the package");
  }

  /**
   * Calls back when living owners may have changed: by an operation, a merge, or because a writer came or went, or a node was marked. Returns the
   * function that ends that. Otherwise it is as `onChange` of the map; `source` is "local" if it was done here. The first call takes
   * O(n log k), if an ephemeral writer is known.
   *
   * Throws `invalid-callback`.
   */
  onChange(listener: (change: Change) => void): () => void {
    const { module, livingChanges } = LivingAnswer.#of(this);
    const checked = check.callback(listener);
    // The module tells once it was asked.
    module.owners(0n, true);
    return livingChanges.subscribe(checked);
  }

  /**
   * Calls back by which keys of that range got other living owners, with who served them before and who does now; and returns the function that
   * ends that. It is as `watch` of the map, of which it takes what that takes; `source` is "local" if it was done here.
   *
   * From the first watch on the living splits are kept, also while they are the map's own: O(n log k) once.
   *
   * Throws `invalid-key`, `invalid-range`, `invalid-callback`.
   */
  watch(range: KeyRangeInput, listener: (change: WatchedChange) => void): () => void {
    const [checked, callback] = [check.rangeOf(range, "range"), check.callback(listener)];
    return LivingAnswer.#of(this).watch(checked, true, callback);
  }

  /**
   * The nodes that serve a key as of who is alive, each with the maps that back it, and what these say of themselves: the ephemeral ones that are
   * there, and the permanent ones. By node and replica. O((1 + k) log n) for the k registrations that cover the key, and O(their writers).
   *
   * Throws `invalid-key`.
   */
  writers(key: Key): Backer[] {
    const checked = check.key(key);
    return backers(LivingAnswer.#of(this).module.livingWriters(checked));
  }

  get [Symbol.toStringTag](): string {
    return "LivingAnswer";
  }
}
