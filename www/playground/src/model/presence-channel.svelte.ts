/** Presence on a real BroadcastChannel: announces this page's replicas and keeps the list of other tabs. */
import {
  heard,
  HEARTBEAT_MS,
  hex64,
  parseMessage,
  someoneIsQuiet,
  withoutSilent,
  type PresenceMessage,
  type RemoteReplica,
  type RemoteTab,
} from "./presence";

const ANNOUNCE_AFTER_MS = 100;
const WATCH_EVERY_MS = 1_000;

export class PresenceChannel {
  tabs = $state.raw<readonly RemoteTab[]>([]);

  readonly #tab = hex64(crypto.getRandomValues(new BigUint64Array(1))[0] ?? 0n);
  readonly #channel: BroadcastChannel;
  readonly #replicas: () => readonly RemoteReplica[];
  readonly #stop = new AbortController();
  readonly #timers: readonly ReturnType<typeof setInterval>[];
  #pending: ReturnType<typeof setTimeout> | undefined;

  constructor(channelName: string, replicas: () => readonly RemoteReplica[]) {
    this.#replicas = replicas;
    this.#channel = new BroadcastChannel(channelName);
    const { signal } = this.#stop;
    this.#channel.addEventListener("message", ({ data }) => this.#receive(data), { signal });
    addEventListener("pagehide", () => this.#post({ kind: "bye", tab: this.#tab }), { signal });
    addEventListener("pageshow", (event) => event.persisted && this.#greet(), { signal });
    this.#timers = [
      setInterval(() => this.#announce(), HEARTBEAT_MS),
      setInterval(() => this.#watch(), WATCH_EVERY_MS),
    ];
    this.#greet();
  }

  /** Something about this page's replicas changed: tell the others soon, once for many changes. */
  changed(): void {
    this.#pending ??= setTimeout(() => this.#announce(), ANNOUNCE_AFTER_MS);
  }

  close(): void {
    this.#post({ kind: "bye", tab: this.#tab });
    this.#stop.abort();
    this.#timers.forEach(clearInterval);
    clearTimeout(this.#pending);
    this.#channel.close();
  }

  #greet(): void {
    this.#post({ kind: "who" });
    this.#announce();
  }

  #announce(): void {
    clearTimeout(this.#pending);
    this.#pending = undefined;
    this.#post({ kind: "here", tab: this.#tab, replicas: this.#replicas() });
  }

  #receive(data: unknown): void {
    const message = parseMessage(data);
    if (message === null) return;
    if (message.kind === "who") this.#announce();
    else this.tabs = heard(this.tabs, message, Date.now());
  }

  #watch(): void {
    const now = Date.now();
    if (someoneIsQuiet(this.tabs, now)) this.#post({ kind: "who" });
    this.tabs = withoutSilent(this.tabs, now);
  }

  #post(message: PresenceMessage): void {
    this.#channel.postMessage(message);
  }
}
