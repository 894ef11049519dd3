/**
 * Who else is there: the pages of other tabs and their replicas. This is news for people, not part of the map's own
 * synchronisation, which knows nothing of it. Messages and time come in as arguments; `presence-channel.svelte.ts`
 * connects them to a BroadcastChannel and a clock.
 */
export interface RemoteReplica {
  readonly name: string;
  readonly id: string;
  readonly online: boolean;
  readonly fingerprint: string;
}

export type PresenceMessage =
  | { readonly kind: "who" }
  | { readonly kind: "here"; readonly tab: string; readonly replicas: readonly RemoteReplica[] }
  | { readonly kind: "bye"; readonly tab: string };

export interface RemoteTab {
  readonly tab: string;
  readonly heardAtMs: number;
  readonly replicas: readonly RemoteReplica[];
}

export const HEARTBEAT_MS = 5_000;
/** A tab this silent is asked. Browsers slow the timers of hidden tabs down, but a question still wakes them. */
export const ASK_AFTER_MS = 7_000;
/** A tab this silent is gone. */
export const FORGET_AFTER_MS = 12_000;

const MOST_REPLICAS_OF_A_TAB = 64;
const MOST_TABS = 64;
const LONGEST_NAME = 64;

/** `null` for whatever is not a message of this protocol: anyone on this origin can post on the channel. */
export function parseMessage(data: unknown): PresenceMessage | null {
  if (!isRecord(data)) return null;
  if (data["kind"] === "who") return { kind: "who" };
  const tab = data["tab"];
  if (!isHex(tab)) return null;
  if (data["kind"] === "bye") return { kind: "bye", tab };
  if (data["kind"] !== "here") return null;
  const listed = data["replicas"];
  if (!Array.isArray(listed) || listed.length > MOST_REPLICAS_OF_A_TAB) return null;
  const replicas = listed.map(parseReplica);
  return replicas.every((replica) => replica !== null) ? { kind: "here", tab, replicas } : null;
}

function parseReplica(data: unknown): RemoteReplica | null {
  if (!isRecord(data)) return null;
  const { name, id, online, fingerprint } = data;
  if (typeof name !== "string" || name === "" || name.length > LONGEST_NAME) return null;
  if (!isHex(id) || !isHex(fingerprint) || typeof online !== "boolean") return null;
  return { name, id, online, fingerprint };
}

function isRecord(data: unknown): data is Record<string, unknown> {
  return typeof data === "object" && data !== null;
}

function isHex(text: unknown): text is string {
  return typeof text === "string" && /^[0-9a-f]{16}$/.test(text);
}

export function hex64(value: bigint): string {
  return value.toString(16).padStart(16, "0");
}

/** The tabs known after a message; the same array if nothing about them changed but the time. */
export function heard(tabs: readonly RemoteTab[], message: PresenceMessage, nowMs: number): readonly RemoteTab[] {
  switch (message.kind) {
    case "who":
      return tabs;
    case "bye":
      return tabs.filter(({ tab }) => tab !== message.tab);
    case "here": {
      const now: RemoteTab = { tab: message.tab, heardAtMs: nowMs, replicas: message.replicas };
      const known = tabs.some(({ tab }) => tab === message.tab);
      if (known) return tabs.map((tab) => (tab.tab === message.tab ? now : tab));
      return tabs.length < MOST_TABS ? [...tabs, now] : tabs;
    }
  }
}

export function withoutSilent(tabs: readonly RemoteTab[], nowMs: number): readonly RemoteTab[] {
  const alive = tabs.filter(({ heardAtMs }) => nowMs - heardAtMs < FORGET_AFTER_MS);
  return alive.length === tabs.length ? tabs : alive;
}

export function someoneIsQuiet(tabs: readonly RemoteTab[], nowMs: number): boolean {
  return tabs.some(({ heardAtMs }) => nowMs - heardAtMs >= ASK_AFTER_MS);
}
