// A map that is saved: the life of it in a page that may be reloaded, duplicated, put aside, frozen, killed and restored.

import { anything, checkedOptions, connectRules, optional, type Rule } from "../../binding/js/options.js";
import { type ConnectOptions, type Connection, RangeMap } from "../dist/crdt_range_map.js";
import type { OpenOptions, PersistentError, PersistentRangeMap, PersistentStatus } from "../persistent.js";
import { Database } from "./database.js";
import { failure, report, storageFailure } from "./errors.js";
import { Keeper } from "./keeper.js";
import { type Slot, takeSlot } from "./slots.js";

/** How long to wait before the database is opened again: twice as long each time. */
const reopenMs = { first: 1_000, most: 60_000 };

const isFunction = (value: unknown): boolean => typeof value === "function";

const rules: Record<keyof OpenOptions, Rule> = {
  name: { isFine: (name) => typeof name === "string" && name !== "", must: "a string that is not empty" },
  channel: optional({
    isFine: (channel) => channel === null || typeof channel === "string" || isFunction(channel),
    must: "a string, a function or null",
  }),
  // An object, which has rules of its own.
  presence: anything,
  onstatus: optional({ isFine: (onstatus) => onstatus === null || isFunction(onstatus), must: "a function or null" }),
};

export async function openRangeMap(options: OpenOptions): Promise<PersistentRangeMap> {
  const refusal = (message: string) => failure("invalid-options", message);
  const checked = checkedOptions<OpenOptions>(options, rules, refusal);
  const presence = checkedOptions<ConnectOptions>(checked.presence, connectRules, refusal, "presence");
  if (typeof indexedDB === "undefined") {
    throw failure(
      "no-storage",
      "there is no IndexedDB here: openRangeMap is for browsers; elsewhere save map.journal()",
    );
  }
  const map = new OpenMap({ ...checked, presence });
  await map.begin();
  return map;
}

class OpenMap implements PersistentRangeMap {
  readonly map = new RangeMap();
  onstatus: ((status: PersistentStatus) => void) | null;

  readonly #name: string;
  readonly #channel: NonNullable<OpenOptions["channel"]> | null;
  readonly #presence: ConnectOptions | undefined;
  readonly #keeper: Keeper;
  readonly #listening = new AbortController();
  /** Steps from one condition to another, one after the other. */
  #steps: Promise<unknown> = Promise.resolve();
  #database: Database | undefined;
  /** Kept beyond the database if its id cannot be somebody else's yet. */
  #slot: Slot | undefined;
  #connection: Connection | undefined;
  #conflict: PersistentError | undefined;
  #isSuspended = false;
  #closing: Promise<void> | undefined;
  #reopenTimer: ReturnType<typeof setTimeout> | undefined;
  #reopenMs = reopenMs.first;
  #reported: PersistentStatus | undefined;

