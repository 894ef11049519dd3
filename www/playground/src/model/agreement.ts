/**
 * Do replicas know the same? Equal fingerprints say so. `in-sync`, which is shown in green, is said only if every replica that the
 * page knows of has the same one: here or in another tab, online or not. Words first: the colour of an indicator only repeats them.
 */
export interface Peer {
  readonly key: string;
  readonly online: boolean;
  readonly fingerprint: string;
}

/** A replica of another tab. */
export interface FarPeer {
  readonly key: string;
  /** `null`: not known, as it is out of reach. */
  readonly fingerprint: string | null;
}

export type Standing = "in-sync" | "differs" | "unknown" | "alone" | "offline";

export interface Agreement {
  readonly standing: Standing;
  readonly words: string;
}

/** `peers`, those of this page, may hold `self`, which is left out. */
export function agreementOf(self: Peer, peers: readonly Peer[], far: readonly FarPeer[] = []): Agreement {
  const here = peers.filter((peer) => peer.key !== self.key);
  const online = here.filter((peer) => peer.online);
  if (!self.online) {
    if (online.length === 0) return { standing: "offline", words: "offline" };
    const isApart = online.some((peer) => peer.fingerprint !== self.fingerprint);
    return { standing: "offline", words: isApart ? "offline, apart" : "offline, nothing missed" };
  }
  if (online.length === 0 && far.length === 0) return { standing: "alone", words: "online, alone" };
  const others = [...here, ...far];
  const { differing, unknown } = compared(self.fingerprint, others);
  if (differing > 0) return { standing: "differs", words: `differs from ${differing} of ${others.length}` };
  if (unknown > 0) {
    const known = others.length - unknown;
    return {
      standing: "unknown",
      words: known === 0 ? "others out of reach" : `agrees with ${known} of ${others.length}`,
    };
  }
  const words = others.length === 1 ? "in sync with 1 other" : `in sync with ${others.length} others`;
  return { standing: "in-sync", words };
}

/**
 * One sentence on all replicas, those of other tabs in `far`. `reachesFar`: whether anything from other tabs could come in, so that an
 * empty `far` means that there are none.
 */
export function overall(peers: readonly Peer[], far: readonly FarPeer[] = [], reachesFar = true): Agreement {
  if (peers.length === 0) return { standing: "offline", words: "There is no replica." };
  const online = peers.filter((peer) => peer.online);
  const offline = peers.filter((peer) => !peer.online);
  if (online.length === 0) return { standing: "offline", words: `All ${peers.length} replicas are offline.` };
  const [state = "", ...moreStates] = new Set(online.map((peer) => peer.fingerprint));
  if (moreStates.length > 0) {
    const words = `${online.length} replicas online, ${moreStates.length + 1} different states`;
    return { standing: "differs", words: `${words}${offlineWords(offline.length, 0)}${farWords(far.length, 0, 0)}.` };
  }
  if (online.length === 1 && far.length === 0)
    return { standing: "alone", words: `1 replica is online${offlineWords(offline.length, 0)}.` };

  const apart = compared(state, offline).differing;
  const { differing, unknown } = compared(state, far);
  const standing = apart + differing > 0 ? "differs" : unknown > 0 || !reachesFar ? "unknown" : "in-sync";
  const subject = online.length === 1 ? "1 replica online" : `${online.length} replicas online`;
  const claim = standing === "in-sync" ? ", all in sync" : online.length === 1 ? "" : " agree";
  const others =
    far.length > 0 || reachesFar ? farWords(far.length, differing, unknown) : "; other tabs are out of reach";
  return { standing, words: `${subject}${claim}${offlineWords(offline.length, apart)}${others}.` };
}

function compared(fingerprint: string, others: readonly { readonly fingerprint: string | null }[]) {
  const unknown = others.filter((other) => other.fingerprint === null).length;
  const same = others.filter((other) => other.fingerprint === fingerprint).length;
  return { differing: others.length - unknown - same, unknown };
}

function offlineWords(count: number, apart: number): string {
  if (count === 0) return "";
  if (apart === 0) return `, ${count} offline`;
  return apart === count ? `, ${count} offline and apart` : `, ${count} offline, ${apart} of them apart`;
}

function farWords(count: number, differing: number, unknown: number): string {
  if (count === 0) return "";
  const parts = [
    differing > 0 && `${differing} ${differing === 1 ? "differs" : "differ"}`,
    unknown > 0 && `${unknown} not known, out of reach`,
  ].filter((part) => part !== false);
  return parts.length === 0 ? `; ${count} in other tabs` : `; of ${count} in other tabs ${parts.join(", ")}`;
}
