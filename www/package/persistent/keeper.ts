// Brings a map's journal to the database, one write after the other, and what others saved there to the map.

import type { Journal, RangeMap } from "../dist/crdt_range_map.js";
import type { PersistentError } from "../persistent.js";
import { type Database, nothing, type Reading, type Sizes, type SlotRow, writerOf } from "./database.js";
import { failure, storageFailure } from "./errors.js";
import { exclusively, type Slot } from "./slots.js";

/** A snapshot is due when the pieces since the last one take so many bytes, and so large a part of it: so it costs O(1) a byte. */
const snapshotAt = { bytes: 64 << 10, part: 0.5 };

/** How often to save what came from somebody who saves nothing. */
const lookMs = 4_000;

/** Every how many looks to read what others saved, even if nothing is new here: one may have died before it could tell. */
const looksPerRead = 8;

/** How long to wait before a write that failed is tried again: twice as long each time. */
const retryMs = { first: 1_000, most: 60_000 };

/** Where a keeper writes to. */
export interface Place {
  database: Database;
  /** `undefined` without Web Locks. */
  slot: Slot | undefined;
}

interface Waiting {
  /** The page that was out when it began to wait: what was done before is on that or on the next one. */
  after: number;
  resolve(): void;
  reject(error: PersistentError): void;
}

export class Keeper {
  /** What speaks against saving. */
  error: PersistentError | undefined;
  /** How many pieces could not be read. */
  damaged = 0;

  readonly #map: RangeMap;
  readonly #journal: Journal;
  /** The lock of who writes a snapshot or what is missing, so that one page does, not all. */
  readonly #lock: string;
  readonly #onchange: () => void;
  readonly #onconflict: (error: PersistentError) => void;
  #place: Place | undefined;
  #isClosed = false;
  /** The slot's row as this page last saw or wrote it. */
  #slotRow: SlotRow | undefined;
  /** How far the database was read. */
  #seen = nothing();
  /** Who waits for something that is not saved. */
  #waiting: Waiting[] = [];
  #running: Promise<void> | undefined;
  #isSnapshotDue = false;
  #isRepairDue = false;
  #isLookDue = false;
  #looks = 0;
  #lookTimer: ReturnType<typeof setInterval> | undefined;
  #retryTimer: ReturnType<typeof setTimeout> | undefined;
  #retryMs = retryMs.first;

