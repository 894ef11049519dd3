import { FAIR, REPLICAS_MAX, type Conditions, type Pair } from "./input";
import type { Message } from "./message";
import { numberBelow } from "./random";

/** How many copies may be on their way at once. What is sent beyond is lost. */
export const FLIGHTS_MAX = 10_000;

/**
 * What becomes of a copy: it arrives; it is lost; it meets a cut, or one ends it; or whom it is for goes offline or away before.
 */
export type Fate = "arrives" | "lost" | "cut" | "missed";

/** A copy of a message, on its way from one replica to another. */
export interface Flight {
  /** Counts all copies of a world. */
  readonly number: number;
  readonly from: number;
  readonly to: number;
  readonly sentAt: number;
  /** When it arrives, or is no more. */
  readonly endsAt: number;
  readonly fate: Fate;
  /** Whether it is the second copy for the same replica. */
  readonly isDuplicate: boolean;
  readonly message: Message;
}

/** The ways between all replicas. Chance has a stream of its own for each direction of each pair. */
export class Network {
  /** The last one ends first. */
  #flights: Flight[] = [];
  #flightCount = 0;
  /** How many messages went each way. */
  #counts = new Uint32Array(REPLICAS_MAX * REPLICAS_MAX);
  #everywhere = FAIR;
  #between = new Map<number, Conditions>();
  #cuts = new Set<number>();

  constructor(readonly seed: number) {}

  clone(): Network {
    const clone = new Network(this.seed);
    clone.#flights = this.#flights.slice();
    clone.#flightCount = this.#flightCount;
    clone.#counts = this.#counts.slice();
    clone.#everywhere = this.#everywhere;
    clone.#between = new Map(this.#between);
    clone.#cuts = new Set(this.#cuts);
    return clone;
  }

  /** What is on its way, in the order of arrival. */
  flights(): Flight[] {
    return this.#flights.toReversed();
  }

  /** How many copies were ever sent. */
  get flightCount(): number {
    return this.#flightCount;
  }

  isCut(between: Pair): boolean {
    return this.#cuts.has(placeOf(between));
  }

  conditions(between: Pair): Conditions {
    return this.#between.get(placeOf(between)) ?? this.#everywhere;
  }

  setConditions(conditions: Conditions, between?: Pair): void {
    if (between !== undefined) {
      this.#between.set(placeOf(between), conditions);
    } else {
      this.#between.clear();
      this.#everywhere = conditions;
    }
  }

  /** Returns what was on its way there. */
  cut(between: Pair, at: number): Flight[] {
    this.#cuts.add(placeOf(between));
    return this.#end((flight) => placeOf([flight.from, flight.to]) === placeOf(between), "cut", at);
  }

  mend(between: Pair): void {
    this.#cuts.delete(placeOf(between));
  }

  /** Ends all that is on its way to a replica, which hears no more. */
  miss(replica: number, at: number): Flight[] {
    return this.#end((flight) => flight.to === replica, "missed", at);
  }

  #end(isMeant: (flight: Flight) => boolean, fate: Fate, at: number): Flight[] {
    const ended = this.#flights.filter(isMeant).map((flight) => ({ ...flight, fate, endsAt: at }));
    if (ended.length > 0) this.#flights = this.#flights.filter((flight) => !isMeant(flight));
    return ended;
  }

  /** Sends a message to one replica. Returns the copies; what is lost, or meets a cut, gets half-way. */
  send(message: Message, from: number, to: number, at: number): Flight[] {
    const { delayMs, jitterMs, lossPercent, duplicatePercent } = this.conditions([from, to]);
    if (this.isCut([from, to])) {
      return [this.#launch({ from, to, sentAt: at, fate: "cut", isDuplicate: false, message }, delayMs)];
    }
    const way = from * REPLICAS_MAX + to;
    const count = this.#counts[way] ?? 0;
    this.#counts[way] = count + 1;
    const below = (most: number, what: number) => numberBelow(most, this.seed, from, to, count, what);
    const copies = below(100, 0) < duplicatePercent ? [0, 1] : [0];
    return copies.map((copy) => {
      const isLost = below(100, 3 * copy + 1) < lossPercent || this.#flights.length >= FLIGHTS_MAX;
      const fate = isLost ? "lost" : "arrives";
      const takesMs = delayMs + below(jitterMs + 1, 3 * copy + 2);
      return this.#launch({ from, to, sentAt: at, fate, isDuplicate: copy === 1, message }, takesMs);
    });
  }

  /** Sends a copy whose fate was decided elsewhere. A cut here stops it all the same. */
  carry(message: Message, from: number, to: number, at: number, takesMs: number, isLost: boolean): Flight {
    const isTooMuch = isLost || this.#flights.length >= FLIGHTS_MAX;
    const fate = this.isCut([from, to]) ? "cut" : isTooMuch ? "lost" : "arrives";
    return this.#launch({ from, to, sentAt: at, fate, isDuplicate: false, message }, takesMs);
  }

  #launch(copy: Omit<Flight, "number" | "endsAt">, takesMs: number): Flight {
    const { from, to, sentAt, fate, isDuplicate, message } = copy;
    const endsAt = sentAt + Math.max(1, fate === "arrives" ? takesMs : Math.ceil(takesMs / 2));
    const flight: Flight = { number: this.#flightCount++, from, to, sentAt, endsAt, fate, isDuplicate, message };
    if (this.#flights.length < 2 * FLIGHTS_MAX) this.#insert(flight);
    return flight;
  }

  #insert(flight: Flight): void {
    let [low, high] = [0, this.#flights.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (isAfter(this.#flights[middle], flight)) low = middle + 1;
      else high = middle;
    }
    this.#flights.splice(low, 0, flight);
  }

  /** When the next copy ends. */
  nextAt(): number {
    return this.#flights.at(-1)?.endsAt ?? Infinity;
  }

  /** Takes the copy that ends next. */
  take(): Flight | undefined {
    return this.#flights.pop();
  }
}

function isAfter(one: Flight | undefined, other: Flight): boolean {
  if (one === undefined) return false;
  return one.endsAt > other.endsAt || (one.endsAt === other.endsAt && one.number > other.number);
}

/** The same number for two replicas in either order, and for no others. */
export function placeOf([a, b]: Pair): number {
  return Math.min(a, b) * REPLICAS_MAX + Math.max(a, b);
}
