/** Maps that outlive their tab: saved in this browser, under a name, for every tab that opens it. */
import { openRangeMap, type PersistentRangeMap, type PersistentStatus } from "crdt-range-map/persistent";

export type { PersistentRangeMap, PersistentStatus };

/** The saved map, without a connection; `null` where nothing can be saved at all. */
export async function openKept(name: string): Promise<PersistentRangeMap | null> {
  try {
    return await openRangeMap({ name, channel: null });
  } catch (error) {
    console.warn(error);
    return null;
  }
}

/** Deletes what was saved under that name. Whoever still has it open, or in memory, may bring it back. */
export function forget(name: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.deleteDatabase(`crdt-range-map/${name}`);
    request.onsuccess = () => resolve();
    request.onerror = () => reject(request.error ?? new Error("the database cannot be deleted"));
    request.onblocked = () => reject(new Error("another tab has it open"));
  });
}

/** How it stands with saving, in words. */
export function savedWords({ storage, error }: PersistentStatus): string {
  switch (storage) {
    case "saved":
      return "saved";
    case "saving":
      return "saving…";
    case "suspended":
    case "closed":
      return storage;
    case "memory":
      return `not saved: ${error?.message ?? "no storage"}`;
  }
}
