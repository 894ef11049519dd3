import { REPLICAS_MAX, type Input, type Told } from "./input";
import type { Log } from "./log";
import { Message } from "./message";
import { Network, type Flight } from "./network";
import { idOf } from "./random";
import { Replica } from "./replica";

/** A replica that lives elsewhere: of it, a world has what it says. */
export interface Far {
  readonly isThere: boolean;
  readonly knows: Told | null;
}

/** Something that happened. */
export interface WorldEvent {
  readonly at: number;
  /** An input; a copy that arrived or ended otherwise; or a replica that had something to say. */
  readonly cause:
    | { readonly kind: "input"; readonly input: Input }
    | { readonly kind: "end"; readonly flight: Flight }
    | { readonly kind: "wake"; readonly replica: number };
  /** The copies that were sent. */
  readonly sent: readonly Flight[];
  /** The copies that ended before their time. */
  readonly ended: readonly Flight[];
  /** Why operations, or messages, were refused. */
  readonly refused: readonly string[];
}

/**
 * Replicas and the network between them, at a moment that a log and a time decide. At one time, inputs happen first, in the order of
 * the log; then what arrives, in the order in which it was sent; then what replicas have to say.
 */
export class World {
  #now = 0;
  #log: Log;
  #inputCount = 0;
  #replicas: (Replica | undefined)[] = [];
  #far: (Far | undefined)[] = [];
  #network: Network;
  /** Who writes, or wrote, under an id. */
  #writers = new Map<bigint, number>();

  constructor(log: Log) {
    this.#log = log;
    this.#network = new Network(log.seed);
  }

  get now(): number {
    return this.#now;
  }

  get log(): Log {
    return this.#log;
  }

  /** Goes on with a log that has the same inputs until now. */
  follow(log: Log): void {
    this.#log = log;
  }

  /** A world that goes on exactly as this one, and is to be freed as well. */
  clone(): World {
    const clone = new World(this.#log);
    clone.#now = this.#now;
    clone.#inputCount = this.#inputCount;
    clone.#replicas = this.#replicas.map((replica) => replica?.clone());
    clone.#far = this.#far.slice();
    clone.#network = this.#network.clone();
    clone.#writers = new Map(this.#writers);
    return clone;
  }

  free(): void {
    for (const replica of this.#replicas) replica?.free();
  }

  /** All that ever joined, by number. */
  get replicas(): readonly (Replica | undefined)[] {
    return this.#replicas;
  }

  /** All that live elsewhere and were ever heard of, by number. */
  get far(): readonly (Far | undefined)[] {
    return this.#far;
  }

  get network(): Network {
    return this.#network;
  }

  /** The number of the replica that writes, or wrote, under an id. */
  writerOf(id: bigint): number | undefined {
    return this.#writers.get(id);
  }

  /** When something happens next; `undefined` is never. */
  nextAt(): number | undefined {
    const input = this.#log.inputs[this.#inputCount]?.at ?? Infinity;
    const next = Math.min(input, this.#network.nextAt(), this.#wakeAt());
    return next === Infinity ? undefined : next;
  }

  #wakeAt(): number {
    return this.#replicas.reduce((least, replica) => Math.min(least, replica?.wakeAt ?? Infinity), Infinity);
  }

  /** Lets the next thing happen. */
  step(): WorldEvent | undefined {
    const at = this.nextAt();
    if (at === undefined) return undefined;
    this.#now = at;
    const input = this.#log.inputs[this.#inputCount];
    if (input?.at === at) {
      this.#inputCount += 1;
      return this.#happen({ kind: "input", input }, (event) => this.#take(input, event));
    }
    if (this.#network.nextAt() === at) {
      const flight = this.#network.take();
      if (flight === undefined) return undefined;
      return this.#happen({ kind: "end", flight }, (event) => {
        if (flight.fate !== "arrives") return;
        this.#replicas[flight.to]?.receive(flight.message.bytes, at);
        this.#say(flight.to, event);
      });
    }
    const replica = this.#replicas.findIndex((known) => known?.wakeAt === at);
    return this.#happen({ kind: "wake", replica }, (event) => this.#say(replica, event));
  }

