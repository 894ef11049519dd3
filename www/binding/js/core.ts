// One replica with all that hangs on it: what a RangeMap, its connections and its journal share.
//
// The module says what is to be done next, and `pump` does it until there is nothing: it posts, tells callbacks, and sets the timer. No
// code of the user runs while the module is at work, so whatever runs may call anything.

import { Next, Replica } from "#glue";
import { attributesOf, type Columns, nodesAndRanges, ranges, watchedPieces } from "./answers.js";
import { Callbacks, Queue } from "./callbacks.js";
import { failure } from "./errors.js";
import type { Link } from "./link.js";
import type { AttributesChange, Change, JournalPage, Owner, ReplicaChange, WatchedChange } from "./types.js";
import { isEphemeral, now, report, seed, unref } from "./world.js";

/** The longest delay that browsers take; a longer one would be taken for none at all. */
const delayMsMax = 2 ** 31 - 1;

/** A journal that is open. */
export interface Saving {
  /** What is to be saved next. */
  page: JournalPage | undefined;
  postsUnsaved: boolean;
  onUnsaved(): void;
}

export class Core {
  readonly links = new Map<number, Link>();
  saving: Saving | undefined;
  readonly queue = new Queue();
  readonly changes = new Callbacks<Change>(this.queue);
  readonly livingChanges = new Callbacks<Change>(this.queue);
  readonly attributesChanges = new Callbacks<AttributesChange>(this.queue);
  readonly replicaChanges = new Callbacks<ReplicaChange>(this.queue);
  /** What is to be posted, and over which link. */
  readonly #posts: { link: number; bytes: Uint8Array }[] = [];
  #isPosting = false;
  #postsLater: ReturnType<typeof setTimeout> | undefined;
  /** By their numbers. */
  readonly #watches = new Map<number, (change: WatchedChange) => void>();
  #module: Replica | undefined;
  #timer: { id: ReturnType<typeof setTimeout>; dueMs: number } | undefined;

  constructor(replica: bigint) {
    this.#module = new Replica(replica, seed());
  }

