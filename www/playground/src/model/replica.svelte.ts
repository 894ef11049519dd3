/**
 * One replica of the page: a map, its connection, and a snapshot of what the map says. The map owns the truth; the
 * snapshot is read anew, as a whole, after each change, at most once a frame. Nothing else in the page holds state of
 * the map.
 */
import {
  RangeMap,
  type Channel,
  type Connection,
  type IgnoreReason,
  type Owner,
  type Peer,
  type Registration,
  type Split,
} from "crdt-range-map/lean";
import { oncePerFrame } from "./schedule";

export interface Snapshot {
  readonly registrations: readonly Registration[];
  readonly splits: readonly Split[];
  readonly fingerprint: bigint;
}

export interface Traffic {
  readonly messagesSent: number;
  readonly bytesSent: number;
  readonly messagesReceived: number;
  readonly bytesReceived: number;
  readonly messagesIgnored: number;
  readonly ignored: Readonly<Partial<Record<IgnoreReason, number>>>;
}

const NO_TRAFFIC: Traffic = {
  messagesSent: 0,
  bytesSent: 0,
  messagesReceived: 0,
  bytesReceived: 0,
  messagesIgnored: 0,
  ignored: {},
};

export class Replica {
  /** What tells it from the others of the page. */
  readonly letter: string;
  readonly name: string;
  readonly map = new RangeMap();
  readonly #open: () => Channel;
  readonly #locks: string;
  readonly #onChange: () => void;
  readonly #unsubscribe: () => void;
  readonly #refresh = oncePerFrame(() => this.read());
  #connection: Connection | undefined;
  #earlierTraffic = NO_TRAFFIC;

  snapshot = $state.raw<Snapshot>({ registrations: [], splits: [], fingerprint: 0n });
  traffic = $state.raw<Traffic>(NO_TRAFFIC);
  online = $state(false);

  /**
   * `open` gives a channel for each time that it goes online; `locks` is what the names of its Web Locks
   * begin with; `onChange` is called at each change of what it says and of whether it is online, without waiting for a frame.
   */
  constructor(letter: string, open: () => Channel, locks: string, seed: Uint8Array | null, onChange: () => void) {
    this.letter = letter;
    this.name = `Replica ${letter}`;
    this.#open = open;
    this.#locks = locks;
    if (seed !== null) this.map.merge(seed);
    this.#unsubscribe = this.map.onChange(() => {
      this.#refresh.request();
      onChange();
    });
    this.#onChange = onChange;
    this.read();
  }

  /** What it writes under. It changes if the others gave the former id up. */
  get id(): bigint {
    void this.snapshot;
    return this.map.replica;
  }

  goOnline(): void {
    if (this.#connection !== undefined) return;
    this.#connection = this.map.connect(this.#open(), { name: this.name, locks: this.#locks });
    this.online = true;
    this.#onChange();
  }

  goOffline(): void {
    if (this.#connection === undefined) return;
    this.#earlierTraffic = this.#traffic();
    this.#connection.close();
    this.#connection.free();
    this.#connection = undefined;
    this.online = false;
    this.look();
    this.#onChange();
  }

  /** What a program does when a broken link is back: whoever joins asks for what was missed, and is asked. */
  reconnect(): void {
    if (!this.online) return;
    this.goOffline();
    this.goOnline();
  }

  /** Who takes part on the same channel, as this replica has heard; nobody while it is offline. */
  peers(): readonly Peer[] {
    return this.#connection?.peers() ?? [];
  }

  /** The map is asked, but as often as the snapshot is a new one: reading it here makes readers depend on it. */
  owners(key: bigint): Owner[] {
    void this.snapshot;
    return this.map.owners(key);
  }

  /**
   * Looks whether anything is new that no change announces: traffic, and knowledge that changed no visible priority.
   */
  look(): void {
    const traffic = this.#traffic();
    if (!sameTraffic(traffic, this.traffic)) this.traffic = traffic;
    if (this.map.fingerprint() !== this.snapshot.fingerprint) this.#refresh.request();
  }

  dispose(): void {
    this.goOffline();
    this.#refresh.cancel();
    this.#unsubscribe();
    this.map.free();
  }

  /** Reads the map anew if it knows something else than the snapshot. */
  read(): void {
    const fingerprint = this.map.fingerprint();
    if (fingerprint !== this.snapshot.fingerprint)
      this.snapshot = { registrations: this.map.registrations(), splits: this.map.splits(), fingerprint };
    this.traffic = this.#traffic();
  }

  #traffic(): Traffic {
    const before = this.#earlierTraffic;
    if (this.#connection === undefined) return before;
    const now = this.#connection.statistics();
    return {
      messagesSent: before.messagesSent + now.messagesPosted,
      bytesSent: before.bytesSent + now.bytesPosted,
      messagesReceived: before.messagesReceived + now.messagesReceived,
      bytesReceived: before.bytesReceived + now.bytesReceived,
      messagesIgnored: before.messagesIgnored + now.messagesIgnored,
      ignored: sums(before.ignored, now.ignored),
    };
  }
}

function sums(some: Traffic["ignored"], more: Readonly<Record<IgnoreReason, number>>): Traffic["ignored"] {
  return Object.fromEntries(
    Object.entries(more).map(([reason, count]) => [reason, count + (some[reason as IgnoreReason] ?? 0)]),
  );
}

function sameTraffic(a: Traffic, b: Traffic): boolean {
  return (
    a.messagesSent === b.messagesSent &&
    a.messagesReceived === b.messagesReceived &&
    a.messagesIgnored === b.messagesIgnored
  );
}
