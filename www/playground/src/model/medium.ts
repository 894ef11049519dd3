/**
 * A broadcast medium inside the page: every replica has a port, and other tabs are one more party behind a real channel. Each pair
 * of parties has a link with conditions of its own. Time, chance and the real channel come in as arguments.
 */
import type { Channel } from "crdt-range-map";
import { OUTSIDE, PERFECT, type Conditions, type LinkName } from "./conditions";
import { Tally, type Post } from "./tally";

export interface Clock {
  nowMs(): number;
  /** Does it later, soon for 0; the tasks of one moment in the order in which they were given. */
  after(delayMs: number, task: () => void): void;
}

/** How much longer a message takes that is held back. */
const HELD_BACK_MS = 150;

export class Medium {
  readonly tally = new Tally();
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #outside: Channel;
  readonly #onTraffic: () => void;
  readonly #ports = new Map<string, Port>();
  readonly #conditions = new Map<string, Conditions>();
  /** When the last message of a direction arrives that was not held back: later ones don't overtake it. */
  readonly #lastDueMs = new Map<string, number>();

  /** `outside` carries messages to and from other tabs, as a BroadcastChannel does. */
  constructor(clock: Clock, random: () => number, outside: Channel, onTraffic: () => void) {
    this.#clock = clock;
    this.#random = random;
    this.#outside = outside;
    this.#onTraffic = onTraffic;
    outside.onmessage = ({ data }) => this.#send(OUTSIDE, data);
  }

  /** A channel for one party. It hears what the others post until it is closed. */
  open(party: string): Channel {
    this.#ports.get(party)?.close();
    const port = new Port((bytes) => this.#send(party, bytes));
    this.#ports.set(party, port);
    return port;
  }

  conditions(link: LinkName): Conditions {
    return this.#conditions.get(keyOf(link)) ?? PERFECT;
  }

  setConditions(link: LinkName, conditions: Conditions): void {
    this.#conditions.set(keyOf(link), conditions);
  }

  close(): void {
    this.#outside.onmessage = null;
    this.#outside.close();
    this.#ports.forEach((port) => port.close());
  }

  #send(from: string, data: unknown): void {
    const others = [...this.#ports].filter(([party, port]) => party !== from && port.isOpen).map(([party]) => party);
    if (from !== OUTSIDE) others.push(OUTSIDE);
    const post = this.tally.post(this.#clock.nowMs(), from, data, others.length);
    for (const to of others) this.#pass(from, to, data, post);
    this.#onTraffic();
  }

  #pass(from: string, to: string, data: unknown, post: Post): void {
    const link = keyOf({ a: from, b: to });
    const { isCut, lossPercent, delayMs, repeatPercent, reorderPercent, damagePercent } = this.conditions({
      a: from,
      b: to,
    });
    if (isCut) return this.tally.fault(link, post, "cut");
    if (this.#happens(lossPercent)) return this.tally.fault(link, post, "lost");
    const isRepeated = this.#happens(repeatPercent);
    if (isRepeated) this.tally.fault(link, post, "repeated");
    for (let copy = 0; copy < (isRepeated ? 2 : 1); copy++) {
      const carried = this.#happens(damagePercent) ? this.#damaged(data) : data;
      if (carried !== data) this.tally.fault(link, post, "damaged");
      const isHeldBack = this.#happens(reorderPercent);
      if (isHeldBack) this.tally.fault(link, post, "reordered");
      else if (delayMs > 0) this.tally.fault(link, post, "delayed");
      const dueMs = this.#dueMs(`${from}>${to}`, delayMs, isHeldBack);
      this.#clock.after(dueMs - this.#clock.nowMs(), () => this.#arrive(link, to, carried, post));
    }
  }

  #arrive(link: string, to: string, data: unknown, post: Post): void {
    const port = this.#ports.get(to);
    // Whoever has left meanwhile hears nothing.
    if (to !== OUTSIDE && port?.isOpen !== true) return;
    this.tally.arrival(link, post);
    this.#onTraffic();
    if (to !== OUTSIDE) port?.hear(data);
    else if (data instanceof Uint8Array) this.#outside.postMessage(data);
  }

  #dueMs(direction: string, delayMs: number, isHeldBack: boolean): number {
    const nowMs = this.#clock.nowMs();
    if (isHeldBack) return nowMs + delayMs + HELD_BACK_MS * (1 + this.#random());
    const dueMs = Math.max(nowMs + delayMs, this.#lastDueMs.get(direction) ?? 0);
    this.#lastDueMs.set(direction, dueMs);
    return dueMs;
  }

  #happens(percent: number): boolean {
    return percent > 0 && this.#random() * 100 < percent;
  }

  /** A copy with one bit turned over. */
  #damaged(data: unknown): unknown {
    if (!(data instanceof Uint8Array) || data.length === 0) return data;
    const copy = data.slice();
    const bit = Math.floor(this.#random() * copy.length * 8);
    copy[bit >> 3] = (copy[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    return copy;
  }
}

/** What a replica takes for a channel. */
class Port implements Channel {
  onmessage: Channel["onmessage"] = null;
  isOpen = true;
  readonly #post: (bytes: Uint8Array) => void;

  constructor(post: (bytes: Uint8Array) => void) {
    this.#post = post;
  }

  postMessage(bytes: Uint8Array): void {
    if (this.isOpen) this.#post(bytes);
  }

  hear(data: unknown): void {
    this.onmessage?.({ data });
  }

  close(): void {
    this.isOpen = false;
  }
}

/** The same for both directions. */
export function keyOf({ a, b }: LinkName): string {
  return a < b ? `${a}|${b}` : `${b}|${a}`;
}
