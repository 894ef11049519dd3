// Brings a map's journal to the database, one write after the other, and what others saved there to the map.

import type { Journal, RangeMap } from "../dist/crdt_range_map.js";
import type { PersistentError } from "../persistent.js";
import { type Database, nothing, type Reading, type Sizes, type SlotRow, writerOf } from "./database.js";
import { storageFailure } from "./errors.js";
import { exclusively, type Slot } from "./slots.js";

/** A snapshot is due when the pieces since the last one take so many bytes, and so large a part of it: so it costs O(1) a byte. */
const snapshotAt = { bytes: 64 << 10, part: 0.5 };

/** How often to look whether the map knows what nobody saved: what came from somebody who saves nothing. */
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
  /** Who writes under the slot's id, and its row as this page last saw or wrote it. */
  #slotWriter: string | undefined;
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
  /** What was known at the last look. */
  #looked: bigint | undefined;
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
    return this.#journal.isSaved;
  }

  /** Learns all that is saved, goes on under the slot's id, and saves from now on. Throws what IndexedDB throws. */
  async attach(place: Place): Promise<void> {
    const { database, slot } = place;
    // It may be another database than before.
    this.#journal.forgetSaved();
    this.#seen = nothing();
    await this.#read(database);
    const row = slot && (await database.slot(slot.number));
    if (row) this.#map.setReplica(BigInt(`0x${row.writer}`));
    // A slot's first id; or something that was written under it is lost, and its numbers must not be used again; or it was retired.
    if (slot && (!row || this.#journal.nextSeq < row.next || this.#map.isRetired)) this.#map.setReplica();
    this.#slotRow = row;
    this.#slotWriter = slot && writerOf(this.#map.replica);
    this.#place = place;
    this.#journal.postsUnsaved = false;
    this.#succeeded();
    this.#isLookDue = true;
    this.#lookTimer = setInterval(() => this.#look(), lookMs);
    void this.#run();
  }

  /**
   * Goes on under a fresh id, saves what waits, and lets go of the database. Returns whether somebody else may have the slot: not if
   * something of its id is neither saved nor given up.
   */
  async detach(): Promise<boolean> {
    clearInterval(this.#lookTimer);
    if (!this.#place) return true;
    this.#map.setReplica();
    // A round that is ending may have missed what came last.
    for (let rounds = 0; rounds < 2; rounds += 1) await this.#run();
    const isFree = this.#journal.isSaved || this.#journal.postsUnsaved;
    clearTimeout(this.#retryTimer);
    this.#place = undefined;
    // What is held back belongs to an id that is gone on with: it stays so until it is saved.
    this.#journal.postsUnsaved = isFree;
    return isFree;
  }

  /** Resolves when all that was done so far is durable. */
  saved(): Promise<void> {
    if (this.#journal.isSaved) return Promise.resolve();
    const saved = new Promise<void>((resolve, reject) => this.#waiting.push({ resolve, reject }));
    void this.#run();
    return saved;
  }

  close(): void {
    this.#journal.close();
  }

  /** Writes whatever there is to write. */
  #run(): Promise<void> {
    this.#running ??= this.#writeAll().finally(() => {
      this.#running = undefined;
      this.#onchange();
      // What came after the last look.
      const isDone = this.#journal.isSaved && this.#waiting.length === 0;
      if (this.#place && !this.error && !isDone) void this.#run();
    });
    return this.#running;
  }

  async #writeAll(): Promise<void> {
    try {
      // What was done during one round is found by the next.
      while (this.#place && ((await this.#writeOperations(this.#place)) || (await this.#writeRest(this.#place))));
      if (!this.#place && this.error) this.#reject(this.error);
    } catch (error) {
      await this.#failed(storageFailure(error));
    }
  }

  /** Whether anything was due. What fails here was not acknowledged to anybody: it is due again later. */
  async #writeRest({ database }: Place): Promise<boolean> {
    const isSnapshotDue = this.#isSnapshotDue || this.#isRepairDue;
    if (!isSnapshotDue && !this.#isLookDue) return false;
    try {
      await exclusively(this.#lock, () =>
        isSnapshotDue ? this.#writeSnapshot(database) : this.#writeMissing(database),
      );
    } catch {
      this.#journal.returned();
    }
    if (isSnapshotDue) this.#isSnapshotDue = this.#isRepairDue = false;
    else this.#isLookDue = false;
    return true;
  }

  async #writeOperations({ database, slot }: Place): Promise<boolean> {
    const page = this.#journal.take("operations");
    // Who came while a page was on its way waits for nothing any more.
    const waiting = !page || page.isLast ? this.#waiting.splice(0) : [];
    if (!page) {
      for (const { resolve } of waiting) resolve();
      return false;
    }
    const writer = writerOf(page.replica);
    // What was posted before it is saved is of an id that was given up, until that is saved and nothing else is posted so.
    const isOfSlot = slot && writer === this.#slotWriter && page.own.length > 0 && !page.isPosted;
    try {
      const seen = isOfSlot ? { number: slot.number, seen: this.#slotRow } : undefined;
      this.#noteSizes(await database.append(page, seen));
    } catch (error) {
      this.#waiting.unshift(...waiting);
      throw error;
    }
    if (isOfSlot) this.#slotRow = { writer, next: page.next };
    if (page.own.length > 0) this.#seen.deltas.set(writer, page.first);
    this.#journal.saved();
    this.#succeeded();
    for (const { resolve } of waiting) resolve();
    return true;
  }

  async #writeMissing(database: Database): Promise<void> {
    const known = this.#map.fingerprint();
    await this.#read(database);
    const page = this.#journal.take("missing");
    if (page) {
      this.#noteSizes(await database.append(page));
      this.#journal.saved();
    }
    this.#looked = known;
  }

  async #writeSnapshot(database: Database): Promise<void> {
    const reading = await this.#read(database);
    // Somebody may have been faster.
    if (!isDue(reading.sizes) && !this.#isRepairDue) return;
    const page = this.#journal.take("everything");
    if (page && (await database.writeSnapshot(page.received, reading))) this.#journal.saved();
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
    if (this.#map.isRetired) {
      // By another replica. The slot's next write names the new id.
      this.#map.setReplica();
      this.#slotWriter &&= writerOf(this.#map.replica);
    }
    this.#looks = (this.#looks + 1) % looksPerRead;
    if (this.#looks > 0 && this.#map.fingerprint() === this.#looked) return;
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
    this.#journal.returned();
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

  #reject(error: PersistentError): void {
    for (const { reject } of this.#waiting.splice(0)) reject(error);
  }
}

const isDue = ({ pieces, snapshot }: Sizes) => pieces > Math.max(snapshotAt.bytes, snapshotAt.part * snapshot);
