import { bytes, pageNumber, permanent, replica as replicaId, replicaOrFresh, sequenceNumber } from "./arguments.js";
import type { Core, Saving } from "./core.js";
import { failure, guarded } from "./errors.js";
import type { JournalPage } from "./types.js";
import { seed } from "./world.js";

/**
 * What of a map is not saved yet. Made by `map.journal(onUnsaved)`; the package's persistent map is written with it, and so can be
 * whatever saves a map elsewhere.
 *
 * With a journal, what this replica does is posted once it is saved. So an id whose every page was saved can be gone on with after a
 * restart: by one writer at a time, who has absorbed all pages. Several maps may save in one place, each under its own id.
 *
 * It is open until `close()`, `free()`, or until the map is freed.
 */
export class Journal {
  readonly #core: Core;
  readonly #saving: Saving;

  private constructor(core: Core, saving: Saving) {
    this.#core = core;
    this.#saving = saving;
  }

  /** @internal */
  static create(core: Core, saving: Saving): Journal {
    return new Journal(core, saving);
  }

  /** Throws `freed` once it is closed or its map is freed. */
  static #of(journal: Journal): Core {
    if (!(#core in Object(journal))) throw failure("invalid-this", "this is no Journal of this copy of the package");
    if (journal.#core.saving !== journal.#saving) throw failure("freed", "the journal was closed, or its map freed");
    return journal.#core;
  }

  /**
   * What is to be saved next, or `undefined` if nothing is: the same until `saved()` or `returned()` says what became of it, or
   * until something is absorbed. What was done here comes at once; what came over a connection a second later.
   */
  take(): JournalPage | undefined {
    Journal.#of(this);
    const { page } = this.#saving;
    return page && { ...page };
  }

  /**
   * The page of that number is saved: what it holds is posted. Nothing happens if it is not the one that is out.
   *
   * Throws `invalid-options`.
   */
  saved(number: number): void {
    const core = Journal.#of(this);
    const checked = pageNumber(number);
    if (checked === this.#saving.page?.number) this.#saving.page = undefined;
    core.module.saved(checked);
    core.pump("remote");
  }

  /**
   * The page of that number could not be saved: it is made anew a second later, with what is new.
   *
   * Throws `invalid-options`.
   */
  returned(number: number): void {
    const core = Journal.#of(this);
    const checked = pageNumber(number);
    if (checked === this.#saving.page?.number) this.#saving.page = undefined;
    core.module.notSaved(checked);
    core.pump("remote");
  }

  /**
   * Learns a page that is saved already, perhaps by another map, or a `state()`. It is not posted: who wrote it did that. A page that is out is
   * made anew, since less may be missing.
   *
   * Throws `malformed`.
   */
  absorb(page: Uint8Array): void {
    const checked = bytes(page, "page");
    const core = Journal.#of(this);
    guarded(() => core.module.absorb(checked));
    this.#saving.page = undefined;
    core.pump("remote");
  }

  /** Forgets what is saved, which counts as missing from now on, unless it is absorbed again: for another place to save in. */
  forgetSaved(): void {
    const core = Journal.#of(this);
    core.module.forgetSaved();
    this.#saving.page = undefined;
    core.pump("remote");
  }

  /**
   * Forgets everything, closes the connections, and begins anew under `replica`, or a fresh random id: for when another writer turns
   * out to have used the same id, so that what is not saved has names that mean something else there. `onReplica` of the map tells it, with
   * the reason `twin`; `unheard` are the registrations to which it did something that was not saved, and is undone.
   *
   * Throws `invalid-replica`, `ephemeral`.
   */
  restart(replica?: bigint): void {
    const core = Journal.#of(this);
    const checked = permanent(replicaOrFresh(replica));
    for (const link of core.links.values()) link.close();
    core.module.restart(checked, seed());
    core.module.setSendsUnsaved(this.#saving.postsUnsaved);
    this.#saving.page = undefined;
    core.changes.enqueue(() => ({ source: "remote", ranges: [{ start: 0n, end: null }] }));
    core.pump("remote");
  }

  /**
   * Goes on under an id under which somebody saved in this place before: `nextSeq` is that of its last page's `next`. Returns whether it does. It
   * does not if a page of that id was not absorbed, or if the id is retired: its numbers would be used again. O(n) for n registrations.
   *
   * Throws `invalid-replica`, `invalid-options`, `ephemeral`.
   */
  goOnAs(replica: bigint, nextSeq: number): boolean {
    const core = Journal.#of(this);
    const isDone = core.module.goOnAs(permanent(replicaId(replica)), sequenceNumber(nextSeq));
    core.followReplica();
    core.pump("local");
    return isDone;
  }

  /** Whether everything that was done here, or handed to `merge`, is saved. */
  get isSaved(): boolean {
    return !Journal.#of(this).module.hasUnsaved();
  }

  /** Whether operations are posted at once, saved or not: only for an id that nobody will go on with. `false` at first. */
  get postsUnsaved(): boolean {
    Journal.#of(this);
    return this.#saving.postsUnsaved;
  }

  /** See the getter. Once it is `true`, what waited to be saved is posted as well. */
  set postsUnsaved(postsUnsaved: boolean) {
    const core = Journal.#of(this);
    this.#saving.postsUnsaved = Boolean(postsUnsaved);
    if (this.#saving.postsUnsaved && this.#saving.page) this.#saving.page.isPosted = true;
    core.module.setSendsUnsaved(this.#saving.postsUnsaved);
    core.pump("remote");
  }

  /** Ends the journal: what is not saved is no concern of it any more, and is posted. Closing again does nothing. */
  close(): void {
    if (!(#core in Object(this))) Journal.#of(this);
    const core = this.#core;
    if (core.saving !== this.#saving) return;
    core.saving = undefined;
    core.module.leaveStorage();
    core.pump("remote");
  }

  /** As `close()`. */
  free(): void {
    this.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  get [Symbol.toStringTag](): string {
    return "Journal";
  }
}
