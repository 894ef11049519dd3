/** This page among those of the same channel in other tabs. Web Locks say who is there: the browser releases them however a tab ends. */
import type { Watch } from "./reports";

export interface Tab {
  /** Nobody else's, ever. */
  readonly id: string;
  /** From 1: the least that no other has as long as this one is there. */
  readonly number: number;
}

const lockOf = (id: string) => `crdt-range-map/playground/tab/${id}`;

/** Holds its place until `signal` is aborted or the tab ends. */
export async function enter(channelName: string, signal: AbortSignal): Promise<Tab> {
  const id = [...crypto.getRandomValues(new Uint32Array(3))].join("-");
  const locks = locksHere();
  // Then nobody notices its end, and a chance number has to do.
  if (locks === undefined) return { id, number: (crypto.getRandomValues(new Uint16Array(1))[0] ?? 0) + 1 };
  const ended = new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
  const hold = (name: string) =>
    new Promise<boolean>((tell) => {
      void locks.request(name, { ifAvailable: true }, (lock) => {
        tell(lock !== null);
        return lock === null ? undefined : ended;
      });
    });
  await hold(lockOf(id));
  let number = 1;
  while (!(await hold(`${channelName}/tab ${number}`))) number++;
  return { id, number };
}

export const watch: Watch = (id, signal, gone) => {
  // Aborting, which is how it ends with this page, rejects.
  locksHere()
    ?.request(lockOf(id), { signal }, gone)
    .catch(() => undefined);
};

/** Only pages from secure origins have them, whatever the types say. */
function locksHere(): LockManager | undefined {
  return (navigator as Partial<Navigator>).locks;
}
