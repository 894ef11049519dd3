// The database of one name, shared by all pages that open it.
//
//   deltas     [writer, its first number]   pages with what one writer did, which are only ever added
//   received   1, 2, …                      pages with what came from elsewhere and nobody here wrote
//   snapshots  generation                   everything that was known at some time, and which pieces that makes superfluous
//   slots      number of the slot           which id the slot's holder writes under, and that id's next number
//   sizes      "sizes"                      what tells when the next snapshot is due
//
// A snapshot deletes what the *previous* whole one covers, so there are always two generations: should the newest one be broken, the
// one before and the pieces since then tell the same. Every piece carries a checksum. Each write is one transaction, and a
// transaction happens as a whole or not at all.

import { type DBSchema, type IDBPDatabase, openDB } from "idb";
import type { JournalPage } from "../dist/crdt_range_map.js";
import { checksum } from "./checksum.js";
import { failure, storageFailure } from "./errors.js";

const version = 1;

/** How long to wait for the database to open: when somebody is in the way, and at most. */
const patienceMs = { blocked: 2_000, opening: 10_000 };

/** Bytes and what they must add up to. */
interface Piece {
  bytes: Uint8Array<ArrayBuffer>;
  checksum: number;
}

/** Pieces of the database, by how far they go. */
interface Extent {
  /** The newest generation. */
  generation: number;
  /** For each writer, the key of its last piece. */
  deltas: Map<string, number>;
  /** The last key of what was received. */
  received: number;
}

interface Snapshot extends Piece {
  covers: Pick<Extent, "deltas" | "received">;
}

/** The id of a slot, and the number of its next effect. */
export interface SlotRow {
  writer: string;
  next: number;
}

/** How large the pieces since the newest snapshot are together, and that, in bytes. */
export interface Sizes {
  pieces: number;
  snapshot: number;
}

interface Schema extends DBSchema {
  deltas: { key: [string, number]; value: Piece };
  received: { key: number; value: Piece };
  snapshots: { key: number; value: Snapshot };
  slots: { key: number; value: SlotRow };
  sizes: { key: "sizes"; value: Sizes };
}

/** What was read, up to where, and how much of it was broken. */
export interface Reading {
  upTo: Extent;
  damaged: number;
  sizes: Sizes;
}

/** Before anything was read. */
export const nothing = (): Extent => ({ generation: 0, deltas: new Map(), received: 0 });

const noSizes: Sizes = { pieces: 0, snapshot: 0 };

/** What a piece counts for besides its bytes, so that many small ones are not left to be read one by one. */
const pieceBytes = 100;

/** Ids as keys of the database, which takes no bigints. */
export const writerOf = (replica: bigint) => replica.toString(16).padStart(16, "0");

function piece(bytes: Uint8Array): Piece {
  return { bytes: bytes as Uint8Array<ArrayBuffer>, checksum: checksum(bytes) };
}

/** Whether a piece is what was written, as far as the checksum tells. */
function isWhole(value: Partial<Piece> | undefined): value is Piece {
  return value?.bytes instanceof Uint8Array && checksum(value.bytes) === value.checksum;
}

export class Database {
  readonly #database: IDBPDatabase<Schema>;

  private constructor(database: IDBPDatabase<Schema>) {
    this.#database = database;
  }

  /**
   * @param onWanted somebody wants to delete the database, or to bring it to a newer version: close it soon
   * @param onLost the browser has closed it
   */
  static async open(name: string, onWanted: () => void, onLost: () => void): Promise<Database> {
    let giveUp: (afterMs: number) => void = () => {};
    let isGivenUp = false;
    const givenUp = new Promise<never>((_, reject) => {
      giveUp = (afterMs) =>
        setTimeout(() => {
          isGivenUp = true;
          reject(failure("storage-blocked", "another tab keeps the database open, in another version or deleting it"));
        }, afterMs);
    });
    try {
      const opening = openDB<Schema>(name, version, {
        upgrade(database) {
          database.createObjectStore("deltas");
          database.createObjectStore("received", { autoIncrement: true });
          database.createObjectStore("snapshots");
          database.createObjectStore("slots");
          database.createObjectStore("sizes");
        },
        // The others were told, and most likely save something before they close.
        blocked: () => giveUp(patienceMs.blocked),
        blocking: onWanted,
        terminated: onLost,
      });
      giveUp(patienceMs.opening);
      // Should it open at last, nobody wants it any more.
      void opening.then((database) => isGivenUp && database.close()).catch(() => {});
      return new Database(await Promise.race([opening, givenUp]));
    } catch (error) {
      const known = storageFailure(error);
      const isKnown = known.code !== "storage-failed" && (error as Error).name !== "InvalidStateError";
      throw isKnown ? known : failure("storage-unavailable", "IndexedDB cannot be opened here", error);
    }
  }

  close(): void {
    this.#database.close();
  }

  /** How many slots have an id. */
  slotCount(): Promise<number> {
    return this.#database.count("slots");
  }

  slot(number: number): Promise<SlotRow | undefined> {
    return this.#database.get("slots", number);
  }

  /** Takes the id from a slot for good: whoever holds the slot next gets another. */
  async abandonSlot(number: number): Promise<void> {
    const transaction = this.#database.transaction("slots", "readwrite", { durability: "strict" });
    await Promise.all([transaction.store.delete(number), transaction.done]);
  }

