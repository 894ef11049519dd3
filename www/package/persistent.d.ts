import type { Channel, ConnectOptions, Connection, RangeMap } from "./dist/crdt_range_map.js";

export interface OpenOptions {
  /** Names what is saved: every page of this origin that opens this name shares the database and the pool of replica ids. */
  name: string;
  /**
   * Where to meet the others: the name of a BroadcastChannel, `name` if left out; or a function that opens a channel, called again
   * when a page that was put aside comes back; or `null` to meet nobody.
   */
  channel?: string | (() => Channel) | null | undefined;
  /** The second argument of `connect`: takes part in presence. */
  presence?: ConnectOptions | undefined;
  /** Where `onstatus` of the map begins. */
  onstatus?: ((status: PersistentStatus) => void) | null | undefined;
}

/** A map that is saved. */
export interface PersistentRangeMap {
  /**
   * The map, from the beginning with all that was saved. Its operations are posted when they are saved; whoever sends what they
   * return, or `state()`, by other ways waits for `saved()` first.
   */
  readonly map: RangeMap;
  /** The connection to the channel; another one after the page was put aside, and `undefined` meanwhile. */
  readonly connection: Connection | undefined;
  /** The id that the map writes under at present: `map.replica`. */
  readonly replica: bigint;
  readonly status: PersistentStatus;
  /** Called when the status has changed. */
  onstatus: ((status: PersistentStatus) => void) | null;
  /**
   * Resolves when everything that was done so far will be there after a crash of the browser; it is not acknowledged before. Rejects
   * with a `PersistentError` if it could not be saved this time: it is kept in memory, and saved when that becomes possible.
   */
  saved(): Promise<void>;
  /**
   * Saves what is not saved, leaves the channel, gives the id back to the pool and closes the database. The map stays as it is, in
   * memory, under a fresh id. Rejects as `saved()` does, after it has closed.
   */
  close(): Promise<void>;
}

/** How it stands with saving. */
export interface PersistentStatus {
  /**
   * - `saved`: everything that was done here is saved.
   * - `saving`: something waits for it.
   * - `memory`: what is done now is in memory only; `error` says why. It is saved when that becomes possible.
   * - `suspended`: the page was put aside by the browser, and has given back its id until it returns.
   * - `closed`: by `close()`.
   */
  storage: "saved" | "saving" | "memory" | "suspended" | "closed";
  /** What speaks against saving; also the last conflict of identities. */
  error: PersistentError | undefined;
  /** How many saved pieces could not be read, since the map was opened. A broken snapshot alone loses nothing. */
  damaged: number;
}

/** What went wrong; the same in all versions. */
export type PersistentErrorCode =
  /** There is no IndexedDB here, as in Node. Save `map.journal()` yourself. */
  | "no-storage"
  /** The options are not what they must be. */
  | "invalid-options"
  /** IndexedDB refuses to open, as in some private windows. */
  | "storage-unavailable"
  /** The origin's quota, or the disk, is used up. */
  | "storage-full"
  /** Another tab keeps the database open in a version that does not fit. */
  | "storage-blocked"
  /** The database was closed: deleted, taken over by a newer version of the program, or by the browser. */
  | "storage-closed"
  /** Saving failed for another reason, which is the error's `cause`. */
  | "storage-failed"
  /** Another writer used the same replica id. What it saved is kept; what was not saved here is undone. */
  | "identity-conflict";

export interface PersistentError extends Error {
  readonly name: "PersistentError";
  readonly code: PersistentErrorCode;
}

/**
 * Opens a map that is saved in IndexedDB and shared by all tabs of the origin that open the same name. Await `init()` before.
 *
 * If nothing can be saved here, the map is in memory and `status` says so. Rejects with a `PersistentError` where there is no
 * IndexedDB at all.
 */
export function openRangeMap(options: OpenOptions): Promise<PersistentRangeMap>;
