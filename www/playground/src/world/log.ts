import { faultIn, nameOf, type Input } from "./input";

export const INPUTS_MAX = 10_000;
export const SEED_MAX = 2 ** 32 - 1;

/** A log, or why there is none, and the place of the input that is the reason. */
export type Checked =
  | { readonly log: Log; readonly fault?: undefined; readonly input?: undefined }
  | { readonly log?: undefined; readonly fault: string; readonly input?: number };

type Presence = "online" | "offline" | "crashed" | "gone" | "elsewhere" | "gone elsewhere";

/** All that a world is made of: a seed, and inputs in the order of their times. It never changes, and all that is in it makes sense. */
export class Log {
  /** Who is there at the end. */
  readonly #presences: ReadonlyMap<number, Presence>;

  private constructor(
    readonly seed: number,
    readonly inputs: readonly Input[],
    presences: ReadonlyMap<number, Presence>,
  ) {
    this.#presences = presences;
  }

  /** From inputs in any order; those of the same time happen in the order given. */
  static of(seed: number, inputs: readonly Input[] = []): Checked {
    if (!Number.isInteger(seed) || seed < 0 || seed > SEED_MAX) {
      return { fault: `A seed is a whole number from 0 to ${SEED_MAX}.` };
    }
    return Log.#after(new Log(seed, [], new Map()), inputs.toSorted(byTime));
  }

  static #after(before: Log, inputs: readonly Input[]): Checked {
    const all = [...before.inputs, ...inputs];
    if (all.length > INPUTS_MAX) return { fault: `A log has at most ${INPUTS_MAX} inputs.` };
    const presences = new Map(before.#presences);
    for (const [place, input] of inputs.entries()) {
      const fault = faultIn(input) ?? faultAmong(presences, input);
      if (fault !== undefined) return { fault, input: before.inputs.length + place };
    }
    return { log: new Log(before.seed, Object.freeze(all), presences) };
  }

  /** This log and more inputs, which happen after all of the same time. They must not contradict any later one. */
  append(...inputs: readonly Input[]): Checked {
    const end = this.inputs.at(-1)?.at ?? 0;
    // What was checked before is not checked again when a world is recorded as it goes on.
    if (inputs.every(({ at }) => at >= end)) return Log.#after(this, inputs.toSorted(byTime));
    return Log.of(this.seed, [...this.inputs, ...inputs]);
  }

  /** What happened until that time, and one more input: another future. O(inputs), however many operations these have. */
  branch(at: number, input: Input): Checked {
    const kept = this.inputs.filter((known) => known.at <= at);
    if (input.at < (kept.at(-1)?.at ?? 0)) return Log.of(this.seed, [...kept, input]);
    // They were checked before, so this only finds out who is there.
    const presences = new Map<number, Presence>();
    for (const known of kept) faultAmong(presences, known);
    return Log.#after(new Log(this.seed, kept, presences), [input]);
  }
}

function byTime(one: Input, other: Input): number {
  return one.at - other.at;
}

/** What is wrong with an input after others, which it is added to if nothing is. */
function faultAmong(presences: Map<number, Presence>, input: Input): string | undefined {
  if (input.kind === "told") return faultInWord(presences, input.replica);
  if (input.kind === "heard" && presences.get(input.from) !== "elsewhere") {
    return `${nameOf(input.from)} is not heard from by then.`;
  }
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

/** Who lives elsewhere may come again under the name that it had. */
function faultInWord(presences: Map<number, Presence>, replica: number): string | undefined {
  const presence = presences.get(replica);
  if (presence !== undefined && presence !== "elsewhere" && presence !== "gone elsewhere") {
    return `${nameOf(replica)} lives here.`;
  }
  presences.set(replica, "elsewhere");
  return undefined;
}

/** What may happen to who lives elsewhere. */
const ELSEWHERE: readonly Input["kind"][] = ["leave", "cut", "mend", "weather"];

function faultOf(presences: Map<number, Presence>, replica: number, input: Input): string | undefined {
  const presence = presences.get(replica);
  const name = nameOf(replica);
  const next = NEXT[input.kind];
  if (input.kind === "join") {
    if (presence !== undefined) return `${name} has joined before.`;
  } else if (presence === undefined) {
    return `${name} has not joined by then.`;
  } else if (presence === "elsewhere") {
    if (!ELSEWHERE.includes(input.kind)) return `${name} lives elsewhere.`;
    if (input.kind === "leave") presences.set(replica, "gone elsewhere");
    return undefined;
  } else if (presence === "gone" || presence === "gone elsewhere") {
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