  /** Lets all happen until that time, which is now afterwards. */
  runTo(at: number): void {
    while ((this.nextAt() ?? Infinity) <= at) this.step();
    this.#now = Math.max(this.#now, at);
  }

  #happen(cause: WorldEvent["cause"], change: (event: Changing) => void): WorldEvent {
    const changing: Changing = { sent: [], ended: [], refused: [] };
    change(changing);
    return { at: this.#now, cause, ...changing };
  }

  #take(input: Input, event: Changing): void {
    switch (input.kind) {
      case "weather":
        return this.#network.setConditions(input.conditions, input.between);
      case "cut":
        event.ended.push(...this.#network.cut(input.between, this.#now));
        return;
      case "mend":
        // Both ask at once, instead of waiting for the next digest.
        this.#network.mend(input.between);
        return input.between.forEach((replica) => this.#reconnect(replica, event));
      case "join":
        this.#replicas[input.replica] = new Replica();
        return this.#start(input.replica, event);
      case "restart":
        return this.#start(input.replica, event);
      case "told":
        return this.#hearOf(input.replica, input.knows, event);
    }
    if (input.kind === "leave" && this.#far[input.replica] !== undefined) {
      this.#far[input.replica] = { isThere: false, knows: null };
      return this.#miss(input.replica, event);
    }
    const replica = this.#replicas[input.replica];
    if (replica === undefined) return;
    switch (input.kind) {
      case "leave":
        this.#say(input.replica, event);
        replica.end("gone");
        return this.#miss(input.replica, event);
      case "crash":
        replica.end("crashed");
        return this.#miss(input.replica, event);
      case "offline":
        replica.disconnect();
        this.#miss(input.replica, event);
        return this.#say(input.replica, event);
      case "online":
        replica.connect(this.#now);
        return this.#say(input.replica, event);
      case "operation": {
        const refused = replica.apply(input.operations);
        if (refused !== undefined) event.refused.push(refused);
        return this.#say(input.replica, event);
      }
      case "heard": {
        if (replica.presence !== "online") return;
        const { from, bytes, takesMs, isLost } = input;
        event.sent.push(this.#network.carry(new Message(bytes), from, input.replica, this.#now, takesMs, isLost));
      }
    }
  }

  /** Who was not known of until now is asked at once, instead of with the next digest. */
  #hearOf(number: number, knows: Told | null, event: Changing): void {
    const isNews = !this.#far[number]?.knows;
    this.#far[number] = { isThere: true, knows };
    if (knows === null) return;
    this.#writers.set(knows.id, number);
    if (isNews) this.#replicas.forEach((_, replica) => this.#reconnect(replica, event));
  }

  #start(number: number, event: Changing): void {
    const replica = this.#replicas[number];
    if (replica === undefined) return;
    const [id, seed] = [1, 2].map((what) => idOf(this.#log.seed, number, replica.restarts, what));
    replica.restarts += 1;
    if (id === undefined || seed === undefined) return;
    replica.start(id, seed);
    this.#writers.set(id, number);
    replica.connect(this.#now);
    this.#say(number, event);
  }

  #reconnect(number: number, event: Changing): void {
    const replica = this.#replicas[number];
    if (replica?.presence !== "online") return;
    replica.connect(this.#now);
    this.#say(number, event);
  }

  #miss(replica: number, event: Changing): void {
    event.ended.push(...this.#network.miss(replica, this.#now));
  }

  /** Sends all that a replica has to say to all others that are online, or elsewhere. */
  #say(from: number, event: Changing): void {
    const replica = this.#replicas[from];
    if (replica === undefined) return;
    const { sent, refused } = replica.poll(this.#now, (id) => this.#writers.set(id, from));
    event.refused.push(...refused);
    for (const bytes of sent) {
      const message = new Message(bytes);
      for (let to = 0; to < REPLICAS_MAX; to++) {
        const isThere = this.#replicas[to]?.presence === "online" || this.#far[to]?.isThere;
        if (to === from || !isThere) continue;
        event.sent.push(...this.#network.send(message, from, to, this.#now));
      }
    }
  }
}

interface Changing {
  readonly sent: Flight[];
  readonly ended: Flight[];
  readonly refused: string[];
}
