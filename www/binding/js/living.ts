import { callback } from "./arguments.js";
import type { Core } from "./core.js";
import { failure } from "./errors.js";
import { Answer } from "./queries.js";
import type { Change } from "./types.js";

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

  /**
   * Calls back when living owners may have changed: by an operation, a merge, or because a writer came or went, or a node was marked. Returns the
   * function that ends that. Otherwise it is as `onChange` of the map; `source` is "local" if it was done here. The first call takes
   * O(n log k), if an ephemeral writer is known.
   *
   * Throws `invalid-callback`.
   */
  onChange(listener: (change: Change) => void): () => void {
    if (!(#core in Object(this))) throw failure("invalid-this", "this is no living answer of this copy of the package");
    const { module, livingChanges } = this.#core;
    const checked = callback(listener);
    // The module tells once it was asked.
    module.owners(0n, true);
    return livingChanges.subscribe(checked);
  }

  get [Symbol.toStringTag](): string {
    return "LivingAnswer";
  }
}
