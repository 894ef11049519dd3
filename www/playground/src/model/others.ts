/** Who is in other tabs, put together from what each replica of this page has heard. */
import type { Peer } from "crdt-range-map";

export type Whereabouts = "here" | "left" | "died";

export const WHEREABOUTS_WORDS: Readonly<Record<Whereabouts, string>> = {
  here: "is here",
  left: "left",
  died: "went without a word",
};

export interface Other {
  readonly replica: bigint;
  readonly name: string;
  readonly whereabouts: Whereabouts;
  /** As `Date.now()` counts, in whole seconds: so that nothing changes more often than it is worth looking at. */
  readonly lastSeenMs: number;
}

/** Who is gone is shown for so long. */
export const GONE_SHOWN_MS = 60_000;

/**
 * `views` are the peers of each replica here, `own` the replicas of this page. Who is alive for one of them is alive: the others
 * may have missed it. Those who are here come first, then by name.
 */
export function othersOf(views: readonly (readonly Peer[])[], own: readonly bigint[], nowMs: number): readonly Other[] {
  const others = new Map<bigint, Other>();
  for (const { replica, name, lastSeen, alive, left } of views.flat()) {
    if (own.includes(replica)) continue;
    const whereabouts = alive ? "here" : left ? "left" : "died";
    const known = others.get(replica);
    const lastSeenMs = Math.max(Math.floor(lastSeen / 1000) * 1000, known?.lastSeenMs ?? 0);
    const isBetter = known === undefined || RANK[whereabouts] < RANK[known.whereabouts];
    others.set(replica, isBetter ? { replica, name, whereabouts, lastSeenMs } : { ...known, lastSeenMs });
  }
  return [...others.values()]
    .filter(({ whereabouts, lastSeenMs }) => whereabouts === "here" || nowMs - lastSeenMs < GONE_SHOWN_MS)
    .sort(
      (a, b) =>
        Number(a.whereabouts !== "here") - Number(b.whereabouts !== "here") ||
        a.name.localeCompare(b.name) ||
        (a.replica < b.replica ? -1 : 1),
    );
}

const RANK: Readonly<Record<Whereabouts, number>> = { here: 0, left: 1, died: 2 };

export function isSame(some: readonly Other[], others: readonly Other[]): boolean {
  return (
    some.length === others.length &&
    some.every((one, place) => {
      const other = others[place];
      return (
        one.replica === other?.replica &&
        one.name === other.name &&
        one.whereabouts === other.whereabouts &&
        one.lastSeenMs === other.lastSeenMs
      );
    })
  );
}
