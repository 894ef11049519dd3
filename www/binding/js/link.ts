// A link of a replica over a channel, and its part in presence.

import { checkName } from "#glue";
import { message } from "./arguments.js";
import { Callbacks } from "./callbacks.js";
import type { Core } from "./core.js";
import { describe, failure, guarded } from "./errors.js";
import { hasLocks, Locks } from "./locks.js";
import type { Channel, ChannelListener, ConnectionStatistics, ConnectOptions, Peer } from "./types.js";
import { now, report, unref } from "./world.js";

/** A channel of which nothing is taken for granted, which the user may have handed in. */
function listen(channel: Channel, listener: ChannelListener | null): void {
  channel.onmessage = listener;
  // What a browser cannot deserialize comes with null for data, which is as foreign as anything.
  if ("onmessageerror" in channel) channel.onmessageerror = listener;
}

/** The statistics but for its lists, and these. */
type Lists = Pick<ConnectionStatistics, "posted" | "ignored">;
type Counts = [Omit<ConnectionStatistics, keyof Lists>, Lists["posted"], Lists["ignored"]];

export class Link {
  readonly peersChanged: Callbacks<Peer[]>;
  readonly #core: Core;
  readonly #channel: Channel;
  readonly #number: number;
  /** How many messages did not get to the module: they were no bytes, or too many. */
  #refused = 0;
  /** The counts when it was closed. */
  #finalCounts: Counts | undefined;
  /** Not before the channel listens: what it tells at once is lost. */
  #isOpen = false;
  #name: string | undefined;
  /** Whether it takes part in presence no more, whatever its name. */
  #hasLeft = false;
  readonly #locks: Locks | undefined;
  /** Whether it takes part already, which it does when it holds its lock. */
  #hasJoined = false;
  /** Whether those who want to know of peers will be told. */
  #isNoted = false;
  readonly #ended = new AbortController();

