/** What happened in a world as a program that needs no world: what each replica did, and what it had heard of by then. */
import { nameOf, type Operation } from "../world/input";
import type { Log } from "../world/log";
import type { Owner } from "../world/replica";
import { World } from "../world/world";

/** A longer program is for no clipboard. */
export const OPERATIONS_IN_CODE_MAX = 2_000;

/** Somebody who writes: a replica, or what it became by a restart. */
export interface Writer {
  /** In lower case: `b`, and `b2` after a restart. */
  readonly variable: string;
  readonly name: string;
}

/** Operations of one input, in one delta, which has a number. */
export interface Deed {
  readonly kind: "deed";
  readonly at: number;
  readonly by: Writer;
  readonly number: number;
  readonly operations: readonly Operation[];
}

/** Whether somebody does, or hears of, anything. */
export function isChanged({ steps }: Pick<Program, "steps">, writer: Writer): boolean {
  return steps.some((step) => (step.kind === "deed" ? step.by : step.who) === writer);
}

/** Whether anybody else hears of a deed. */
export function isHeard({ steps }: Program, { number }: Deed): boolean {
  return steps.some((step) => step.kind === "hears" && step.deeds.includes(number));
}

export interface Program {
  readonly nowMs: number;
  readonly writers: readonly Writer[];
  /** In the order in which they happened; a replica hears of deeds by their numbers. */
  readonly steps: readonly (
    Deed | { readonly kind: "hears"; readonly who: Writer; readonly deeds: readonly number[] }
  )[];
  /** What those who are there answer at the end. */
  readonly answers: readonly { readonly who: Writer; readonly owners: readonly Owner[] }[];
}

interface Running {
  readonly writer: Writer;
  readonly index: number;
  readonly heard: Set<number>;
  /** The number of its last effect. */
  last: number;
}

/** Runs a log up to a moment. `null` if there is too much in it. */
export function programOf(log: Log, nowMs: number, key: bigint): Program | null {
  const inputs = log.inputs.filter(({ at }) => at <= nowMs);
  const count = inputs.reduce((sum, input) => sum + (input.kind === "operation" ? input.operations.length : 0), 0);
  // What came from elsewhere has deeds in it that are not in the log.
  if (count > OPERATIONS_IN_CODE_MAX || inputs.some(({ kind }) => kind === "heard")) return null;
  const world = new World(log);
  try {
    return run(world, nowMs, key);
  } finally {
    world.free();
  }
}

function run(world: World, nowMs: number, key: bigint): Program {
  const writers: Writer[] = [];
  const steps: Program["steps"][number][] = [];
  const running = new Map<number, Running>();
  /** The effects of each deed: whose, after which number, up to which. */
  const effects: { readonly id: bigint; readonly after: number; readonly last: number }[] = [];

  const hears = (one: Running) => {
    const replica = world.replicas[one.index];
    const deeds = effects.flatMap(({ id, after, last }, number) => {
      if (one.heard.has(number) || replica === undefined) return [];
      for (let sequence = after + 1; sequence <= last; sequence++) {
        if (!replica.hasHeard({ replica: id, sequence })) return [];
      }
      return [number];
    });
    for (const number of deeds) one.heard.add(number);
    if (deeds.length > 0) steps.push({ kind: "hears", who: one.writer, deeds });
  };
  /** Goes on to the last effect of a replica: it also has some that nobody asked for, such as to drop a record. */
  const lastOf = (one: Running): number => {
    const [replica, id] = [world.replicas[one.index], world.replicas[one.index]?.id];
    while (replica !== undefined && id !== undefined && replica.hasHeard({ replica: id, sequence: one.last + 1 }))
      one.last++;
    return one.last;
  };

  while ((world.nextAt() ?? Infinity) <= nowMs) {
    const befores = new Map([...running].map(([index, one]) => [index, lastOf(one)]));
    const { cause, at = 0, refused = [] } = world.step() ?? {};
    if (cause?.kind !== "input") continue;
    const { input } = cause;
    if (input.kind === "join" || input.kind === "restart") {
      const again = world.replicas[input.replica]?.restarts ?? 1;
      const name = nameOf(input.replica);
      const writer = { name, variable: `${name.toLowerCase()}${again > 1 ? again : ""}` };
      writers.push(writer);
      running.set(input.replica, { writer, index: input.replica, heard: new Set(), last: 0 });
    } else if (input.kind === "crash" || input.kind === "leave") {
      running.delete(input.replica);
    } else if (input.kind === "operation" && refused.length === 0) {
      const [one, id] = [running.get(input.replica), world.replicas[input.replica]?.id];
      const after = befores.get(input.replica) ?? 0;
      // A release of nothing has no effect, and is no deed.
      if (one === undefined || id === undefined || lastOf(one) === after) continue;
      hears(one);
      const number = effects.push({ id, after, last: one.last }) - 1;
      one.heard.add(number);
      steps.push({ kind: "deed", at, by: one.writer, number, operations: input.operations });
    }
  }
  const there = [...running.values()];
  there.forEach(hears);
  const answers = there.map(({ writer, index }) => ({ who: writer, owners: world.replicas[index]?.owners(key) ?? [] }));
  // Whoever came and went, and neither did nor heard anything, is left out.
  const isLeft = (writer: Writer) => answers.some(({ who }) => who === writer) || isChanged({ steps }, writer);
  return { nowMs, writers: writers.filter(isLeft), steps, answers };
}