  /**
   * Adds a page, and returns when it is durable. The slot's row is read again, and must be as it was when this writer last saw it: if it
   * is not, or if there is a piece of that name, another writer has the same id, and nothing is written.
   */
  async append(page: JournalPage, slot?: { number: number; seen: SlotRow | undefined }): Promise<Sizes> {
    const writer = writerOf(page.replica);
    // "strict": it is complete when the operating system was told to bring it to the disk, and says that it did.
    const stores = ["deltas", "received", "slots", "sizes"] as const;
    const transaction = this.#database.transaction(stores, "readwrite", { durability: "strict" });
    const { done } = transaction;
    done.catch(() => {});
    try {
      const slots = transaction.objectStore("slots");
      const sizes = transaction.objectStore("sizes");
      const [row, before = noSizes] = await Promise.all([slot && slots.get(slot.number), sizes.get("sizes")]);
      const isAsSeen = row?.writer === slot?.seen?.writer && row?.next === slot?.seen?.next;
      if (!isAsSeen) throw conflict(page);
      const after = { ...before, pieces: before.pieces + page.bytes.length + pieceBytes };
      const writes: Promise<unknown>[] = [sizes.put(after, "sizes")];
      if (slot) writes.push(slots.put({ writer, next: page.next }, slot.number));
      if (page.first < page.next) {
        writes.push(transaction.objectStore("deltas").add(piece(page.bytes), [writer, page.first]));
      } else {
        writes.push(transaction.objectStore("received").add(piece(page.bytes)));
      }
      await Promise.all([...writes, done]);
      return after;
    } catch (error) {
      try {
        transaction.abort();
      } catch {
        // It was over already.
      }
      throw error instanceof DOMException && error.name === "ConstraintError" ? conflict(page, error) : error;
    }
  }

  /**
   * Reads what lies beyond `seen` and hands over the bytes of each whole piece. Of snapshots the newest one that is whole and that
   * `absorb` can make sense of.
   */
  async read(seen: Extent, absorb: (bytes: Uint8Array) => boolean): Promise<Reading> {
    const transaction = this.#database.transaction(["deltas", "received", "snapshots", "sizes"]);
    const [snapshots, deltas, received] = [
      transaction.objectStore("snapshots"),
      transaction.objectStore("deltas"),
      transaction.objectStore("received"),
    ];
    const upTo: Extent = { ...seen, deltas: new Map(seen.deltas) };
    let damaged = 0;
    const take = (value: Piece | undefined) => {
      const isUnderstood = isWhole(value) && absorb(value.bytes);
      if (!isUnderstood) damaged += 1;
      return isUnderstood;
    };

    const generations = await snapshots.getAllKeys();
    upTo.generation = Math.max(seen.generation, ...generations);
    if (upTo.generation > seen.generation) {
      for (const generation of generations.reverse()) if (take(await snapshots.get(generation))) break;
    }
    const all = await deltas.getAllKeys();
    const keys = all.filter(([writer, first]) => first > (seen.deltas.get(writer) ?? -1));
    const isAll = keys.length === all.length;
    (isAll ? await deltas.getAll() : await Promise.all(keys.map((key) => deltas.get(key)))).forEach(take);
    for (const [writer, first] of keys) upTo.deltas.set(writer, first);
    const range = IDBKeyRange.lowerBound(seen.received, true);
    (await received.getAll(range)).forEach(take);
    upTo.received = Math.max(seen.received, ...(await received.getAllKeys(range)).slice(-1));
    const sizes = (await transaction.objectStore("sizes").get("sizes")) ?? noSizes;
    await transaction.done;
    return { upTo, damaged, sizes };
  }

  /**
   * Writes a snapshot of everything up to `read`, or beyond, and deletes what the last whole one before it covers. Returns `undefined`
   * if another page was faster.
   */
  async writeSnapshot(bytes: Uint8Array, { upTo, sizes: read }: Reading): Promise<Sizes | undefined> {
    const [keys, base] = await this.#lastWhole();
    const { deltas, received } = upTo;
    const row: Snapshot = { ...piece(bytes), covers: { deltas, received } };
    // What others read here counts as saved for them, and may be on no page: so a snapshot is as durable as those. One in hundreds of pages
    // is one, and it takes half a millisecond longer so.
    const stores = ["deltas", "received", "snapshots", "sizes"] as const;
    const transaction = this.#database.transaction(stores, "readwrite", { durability: "strict" });
    const snapshots = transaction.objectStore("snapshots");
    if (String(await snapshots.getAllKeys()) !== String(keys)) {
      await transaction.done;
      return undefined;
    }
    const generation = Math.max(upTo.generation, ...keys) + 1;
    const writes: Promise<unknown>[] = [snapshots.add(row, generation)];
    for (const key of keys) if (key !== base?.generation) writes.push(snapshots.delete(key));
    for (const [writer, last] of base?.covers.deltas ?? []) {
      writes.push(transaction.objectStore("deltas").delete(IDBKeyRange.bound([writer, 0], [writer, last])));
    }
    if (base) writes.push(transaction.objectStore("received").delete(IDBKeyRange.upperBound(base.covers.received)));
    const sizes = transaction.objectStore("sizes");
    const before = (await sizes.get("sizes")) ?? noSizes;
    const after = { pieces: Math.max(0, before.pieces - read.pieces), snapshot: bytes.length };
    writes.push(sizes.put(after, "sizes"), transaction.done);
    await Promise.all(writes);
    upTo.generation = generation;
    return after;
  }

  /** All generations, and the last one that is whole. */
  async #lastWhole(): Promise<[number[], (Pick<Snapshot, "covers"> & { generation: number }) | undefined]> {
    const transaction = this.#database.transaction("snapshots");
    const keys = await transaction.store.getAllKeys();
    for (const generation of keys.slice().reverse()) {
      const row = await transaction.store.get(generation);
      if (row && isWhole(row)) return [keys, { generation, covers: row.covers }];
    }
    return [keys, undefined];
  }
}

const conflict = (page: JournalPage, cause?: unknown) =>
  failure("identity-conflict", `another writer used the replica id ${page.replica} too`, cause);
