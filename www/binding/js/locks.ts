// Presence by Web Locks: each connection that takes part holds a lock named after its replica, and waits for those of its peers. Who gets
// a peer's lock knows that it has died, and nothing need be posted for that. Only who holds its lock says hello, so that nobody finds it
// missing.

/** A lock that this page holds, and how many connections want it held. */
interface Held {
  users: number;
  end: AbortController;
  granted: Promise<void>;
}

/** By name: two connections of one map may need the same. */
const holding = new Map<string, Held>();

const manager = (): LockManager | undefined => globalThis.navigator?.locks;

/** Whether there are locks here. */
export const hasLocks = (): boolean => manager() !== undefined;

function hold(name: string): Held {
  const known = holding.get(name);
  if (known) {
    known.users += 1;
    return known;
  }
  const end = new AbortController();
  const { signal } = end;
  const granted = new Promise<void>((resolve) => {
    const held = () => {
      // It may be granted although it was given up in the meantime; nobody would let go of it then.
      if (signal.aborted) return undefined;
      resolve();
      return new Promise((release) => signal.addEventListener("abort", release));
    };
    // It fails only when it is ended before.
    manager()
      ?.request(name, { signal }, held)
      .catch(() => {});
  });
  const fresh = { users: 1, end, granted };
  holding.set(name, fresh);
  return fresh;
}

function letGo(name: string): void {
  const held = holding.get(name);
  if (!held) return;
  held.users -= 1;
  if (held.users > 0) return;
  holding.delete(name);
  held.end.abort();
}

/** The locks of one connection. */
export class Locks {
  readonly #prefix: string;
  readonly #onDeath: (replica: bigint) => void;
  #held: string | undefined;
  readonly #watched = new Map<bigint, AbortController>();

  /** @param onDeath is called when a peer's lock was released by something else than a goodbye */
  constructor(prefix: string, onDeath: (replica: bigint) => void) {
    this.#prefix = prefix;
    this.#onDeath = onDeath;
  }

  #name(replica: bigint): string {
    return `crdt-range-map/${this.#prefix}/${replica.toString(16)}`;
  }

  /** Holds the lock of this replica, and no other. Calls back when it has it, unless it was told something else before. */
  hold(replica: bigint, granted: () => void): void {
    this.letGo();
    const name = this.#name(replica);
    this.#held = name;
    const held = hold(name);
    void held.granted.then(() => {
      if (this.#held === name && holding.get(name) === held) granted();
    });
  }

  /** Holds none any more. */
  letGo(): void {
    if (this.#held !== undefined) letGo(this.#held);
    this.#held = undefined;
  }

  /** Waits for the locks of those peers, and of no others. */
  watch(replicas: readonly bigint[]): void {
    const wanted = new Set(replicas);
    for (const replica of this.#watched.keys()) if (!wanted.has(replica)) this.#unwatch(replica);
    for (const replica of replicas) if (!this.#watched.has(replica)) this.#wait(replica);
  }

  #wait(replica: bigint): void {
    const end = new AbortController();
    const { signal } = end;
    this.#watched.set(replica, end);
    const died = () => {
      if (signal.aborted) return;
      this.#watched.delete(replica);
      this.#onDeath(replica);
    };
    // Shared, so that all who wait learn of it at once.
    manager()
      ?.request(this.#name(replica), { mode: "shared", signal }, died)
      .catch(() => {});
  }

  #unwatch(replica: bigint): void {
    this.#watched.get(replica)?.abort();
    this.#watched.delete(replica);
  }

  close(): void {
    this.letGo();
    for (const replica of this.#watched.keys()) this.#unwatch(replica);
  }
}