  /** What is in the module. Throws `freed`. Nothing else may run before it has answered. */
  get module(): Replica {
    if (!this.#module) throw failure("freed", "the map was freed");
    return this.#module;
  }

  /** Whether what it contributes is bound to its life. */
  get isEphemeral(): boolean {
    return isEphemeral(this.module.replica());
  }

  get isFreed(): boolean {
    return this.#module === undefined;
  }

  /** Returns the function that ends the watch, which may be called any number of times. */
  watch([start, end]: [bigint, bigint], isLiving: boolean, callback: (change: WatchedChange) => void): () => void {
    const watch = this.module.watch(start, end, isLiving);
    this.#watches.set(watch, callback);
    return () => {
      if (this.#watches.delete(watch)) this.#module?.unwatch(watch);
    };
  }

  /** Does whatever is due, and tells of it. `source` is that of the changes that caused it. */
  pump(source: Change["source"]): void {
    this.drain(source);
    this.queue.tell();
  }

  /** The same, but tells nobody yet. */
  drain(source: Change["source"]): void {
    // Looked at anew each time, since posting one message may free the map.
    for (let module = this.#module; module; module = this.#module) {
      const next = module.poll(now());
      if (next === Next.Wait) {
        this.#wakeAt(module.untilMs());
        break;
      }
      this.#do(next, module, source);
    }
  }

  #do(next: Next, module: Replica, source: Change["source"]): void {
    switch (next) {
      case Next.Send: {
        this.#post(module.link(), module.takeBytes());
        break;
      }
      case Next.Save: {
        this.#save(module);
        break;
      }
      case Next.Changed: {
        this.#tell(this.changes, module, source);
        break;
      }
      case Next.LivingChanged: {
        this.#tell(this.livingChanges, module, source);
        break;
      }
      case Next.Watched: {
        const [watch, keys, owners] = module.watched() as [number, BigUint64Array, Owner[][]];
        // Who unwatches hears nothing more, not even what is queued.
        this.queue.add(() => this.#watches.get(watch)?.({ source, pieces: watchedPieces(keys, owners) }));
        break;
      }
      case Next.Peer: {
        this.links.get(module.link())?.notePeers();
        break;
      }
      case Next.Said: {
        const [replica, pairs] = module.said() as [bigint, string[]];
        this.attributesChanges.enqueue(() => ({ replica, attributes: attributesOf(pairs) }));
        break;
      }
      case Next.Renamed: {
        const [from, to, isRetired, columns] = module.renaming() as [bigint, bigint, boolean, Columns];
        const reason = isRetired ? "retired" : "twin";
        this.replicaChanges.enqueue(() => ({ from, to, reason, unheard: nodesAndRanges(columns) }));
        this.followReplica();
        break;
      }
    }
  }

  /**
   * A channel may call anything within `postMessage`, and so cause more to be posted. Done at once that would nest without end, so each round of
   * it comes in a task of its own.
   */
  #post(link: number, bytes: Uint8Array): void {
    this.#posts.push({ link, bytes });
    if (!this.#isPosting && this.#postsLater === undefined) this.flush();
  }

  /** Posts all that is to be posted, in order. */
  flush(): void {
    const wasPosting = this.#isPosting;
    this.#isPosting = true;
    // A link may be closed meanwhile.
    for (const { link, bytes } of this.#posts.splice(0)) this.links.get(link)?.post(bytes);
    this.#isPosting = wasPosting;
    if (wasPosting || this.#posts.length === 0) return;
    const post = () => {
      this.#postsLater = undefined;
      this.flush();
    };
    this.#postsLater ??= unref(setTimeout(post));
  }

  #tell(changes: Callbacks<Change>, module: Replica, source: Change["source"]): void {
    if (changes.isEmpty) return;
    const keys = module.ranges();
    changes.enqueue(() => ({ source, ranges: ranges(keys) }));
  }

  #save(module: Replica): void {
    const { saving } = this;
    if (!saving) return;
    type Parts = [number, bigint, number, number, boolean, boolean];
    const [number, replica, first, next, isOwn, isWhole] = module.page() as Parts;
    const isPosted = saving.postsUnsaved;
    saving.page = { number, replica, first, next, isOwn, isWhole, isPosted, bytes: module.takeBytes() };
    this.queue.add(() => {
      if (this.saving === saving) saving.onUnsaved();
    });
  }

  /** Takes part in presence under the id that this replica has now. */
  followReplica(): void {
    for (const link of this.links.values()) link.followReplica();
  }

  /** The replica has said goodbye, or will when all is saved. */
  leavePresence(): void {
    for (const link of this.links.values()) link.leavePresence();
  }

  #wakeAt(untilMs: number): void {
    // Later than any date is never; a timer that is set would keep this alive.
    const isNever = untilMs > Number.MAX_SAFE_INTEGER;
    // One that is early does no other harm: it finds nothing to do and is set anew.
    if (!isNever && this.#timer && this.#timer.dueMs <= untilMs) return;
    clearTimeout(this.#timer?.id);
    this.#timer = undefined;
    if (isNever) return;
    const delayMs = Math.min(Math.max(0, untilMs - now()), delayMsMax);
    const wake = () => {
      this.#timer = undefined;
      this.pump("remote");
    };
    this.#timer = { id: unref(setTimeout(wake, delayMs)), dueMs: untilMs };
  }

  /** Closes everything and gives the memory back. Nothing happens the second time. */
  free(): void {
    for (const link of this.links.values()) report(() => link.close());
    clearTimeout(this.#timer?.id);
    clearTimeout(this.#postsLater);
    this.#timer = undefined;
    this.saving = undefined;
    this.changes.clear();
    this.livingChanges.clear();
    this.attributesChanges.clear();
    this.replicaChanges.clear();
    this.#watches.clear();
    this.queue.clear();
    const module = this.#module;
    this.#module = undefined;
    module?.free();
  }
}
