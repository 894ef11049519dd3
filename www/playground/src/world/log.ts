import { faultIn, nameOf, type Input } from "./input";

export const INPUTS_MAX = 10_000;
export const SEED_MAX = 2 ** 32 - 1;

/** A log, or why there is none. */
export type Checked =
  { readonly log: Log; readonly fault?: undefined } | { readonly log?: undefined; readonly fault: string };

type Presence = "online" | "offline" | "crashed" | "gone";

/** All that a world is made of: a seed, and inputs in the order of their times. It never changes, and all that is in it makes sense. */
export class Log {
  private constructor(
    readonly seed: number,
    readonly inputs: readonly Input[],
  ) {}

  /** From inputs in any order; those of the same time happen in the order given. */
  static of(seed: number, inputs: readonly Input[] = []): Checked {
    if (!Number.isInteger(seed) || seed < 0 || seed > SEED_MAX) {
      return { fault: `A seed is a whole number from 0 to ${SEED_MAX}.` };
    }
    for (const input of inputs) {
      const fault = faultIn(input);
      if (fault !== undefined) return { fault };
    }
    return Log.#inOrder(seed, inputs);
  }

  /** From inputs with which nothing is wrong by themselves. */
  static #inOrder(seed: number, inputs: readonly Input[]): Checked {
    if (inputs.length > INPUTS_MAX) return { fault: `A log has at most ${INPUTS_MAX} inputs.` };
    const presences = new Map<number, Presence>();
    const sorted = inputs.toSorted((one, other) => one.at - other.at);
    for (const input of sorted) {
      const fault = faultAmong(presences, input);
      if (fault !== undefined) return { fault };
    }
    return { log: new Log(seed, Object.freeze(sorted)) };
  }

  /** This log and one more input, which happens after all of the same time. It must not contradict any later one. */
  append(input: Input): Checked {
    return this.#withOneMore(this.inputs, input);
  }

  /** What happened until that time, and one more input: another future. */
  branch(at: number, input: Input): Checked {
    return this.#withOneMore(
      this.inputs.filter((known) => known.at <= at),
      input,
    );
  }

  /** O(inputs), however many operations these have: only the new one is looked into. */
  #withOneMore(known: readonly Input[], input: Input): Checked {
    const fault = faultIn(input);
    return fault === undefined ? Log.#inOrder(this.seed, [...known, input]) : { fault };
  }
}

/** What is wrong with an input after others, which it is added to if nothing is. */
function faultAmong(presences: Map<number, Presence>, input: Input): string | undefined {
  const replicas = "replica" in input ? [input.replica] : (input.between ?? []);
  for (const replica of replicas) {
    const fault = faultOf(presences, replica, input);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

const NEXT: Partial<Record<Input["kind"], Presence>> = {
  join: "online",
  restart: "online",
  online: "online",
  offline: "offline",
  crash: "crashed",
  leave: "gone",
};

function faultOf(presences: Map<number, Presence>, replica: number, input: Input): string | undefined {
  const presence = presences.get(replica);
  const name = nameOf(replica);
  const next = NEXT[input.kind];
  if (input.kind === "join") {
    if (presence !== undefined) return `${name} has joined before.`;
  } else if (presence === undefined) {
    return `${name} has not joined by then.`;
  } else if (presence === "gone") {
    return `${name} is gone by then.`;
  } else if (input.kind === "restart") {
    if (presence !== "crashed") return `${name} has not crashed by then.`;
  } else if (presence === "crashed" && (next !== undefined || "replica" in input)) {
    return `${name} has crashed by then.`;
  } else if (presence === next) {
    return `${name} is ${presence} already.`;
  }
  if (next !== undefined) presences.set(replica, next);
  return undefined;
}
