import type { Operation } from "./input";
import type { Flight } from "./network";
import type { World, WorldEvent } from "./world";

/** How many copies of messages are remembered, and how many bytes they have at most. Beyond, the first ones are forgotten. */
export const FLIGHTS_KEPT_MAX = 100_000;
export const BYTES_KEPT_MAX = 64 << 20;
/** How many turns from agreement to disagreement, or back, are remembered, and how many times that a replica learnt something. */
export const TURNS_KEPT_MAX = 20_000;

export interface Done {
  readonly at: number;
  readonly replica: number;
  readonly operations: readonly Operation[];
  /** Why it was not done. */
  readonly refused: string | undefined;
}

/** A replica knows something else from here on, or is not there. */
export interface Learnt {
  readonly at: number;
  readonly replica: number;
  /** What it knows then: the same under the same; "" if it is not there. */
  readonly fingerprint: string;
}

/** From one moment up to, but not including, another. */
export interface Agreement {
  readonly from: number;
  readonly to: number;
  readonly isAgreed: boolean;
}

/** Whether all replicas that are there know the same, here and elsewhere; not if nobody is there, or one is not heard from any more. */
export function isAgreed(world: World): boolean {
  const here = world.replicas.flatMap((replica) => (replica?.isThere ? [replica.fingerprint] : []));
  const elsewhere = world.far.flatMap((far) => (far?.isThere ? [far.knows?.fingerprint] : []));
  const [first, ...others] = [...here, ...elsewhere];
  return first !== undefined && others.every((fingerprint) => fingerprint === first);
}

/** What happened in a world as it ran, for pictures of its time. */
export class History {
  /** Without gaps: the copy of number n is at place n − `#first`. */
  #flights: Flight[] = [];
  #first = 0;
  #bytes = 0;
  #done: Done[] = [];
  #turns: { readonly at: number; readonly isAgreed: boolean }[] = [{ at: 0, isAgreed: true }];
  #learnt: Learnt[] = [];
  /** The last of each replica. */
  #fingerprints: string[] = [];
  #since = 0;

  /** From when on all is remembered. */
  get since(): number {
    return this.#since;
  }

  add(event: WorldEvent, world: World): void {
    for (const flight of event.sent) this.#push(flight);
    for (const flight of event.ended) this.#correct(flight);
    if (event.cause.kind === "input" && event.cause.input.kind === "operation") {
      const { at, replica, operations } = event.cause.input;
      this.#done.push({ at, replica, operations, refused: event.refused[0] });
    }
    world.replicas.forEach((known, replica) => {
      const fingerprint = known?.fingerprint ?? "";
      if (fingerprint === (this.#fingerprints[replica] ?? "")) return;
      this.#fingerprints[replica] = fingerprint;
      this.#learnt.push({ at: event.at, replica, fingerprint });
    });
    if (this.#learnt.length > TURNS_KEPT_MAX) this.#forgetTo(this.#learnt[TURNS_KEPT_MAX >> 2]?.at ?? 0);
    const isAgreedNow = isAgreed(world);
    if (this.#turns.at(-1)?.at === event.at) this.#turns.pop();
    if (this.#turns.at(-1)?.isAgreed !== isAgreedNow) this.#turns.push({ at: event.at, isAgreed: isAgreedNow });
    if (this.#turns.length > TURNS_KEPT_MAX) this.#forgetTo(this.#turns[TURNS_KEPT_MAX >> 2]?.at ?? 0);
  }

  #push(flight: Flight): void {
    if (flight.message !== this.#flights.at(-1)?.message) this.#bytes += flight.message.bytes.length;
    this.#flights.push(flight);
    if (this.#flights.length <= FLIGHTS_KEPT_MAX && this.#bytes <= BYTES_KEPT_MAX) return;
    this.#forgetTo(this.#flights[(this.#flights.length >> 2) + 1]?.sentAt ?? flight.sentAt);
  }

  #correct(flight: Flight): void {
    const place = flight.number - this.#first;
    if (place >= 0 && place < this.#flights.length) this.#flights[place] = flight;
  }

  /** Forgets what was before. */
  #forgetTo(at: number): void {
    const kept = this.#flights.findIndex((flight) => flight.sentAt >= at);
    const forgotten = kept < 0 ? this.#flights.length : kept;
    this.#flights = this.#flights.slice(forgotten);
    this.#first += forgotten;
    this.#countBytes();
    this.#turns = this.#turns.filter((turn, place) => turn.at >= at || (this.#turns[place + 1]?.at ?? Infinity) > at);
    this.#learnt = this.#learnt.filter((learnt) => learnt.at >= at);
    this.#since = Math.max(this.#since, at);
  }

  #countBytes(): void {
    const isOther = (flight: Flight, place: number) => flight.message !== this.#flights[place - 1]?.message;
    this.#bytes = this.#flights.filter(isOther).reduce((sum, { message }) => sum + message.bytes.length, 0);
  }

  /** Forgets what happened after the moment of a world that ran through here; of none, all. */
  rewind(world: World | undefined): void {
    const count = world?.network.flightCount ?? 0;
    const now = world?.now ?? -1;
    if (count <= this.#first) this.#since = Math.min(this.#since, now + 1);
    this.#flights.length = Math.max(0, Math.min(this.#flights.length, count - this.#first));
    this.#first = Math.min(this.#first, count);
    // What becomes of those that were on their way is open again.
    for (const flight of world?.network.flights() ?? []) this.#correct(flight);
    this.#countBytes();
    this.#done = this.#done.filter(({ at }) => at <= now);
    this.#turns = this.#turns.filter(({ at }) => at <= now);
    this.#learnt = this.#learnt.filter(({ at }) => at <= now);
    this.#fingerprints = (world?.replicas ?? []).map((replica) => replica?.fingerprint ?? "");
    if (this.#turns.length === 0) this.#turns.push({ at: Math.max(0, now), isAgreed: world ? isAgreed(world) : true });
  }

  /** The copies that were sent until then, in that order, with what became of them as far as the world has run. */
  flights(until: number): Flight[] {
    let [low, high] = [0, this.#flights.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#flights[middle]?.sentAt ?? Infinity) <= until) low = middle + 1;
      else high = middle;
    }
    return this.#flights.slice(0, low);
  }

  done(until: number): Done[] {
    return this.#done.filter(({ at }) => at <= until);
  }

  /** When replicas learnt something, in that order. */
  learnt(until: number): Learnt[] {
    return this.#learnt.filter(({ at }) => at <= until);
  }

  /** When the replicas agreed and when they did not, without gaps. */
  agreement(until: number): Agreement[] {
    const turns = this.#turns.filter(({ at }) => at <= until);
    return turns.map(({ at, isAgreed }, place) => ({ from: at, to: turns[place + 1]?.at ?? until, isAgreed }));
  }
}