  /** Throws `channel-unavailable`, `invalid-name`, and leaves everything as it was then. */
  constructor(core: Core, channel: string | Channel, { kind, name, locks }: ConnectOptions) {
    this.#core = core;
    this.peersChanged = new Callbacks(core.queue);
    if (name !== undefined) guarded(() => checkName(name));
    this.#channel = opened(channel, (event) => this.#receive(event));
    this.#number = core.module.open(kind === "neighbour", now());
    core.links.set(this.#number, this);
    this.#isOpen = true;
    const prefix = locks === undefined && typeof channel === "string" ? channel : locks;
    if (typeof prefix === "string" && hasLocks())
      this.#locks = new Locks(prefix, (replica) => this.#tellDeath(replica));
    this.#name = name;
    this.followReplica();
    this.#followPage();
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** `undefined`: it takes no part in presence. Who is bound to its life has to be heard of. */
  get #presenceName(): string | undefined {
    if (this.#hasLeft) return undefined;
    return this.#name ?? (this.#core.isEphemeral ? "" : undefined);
  }

  /** Takes part in presence, if it is to, under the id that the replica has now. */
  followReplica(): void {
    if (!this.#isOpen) return;
    this.#hasJoined = false;
    if (this.#presenceName === undefined) this.#locks?.letGo();
    else if (this.#locks) this.#locks.hold(this.#core.module.replica(), () => this.#join());
    else this.#join();
  }

  /** Takes part no more: the replica says goodbye. Its lock is held until the link is closed, lest it be taken for dead. */
  leavePresence(): void {
    this.#hasLeft = true;
    this.#hasJoined = false;
    this.#locks?.watch([]);
  }

  #join(): void {
    if (!this.#isOpen || this.#core.isFreed) return;
    // It may go by another name, or have left, since it waits for its lock.
    const name = this.#presenceName;
    if (name === undefined) return;
    this.#core.module.join(this.#number, name, this.#locks !== undefined, now());
    this.#hasJoined = true;
    this.#core.pump("remote");
  }

  /** Goes by another name. */
  setName(name: string): void {
    guarded(() => checkName(name));
    if (!this.#isOpen || this.#presenceName === undefined) return;
    this.#name = name;
    // Who waits for its lock joins under it later.
    if (this.#hasJoined) this.#join();
  }

  #followPage(): void {
    if (typeof document === "undefined") return;
    const { signal } = this.#ended;
    const leave = () => {
      this.#core.module.sayGoodbye(this.#number);
      this.#core.pump("remote");
    };
    const resume = () => {
      this.#core.module.resume(this.#number, now());
      this.#core.pump("remote");
    };
    addEventListener("pagehide", leave, { signal });
    addEventListener("pageshow", ({ persisted }) => persisted && resume(), { signal });
    // Who runs no more does nothing for anybody.
    document.addEventListener("freeze", leave, { signal });
    document.addEventListener("resume", resume, { signal });
  }

  #tellDeath(replica: bigint): void {
    if (!this.#isOpen || this.#core.isFreed) return;
    this.#core.module.died(this.#number, replica, now());
    this.#core.pump("remote");
  }

  /** Somebody came, went or changed its name. */
  notePeers(): void {
    const peers = this.peers();
    this.#locks?.watch(peers.filter(({ alive }) => alive).map(({ replica }) => replica));
    if (this.#isNoted || this.peersChanged.isEmpty) return;
    // Once for all who came and went at the same time.
    this.#isNoted = true;
    this.#core.queue.add(() => {
      this.#isNoted = false;
    });
    this.peersChanged.enqueue(() => this.peers());
  }

  peers(): Peer[] {
    if (!this.#isOpen || this.#core.isFreed) return [];
    const peers = this.#core.module.peers(this.#number) as Peer[];
    const offset = Date.now() - now();
    for (const peer of peers) peer.lastSeen = Math.round(peer.lastSeen + offset);
    return peers;
  }

  #receive(event: { data: unknown } | null | undefined): void {
    if (!this.#isOpen || this.#core.isFreed) return;
    const bytes = message(event?.data);
    if (bytes) this.#core.module.receive(this.#number, bytes, now());
    else this.#refused += 1;
    this.#core.pump("remote");
  }

  post(bytes: Uint8Array): void {
    try {
      this.#channel.postMessage(bytes);
    } catch {
      // What cannot be posted is lost, as anything on a channel may be; the protocol makes up for that.
    }
  }

  statistics(): ConnectionStatistics {
    const [totals, posted, ignored] = this.#finalCounts ?? this.#counts();
    return {
      ...totals,
      messagesReceived: totals.messagesReceived + this.#refused,
      messagesIgnored: totals.messagesIgnored + this.#refused,
      posted: { ...posted },
      ignored: { ...ignored, foreign: ignored.foreign + this.#refused },
    };
  }

  /** Of what came to the module and from there. */
  #counts(): Counts {
    return this.#core.module.statistics(this.#number) as Counts;
  }

  /** Leaves the channel and lets go of everything. Nothing happens the second time. */
  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#ended.abort();
    this.peersChanged.clear();
    this.#finalCounts = this.#counts();
    this.#core.module.close(this.#number);
    // It says goodbye, at once, even if it is closed while something is posted.
    this.#core.pump("remote");
    this.#core.flush();
    this.#core.links.delete(this.#number);
    // After the goodbye, lest it be taken for dead.
    this.#locks?.close();
    report(() => {
      listen(this.#channel, null);
      this.#channel.close();
    });
  }
}

/** Opens a channel of that name, or takes the one that is handed in, and listens to it. */
function opened(channel: string | Channel, listener: (event: { data: unknown } | null | undefined) => void): Channel {
  try {
    const open: Channel = typeof channel === "string" ? unref(new BroadcastChannel(channel)) : channel;
    listen(open, listener);
    return open;
  } catch (reason) {
    throw failure("channel-unavailable", `the channel cannot be opened: ${describe(reason)}`);
  }
}
