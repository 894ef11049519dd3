/**
 * The place of this tab among those that show the same. Web Locks say who is there: the browser releases a lock however its tab ends, and
 * gives it to one tab only, so that no two tabs have one name, whether opened, duplicated or restored.
 */
import { REPLICAS_MAX } from "../world/input";

export interface Place {
  /** Nobody else's, ever. */
  readonly tab: string;
  /** The least that no other tab has: its replica is A in the first, and B in the second. */
  readonly index: number;
}

/** Calls back when a tab is gone, unless `signal` is aborted before. */
export type Watch = (tab: string, signal: AbortSignal, gone: () => void) => void;

const lockOf = (tab: string) => `crdt-range-map/playground/tab/${tab}`;
const lockAt = (index: number) => `crdt-range-map/playground/place/${index}`;

/** Holds a place until `signal` is aborted or the tab ends. Returns why there is none, if so. */
export async function enter(signal: AbortSignal): Promise<Place | string> {
  const locks = locksHere();
  if (locks === undefined || typeof BroadcastChannel === "undefined") {
    return "This browser lets tabs hear each other only on pages from https: this one stays alone.";
  }
  const ended = new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
  const hold = (name: string) =>
    new Promise<boolean>((tell, fail) => {
      const held = locks.request(name, { ifAvailable: true }, (lock) => {
        tell(lock !== null);
        return lock === null || signal.aborted ? undefined : ended;
      });
      held.catch(fail);
    });
  const tab = [...crypto.getRandomValues(new Uint32Array(4))].map((part) => part.toString(36)).join("-");
  await hold(lockOf(tab));
  for (let index = 0; index < REPLICAS_MAX; index++) if (await hold(lockAt(index))) return { tab, index };
  return `${REPLICAS_MAX} tabs are here already, which is all that have a name: this one stays alone.`;
}

export const watch: Watch = (tab, signal, gone) => {
  // Aborting, which is how it ends with this page, rejects.
  locksHere()
    ?.request(lockOf(tab), { signal }, () => gone())
    .catch(() => undefined);
};

/** Only pages from secure origins have them, whatever the types say. */
function locksHere(): LockManager | undefined {
  return (navigator as Partial<Navigator>).locks;
}