  constructor({ name, channel = name, presence, onstatus = null }: OpenOptions) {
    this.#name = `crdt-range-map/${name}`;
    this.#channel = channel;
    this.#presence = presence;
    this.onstatus = onstatus;
    this.#keeper = new Keeper(
      this.map,
      `${this.#name}/snapshot`,
      () => this.#report(),
      (error) => this.#beginAnew(error),
    );
  }

  get replica(): bigint {
    return this.map.replica;
  }

  get connection(): Connection | undefined {
    return this.#connection?.isOpen ? this.#connection : undefined;
  }

  get status(): PersistentStatus {
    const { error, damaged, isSaved } = this.#keeper;
    const inUse = error || !this.#database ? "memory" : isSaved ? "saved" : "saving";
    const storage = this.#closing ? "closed" : this.#isSuspended ? "suspended" : inUse;
    return { storage, error: error ?? this.#conflict, damaged };
  }

  async begin(): Promise<void> {
    await this.#step(() => this.#attach());
    try {
      this.#connect();
    } catch (error) {
      await this.close();
      throw error;
    }
    const { signal } = this.#listening;
    const listen = (target: EventTarget | undefined, type: string, listener: (event: Event) => void) =>
      target?.addEventListener(type, listener, { signal });
    const page = globalThis as Partial<Window & typeof globalThis>;
    listen(page.window, "pagehide", (event) => {
      // A page that goes for good says goodbye; the browser takes back its locks.
      if ((event as PageTransitionEvent).persisted) this.#suspend();
      else this.#connection?.close();
    });
    listen(page.window, "pageshow", () => this.#resume());
    listen(page.document, "freeze", () => this.#suspend());
    listen(page.document, "resume", () => this.#resume());
  }

  saved(): Promise<void> {
    return this.#keeper.saved();
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#listening.abort();
    this.#connection?.close();
    let error: PersistentError | undefined;
    await this.#step(async () => {
      await this.#detach();
      error = this.#keeper.close();
    });
    this.#report();
    if (error) throw error;
  }

  /** The page is about to be put aside, and may never return: its id is for others meanwhile. */
  #suspend(): void {
    if (this.#isSuspended) return;
    this.#isSuspended = true;
    this.#connection?.close();
    this.#report();
    void this.#step(() => this.#detach());
  }

  #resume(): void {
    if (!this.#isSuspended) return;
    this.#isSuspended = false;
    this.#reattach();
  }

  #reattach(): void {
    void this.#step(async () => {
      await this.#attach();
      try {
        this.#connect();
      } catch (error) {
        report(error);
      }
    });
  }

  async #attach(): Promise<void> {
    if (this.#isSuspended || this.#closing || this.#database) return;
    clearTimeout(this.#reopenTimer);
    let database: Database | undefined;
    try {
      database = await Database.open(
        this.#name,
        () => this.#lose("somebody deletes it, or a newer version of the program takes it over"),
        () => this.#lose("the browser closed it"),
      );
      // After a conflict there is something wrong with the locks.
      if (!this.#conflict) this.#slot ??= await takeSlot(this.#name, await database.slotCount());
      await this.#keeper.attach({ database, slot: this.#slot });
      this.#database = database;
      this.#reopenMs = reopenMs.first;
    } catch (error) {
      database?.close();
      this.#reopenLater(storageFailure(error));
    }
    this.#report();
  }

  async #detach(): Promise<void> {
    clearTimeout(this.#reopenTimer);
    if (!this.#database) return;
    const isFree = await this.#keeper.detach();
    this.#database.close();
    this.#database = undefined;
    if (!isFree) return;
    this.#slot?.release();
    this.#slot = undefined;
  }

  /** The database goes away. */
  #lose(why: string): void {
    void this.#step(async () => {
      if (!this.#database) return;
      await this.#detach();
      this.#reopenLater(failure("storage-closed", `the database was closed: ${why}`));
      this.#report();
    });
  }

  #reopenLater(error: PersistentError): void {
    this.#keeper.error = error;
    this.#reopenTimer = setTimeout(() => this.#reattach(), this.#reopenMs);
    this.#reopenMs = Math.min(2 * this.#reopenMs, reopenMs.most);
  }

  /** The map is empty, under a fresh id, and gets back what is saved. */
  #beginAnew(conflict: PersistentError): void {
    this.#conflict = conflict;
    void this.#step(async () => {
      this.#database?.close();
      this.#database = undefined;
      this.#slot?.release();
      this.#slot = undefined;
    });
    this.#reattach();
  }

  #connect(): void {
    if (this.#channel === null || this.#isSuspended || this.#closing || this.connection) return;
    const channel = typeof this.#channel === "function" ? this.#channel() : this.#channel;
    this.#connection = this.map.connect(channel, this.#presence);
  }

  #step(step: () => Promise<void>): Promise<void> {
    const done = this.#steps.then(step);
    this.#steps = done.catch(report);
    return done;
  }

  #report(): void {
    const status = this.status;
    const last = this.#reported;
    if (status.storage === last?.storage && status.error === last.error && status.damaged === last.damaged) return;
    this.#reported = status;
    try {
      this.onstatus?.(status);
    } catch (error) {
      report(error);
    }
  }
}
