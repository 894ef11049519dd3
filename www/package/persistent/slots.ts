// The pool of replica ids. Its places are Web Locks, slot 0, 1, 2, …: whoever holds the lock of a slot is the only one who writes under
// the id that the database names for it, until the lock is released; the browser releases it when the page is gone, however it went.
// So an id is never used by two writers, and there are no more ids than there were ever pages open at once.
//
// Without Web Locks (an old browser, a page that came over plain http) there is no pool, and every page writes under a fresh id.

/** How long to wait for a page that is just going, before a new id is made. A reload gets here before its predecessor is gone. */
const patience = { tries: 3, pauseMs: 100 };

/** A place in the pool, held until it is released. */
export interface Slot {
  readonly number: number;
  release(): void;
}

function locks(): LockManager | undefined {
  try {
    return navigator.locks;
  } catch {
    return undefined;
  }
}

/** Runs with the lock, if it is free: `undefined` otherwise. Where there are no locks it just runs. */
export async function exclusively<T>(name: string, run: () => Promise<T>): Promise<T | undefined> {
  const manager = locks();
  if (!manager) return run();
  return manager.request(name, { ifAvailable: true }, (lock) => (lock ? run() : Promise.resolve(undefined)));
}

/** Holds a lock until the returned function is called; `undefined` if somebody else has it. */
function hold(manager: LockManager, name: string): Promise<(() => void) | undefined> {
  return new Promise((resolve, reject) => {
    manager
      .request(name, { ifAvailable: true }, (lock) => {
        if (!lock) return resolve(undefined);
        return new Promise<void>((release) => resolve(release));
      })
      .catch(reject);
  });
}

/** The first free slot, of `known` ones if possible; `undefined` where there are no locks. */
export async function takeSlot(prefix: string, known: number): Promise<Slot | undefined> {
  const manager = locks();
  if (!manager) return undefined;
  for (let tries = 0; ; tries += 1) {
    const end = tries < patience.tries ? Math.max(known, 1) : Infinity;
    for (let number = 0; number < end; number += 1) {
      const release = await hold(manager, `${prefix}/slot-${number}`);
      if (release) return { number, release };
    }
    await new Promise((resolve) => setTimeout(resolve, patience.pauseMs));
  }
}
