/** Do replicas know the same? Equal fingerprints say so. Words first: the colour of an indicator only repeats them. */
export interface Peer {
  readonly key: string;
  readonly online: boolean;
  readonly fingerprint: string;
}

export type Standing = "in-sync" | "differs" | "alone" | "offline";

export const STANDING_WORDS: Readonly<Record<Standing, string>> = {
  "in-sync": "in sync",
  differs: "differs",
  alone: "online",
  offline: "offline",
};

export interface Agreement {
  readonly standing: Standing;
  readonly words: string;
}

/** `peers` may hold `self`, which is left out. */
export function agreementOf(self: Peer, peers: readonly Peer[]): Agreement {
  const others = peers.filter((peer) => peer.online && peer.key !== self.key);
  const different = others.filter((peer) => peer.fingerprint !== self.fingerprint).length;
  if (!self.online) {
    if (others.length === 0) return { standing: "offline", words: "offline" };
    return { standing: "offline", words: different === 0 ? "offline, nothing missed" : "offline, apart" };
  }
  if (others.length === 0) return { standing: "alone", words: "online, alone" };
  if (different === 0) {
    return {
      standing: "in-sync",
      words: others.length === 1 ? "in sync with 1 other" : `in sync with ${others.length} others`,
    };
  }
  return { standing: "differs", words: `differs from ${different} of ${others.length}` };
}

/** One sentence on all replicas of the page that are online, and on how many there are in other tabs. */
export function overall(peers: readonly Peer[], elsewhere = 0): Agreement {
  const online = peers.filter((peer) => peer.online);
  const states = new Set(online.map((peer) => peer.fingerprint)).size;
  const offline = peers.length - online.length;
  const aside = (offline === 0 ? "" : `, ${offline} offline`) + (elsewhere === 0 ? "" : `; ${elsewhere} in other tabs`);
  if (peers.length === 0) return { standing: "offline", words: "There is no replica." };
  if (online.length === 0) return { standing: "offline", words: `All ${peers.length} replicas are offline.` };
  if (online.length === 1) return { standing: "alone", words: `1 replica is online${aside}.` };
  if (states === 1) return { standing: "in-sync", words: `${online.length} replicas online, all in sync${aside}.` };
  return { standing: "differs", words: `${online.length} replicas online, ${states} different states${aside}.` };
}
