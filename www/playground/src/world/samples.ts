import { nameOf, type Input, type Operation, type Pair, type What } from "./input";
import { Log } from "./log";
import { hashOf, numberBelow } from "./random";
import { World } from "./world";

/** How large a sample is. */
export interface Size {
  readonly replicas: number;
  readonly inputs: number;
  /** The longest time from one input to the next. */
  readonly pauseMs: number;
  /** Keys are below. */
  readonly keys: number;
}

export const SMALL: Size = { replicas: 4, inputs: 40, pauseMs: 800, keys: 40 };

/** A log of a seed in which all kinds of things happen, one after the other: for tests and measurements. */
export function sampleLog(seed: number, { replicas, inputs, pauseMs, keys }: Size = SMALL): Log {
  let draws = 0;
  const below = (most: number) => numberBelow(most, seed, 7, draws++);
  const presences = new Map<number, "online" | "offline" | "crashed" | "gone">();
  const cuts: Pair[] = [];
  let leaving = Math.floor(replicas / 4);
  const list: Input[] = [];
  let at = 0;
  const add = (what: What) => list.push({ at, ...what });
  for (let replica = 0; replica < replicas; replica++) {
    presences.set(replica, "online");
    add({ kind: "join", replica });
  }
  const operation = (): Operation => {
    const start = below(keys);
    const length = 2 + below(keys);
    const range = { start: BigInt(start), end: below(8) === 0 ? null : BigInt(start + length) };
    const node = String.fromCharCode(97 + below(4));
    switch (below(6)) {
      case 0:
        return { op: "release", node, ...range };
      case 1:
        return { op: "increase", node, by: 1 + below(9), ...range };
      case 2:
        return { op: "decrease", node, by: 1 + below(9), ...range };
      case 3:
        return { op: "tighten", node, ...range, to: { start: range.start, end: range.start + 1n } };
      default:
        return { op: "register", node, ...range };
    }
  };
  while (list.length < inputs) {
    at += below(pauseMs + 1);
    const replica = below(replicas);
    const presence = presences.get(replica);
    const change = (
      kind: "leave" | "crash" | "restart" | "offline" | "online",
      to: "online" | "offline" | "crashed" | "gone",
    ) => {
      presences.set(replica, to);
      add({ kind, replica });
    };
    const dice = below(20);
    if (presence === "gone") continue;
    if (presence === "crashed") {
      if (dice < 8) change("restart", "online");
    } else if (dice === 0 && presence === "online") {
      change("offline", "offline");
    } else if (dice < 6 && presence === "offline") {
      change("online", "online");
    } else if (dice === 1) {
      change("crash", "crashed");
    } else if (dice === 2 && leaving > 0 && below(4) === 0) {
      leaving -= 1;
      change("leave", "gone");
    } else if (dice === 3 && cuts.length < replicas) {
      const other = (replica + 1 + below(replicas - 1)) % replicas;
      if (presences.get(other) === "gone") continue;
      cuts.push([replica, other]);
      add({ kind: "cut", between: [replica, other] });
    } else if (dice === 4 && cuts.length > 0) {
      const [between = [0, 1]] = cuts.splice(below(cuts.length), 1);
      if (between.some((end) => presences.get(end) === "gone")) continue;
      add({ kind: "mend", between });
    } else if (dice === 5) {
      const conditions = {
        delayMs: below(200),
        jitterMs: below(300),
        lossPercent: below(4) * 10,
        duplicatePercent: below(3) * 10,
      };
      add({ kind: "weather", conditions });
    } else {
      add({ kind: "operation", replica, operations: Array.from({ length: 1 + below(2) }, operation) });
    }
  }
  const { log, fault } = Log.of(seed, list);
  if (log === undefined) throw new Error(`The sample ${seed} of ${nameOf(replicas - 1)} is wrong: ${fault}`);
  return log;
}

/** All that can be told of a world, as a text: what replicas know and what is on its way. */
export function textOf(world: World): string {
  const replicas = world.replicas.map((replica) => {
    if (replica === undefined) return "none";
    const { names, nodes, ...columns } = replica.registrationsIn({ start: 0n, end: null });
    const owners = Array.from(nodes, (node) => names[node]);
    const { presence, id, fingerprint, wakeAt } = replica;
    return [presence, id, fingerprint, wakeAt, columns.starts, columns.ends, columns.priorities, owners].join(" ");
  });
  const flights = world.network
    .flights()
    .map(({ message, ...flight }) => [...Object.values(flight), message.bytes].join(" "));
  return [world.now, world.nextAt(), ...replicas, ...flights].join("\n");
}

/** A hash of all that goes over the wire until then: which bytes, from whom to whom, when, and what became of them. */
export function wireHash(log: Log, until: number): number {
  const world = new World(log);
  let hash = 0x811c9dc5;
  const add = (...numbers: readonly number[]) => (hash = hashOf(hash, ...numbers));
  while ((world.nextAt() ?? Infinity) <= until) {
    const event = world.step();
    for (const { from, to, sentAt, endsAt, message } of event?.sent ?? []) {
      add(from, to, sentAt, endsAt, message.bytes.length);
      let sum = 0x811c9dc5;
      // FNV-1a (Fowler, Noll and Vo, 1991).
      for (const byte of message.bytes) sum = Math.imul(sum ^ byte, 0x01000193);
      add(sum);
    }
    for (const { number, fate } of event?.ended ?? []) add(number, fate.length);
  }
  world.free();
  return hash;
}