  /**
   * @param lock its name
   * @param onchange whether something waits to be saved, or what speaks against it, may have changed
   * @param onconflict another writer has the same id: everything was forgotten, the id as well; `attach` again, without a slot
   */
  constructor(map: RangeMap, lock: string, onchange: () => void, onconflict: (error: PersistentError) => void) {
    this.#map = map;
    this.#lock = lock;
    this.#onchange = onchange;
    this.#onconflict = onconflict;
    this.#journal = map.journal(() => {
      onchange();
      // After the caller has done all that it does in one go, which is then saved in one go.
      queueMicrotask(() => this.#run());
    });
    // The id is a fresh one: nobody goes on with it.
    this.#journal.postsUnsaved = true;
  }

  get isSaved(): boolean {
    return this.#isClosed || this.#isFreed || this.#journal.isSaved;
  }

  /** Whether somebody has freed the map: what was not saved was held back, so nobody has heard of it. */
  get #isFreed(): boolean {
    try {
      return this.#map.replica === undefined;
    } catch {
      return true;
    }
  }

  /** Learns all that is saved, goes on under the slot's id, and saves from now on. Throws what IndexedDB throws. */
  async attach(place: Place): Promise<void> {
    const { database, slot } = place;
    // It may be another database than before.
    this.#journal.forgetSaved();
    this.#seen = nothing();
    await this.#read(database);
    const row = slot && (await database.slot(slot.number));
    const goesOn = row !== undefined && this.#journal.goOnAs(BigInt(`0x${row.writer}`), row.next);
    // A slot's first id; or something that was written under it is lost, and its numbers must not be used again.
    if (slot && !goesOn) this.#map.setReplica();
    this.#slotRow = row;
    this.#place = place;
    this.#journal.postsUnsaved = false;
    this.#succeeded();
    this.#isLookDue = true;
    this.#lookTimer = setInterval(() => this.#look(), lookMs);
    void this.#run();
  }

  /**
   * Saves what waits, goes on under a fresh id, and lets go of the database. Returns whether somebody else may have the slot: not if
   * something of its id is neither saved nor given up.
   */
  async detach(): Promise<boolean> {
    clearInterval(this.#lookTimer);
    if (this.#isFreed) {
      clearTimeout(this.#retryTimer);
      this.#place = undefined;
    }
    if (!this.#place) return true;
    // A round that is ending may have missed what came last.
    for (let rounds = 0; rounds < 2; rounds += 1) await this.#run();
    if (!this.#journal.isSaved) await this.#giveUpId();
    const isFree = this.#journal.isSaved || this.#journal.postsUnsaved;
    clearTimeout(this.#retryTimer);
    this.#place = undefined;
    // What is held back belongs to an id that is gone on with: it stays so until it is saved.
    if (isFree) {
      this.#journal.postsUnsaved = true;
      this.#map.setReplica();
    }
    return isFree;
  }

  /** Resolves when all that was done so far is durable. */
  saved(): Promise<void> {
    if (this.#isClosed || this.#isFreed)
      return Promise.reject(failure("storage-closed", "the map is closed: nothing is saved any more"));
    if (this.isSaved) return Promise.resolve();
    const after = this.#journal.take()?.number ?? 0;
    const saved = new Promise<void>((resolve, reject) => this.#waiting.push({ after, resolve, reject }));
    void this.#run();
    return saved;
  }

  /**
   * Saves no more. Returns what speaks against it that all that was done is saved. What is neither saved nor given up stays back: whoever
   * gets the id next uses its numbers.
   */
  close(): PersistentError | undefined {
    const error = this.isSaved
      ? undefined
      : (this.error ?? failure("storage-closed", "the map was closed before it was saved"));
    if (error) this.#reject(error);
    else this.#resolve(Infinity);
    this.#isClosed = true;
    if (!error || this.#journal.postsUnsaved) this.#journal.close();
    return error;
  }

  /** Writes whatever there is to write. */
  #run(): Promise<void> {
    if (this.#isFreed) return Promise.resolve();
    this.#running ??= this.#writeAll().finally(() => {
      this.#running = undefined;
      // Who began to wait when the round was ending.
      if (!this.#place && this.error) this.#reject(this.error);
      this.#onchange();
      // What came after the last look.
      if (this.#place && !this.error && !this.#isFreed && this.#journal.take()?.isOwn) void this.#run();
    });
    return this.#running;
  }

  async #writeAll(): Promise<void> {
    try {
      // What was done during one round is found by the next.
      while (this.#place && ((await this.#writeOwn(this.#place)) || (await this.#writeRest(this.#place))));
      if (!this.#place && this.error) this.#reject(this.error);
    } catch (error) {
      await this.#failed(storageFailure(error));
    }
  }

  /** Whether anything was due. What fails here was not acknowledged to anybody: it is due again later. */
  async #writeRest({ database }: Place): Promise<boolean> {
    const isSnapshotDue = this.#isSnapshotDue || this.#isRepairDue;
    if (!isSnapshotDue && !this.#isLookDue) return false;
    let isPutOff: boolean | undefined;
    try {
      isPutOff = await exclusively(this.#lock, () =>
        isSnapshotDue ? this.#writeSnapshot(database) : this.#writeReceived(database),
      );
    } catch {
      // The next look tries again.
    }
    if (isPutOff) return true;
    if (isSnapshotDue) this.#isSnapshotDue = this.#isRepairDue = false;
    else this.#isLookDue = false;
    return true;
  }

  async #writeOwn({ database, slot }: Place): Promise<boolean> {
    const page = this.#journal.take();
    if (!page?.isOwn) {
      if (this.#journal.isSaved) this.#resolve(Infinity);
      return false;
    }
    // What was posted before it is saved is of an id that was given up, until that is saved and nothing else is posted so.
    const isOfSlot = slot && page.first < page.next && !page.isPosted;
    const seen = isOfSlot ? { number: slot.number, seen: this.#slotRow } : undefined;
    this.#noteSizes(await database.append(page, seen));
    const writer = writerOf(page.replica);
    if (isOfSlot) this.#slotRow = { writer, next: page.next };
    if (page.first < page.next) this.#seen.deltas.set(writer, page.first);
    this.#journal.saved(page.number);
    this.#succeeded();
    this.#resolve(this.#journal.isSaved ? Infinity : page.number);
    return true;
  }

  /** What came from somebody who saves nothing. Each who shares the database has heard it; one writes it. */
  async #writeReceived(database: Database): Promise<boolean> {
    await this.#read(database);
    const page = this.#journal.take();
    // Nothing if something was read: what is still missing then comes soon.
    if (!page || page.isOwn) return false;
    this.#noteSizes(await database.append(page));
    this.#journal.saved(page.number);
    return false;
  }

  /** Returns whether it is put off until what was done here is saved. */
  async #writeSnapshot(database: Database): Promise<boolean> {
    const reading = await this.#read(database);
    // Somebody may have been faster.
    if (!isDue(reading.sizes) && !this.#isRepairDue) return false;
    // A snapshot holds no own effect that is on no page. Others read it and tell what is in it; if it broke then, and this page died before
    // it saved the effect itself, whoever goes on with the id would use the number again.
    if (this.#journal.take()?.isOwn) return true;
    await database.writeSnapshot(this.#map.state(), reading);
    return false;
  }

  async #read(database: Database): Promise<Reading> {
    const reading = await database.read(this.#seen, (bytes) => {
      try {
        this.#journal.absorb(bytes);
        return true;
      } catch (error) {
        if ((error as { code?: unknown }).code === "malformed") return false;
        throw error;
      }
    });
    this.#seen = reading.upTo;
    this.damaged += reading.damaged;
    // Soon there are two whole generations again.
    if (reading.damaged > 0) this.#isRepairDue = true;
    this.#noteSizes(reading.sizes);
    return reading;
  }

  #noteSizes(sizes: Sizes): void {
    this.#isSnapshotDue = isDue(sizes);
  }

  #look(): void {
    if (this.#isFreed) return clearInterval(this.#lookTimer);
    this.#looks = (this.#looks + 1) % looksPerRead;
    if (this.#looks > 0 && !this.#journal.take()) return;
    this.#isLookDue = true;
    void this.#run();
  }

  #succeeded(): void {
    clearTimeout(this.#retryTimer);
    this.#retryMs = retryMs.first;
    this.error = undefined;
    this.#journal.postsUnsaved = false;
  }

  async #failed(error: PersistentError): Promise<void> {
    if (this.#isFreed) return this.#reject(failure("storage-closed", "the map was freed"));
    this.error = error;
    if (error.code === "identity-conflict") {
      clearInterval(this.#lookTimer);
      this.#place = undefined;
      this.#journal.restart();
      this.#journal.postsUnsaved = true;
      this.#reject(error);
      return this.#onconflict(error);
    }
    await this.#giveUpId();
    this.#reject(error);
    clearTimeout(this.#retryTimer);
    this.#retryTimer = setTimeout(() => void this.#run(), this.#retryMs);
    this.#retryMs = Math.min(2 * this.#retryMs, retryMs.most);
  }

  /**
   * Takes the id out of the pool, so that nobody goes on with it, and what cannot be saved may be posted. Deleting works where there
   * is no space left; if it does not, everything is held back until it is saved.
   */
  async #giveUpId(): Promise<void> {
    if (!this.#place || this.#journal.postsUnsaved) return;
    const { database, slot } = this.#place;
    try {
      if (slot) await database.abandonSlot(slot.number);
      this.#slotRow = undefined;
      this.#journal.postsUnsaved = true;
    } catch {
      // The first error says what is wrong.
    }
  }

  /** Those wait no more who began to wait before that page was the next one. */
  #resolve(page: number): void {
    const isDone = ({ after }: Waiting) => after < page;
    const done = this.#waiting.filter(isDone);
    this.#waiting = this.#waiting.filter((waiting) => !isDone(waiting));
    for (const { resolve } of done) resolve();
  }

  #reject(error: PersistentError): void {
    for (const { reject } of this.#waiting.splice(0)) reject(error);
  }
}

const isDue = ({ pieces, snapshot }: Sizes) => pieces > Math.max(snapshotAt.bytes, snapshotAt.part * snapshot);
