import type { Operation, Range } from "../world/input";
import type { Replica } from "../world/replica";

/** A registration that is visible, and its priority. */
export type Priorities = ReadonlyMap<string, number>;

interface Registration extends Range {
  readonly node: string;
}

/** What one operation contributed. */
interface Contribution {
  readonly registration: Registration;
  readonly writer: bigint;
  /** The amount; `undefined` registers. */
  readonly by: number | undefined;
  /** The number of the effect that carries it; `undefined` until it is done. */
  sequence: number | undefined;
  isCancelled: boolean;
}

type Effect = { readonly registration: Registration } & (
  { readonly kind: "reset" } | { readonly kind: "add"; readonly by: number | undefined }
);

/**
 * The meaning of the map by its definition: a set of contributions that only grows, and each reset cancels those that its replica had
 * observed. It takes from the world what each replica did, what it showed before that, and up to where it knew each writer; not what was
 * made of it.
 */
export class Oracle {
  readonly #contributions: Contribution[] = [];

  /** Notes what a replica is about to do, all or nothing. What is returned is to be called when it is done. */
  before(replica: Replica, operations: readonly Operation[]): () => void {
    const effects = effectsOf(replica, operations);
    const added: Contribution[] = [];
    for (const effect of effects) {
      const { registration } = effect;
      if (effect.kind === "reset") this.#reset(replica, nameOf(registration), added);
      else
        added.push({ registration, writer: replica.id ?? 0n, by: effect.by, sequence: undefined, isCancelled: false });
    }
    return () => {
      for (const contribution of added.filter(({ isCancelled }) => !isCancelled)) {
        const { node, ...range } = contribution.registration;
        const records = replica.contributions(node, range);
        const own = records.find((it) => it.kind === "contribution" && it.replica === contribution.writer);
        contribution.sequence = own?.kind === "contribution" ? own.last : undefined;
        this.#contributions.push(contribution);
      }
    };
  }

  #reset(replica: Replica, name: string, added: readonly Contribution[]): void {
    for (const contribution of added) if (nameOf(contribution.registration) === name) contribution.isCancelled = true;
    for (const contribution of this.#contributions) {
      if (nameOf(contribution.registration) === name && isObserved(replica, contribution))
        contribution.isCancelled = true;
    }
  }

  /** The priorities that are right once everybody has heard of everything. */
  priorities(): Priorities {
    const sums = new Map<string, number>();
    const registered = new Set<string>();
    for (const { registration, by, isCancelled } of this.#contributions) {
      if (isCancelled) continue;
      const name = nameOf(registration);
      if (by === undefined) registered.add(name);
      sums.set(name, (sums.get(name) ?? 0) + (by ?? 0));
    }
    return new Map(
      [...sums]
        .map(([name, sum]) => [name, sum + (registered.has(name) ? 1 : 0)] as const)
        .filter(([, priority]) => priority >= 1),
    );
  }
}

/** A message that brings a later contribution of the same writer brings those before it as well, and may not name them. */
function isObserved(replica: Replica, { registration, writer, sequence }: Contribution): boolean {
  if (sequence === undefined) return false;
  if (replica.hasHeard({ replica: writer, sequence })) return true;
  const { node, ...range } = registration;
  return replica
    .contributions(node, range)
    .some((it) => it.kind === "contribution" && it.replica === writer && it.last >= sequence);
}

/** The priorities that a replica shows. */
export function prioritiesOf(replica: Replica): Priorities {
  const { starts, ends, nodes, priorities, names } = replica.registrationsIn({ start: 0n, end: null });
  return new Map(
    Array.from(starts, (start, place) => {
      const node = names[nodes[place] ?? 0] ?? "";
      return [nameOf({ node, start, end: ends[place] || null }), priorities[place] ?? 0];
    }),
  );
}

/** What operations do at a replica, by the table of the design; nothing if one is refused. */
function effectsOf(replica: Replica, operations: readonly Operation[]): Effect[] {
  const copy = replica.clone();
  try {
    const effects: Effect[] = [];
    for (const operation of operations) {
      const more = operation.op === "tighten" ? tightened(copy, operation) : single(copy, operation);
      if (more === undefined) return [];
      effects.push(...more);
    }
    return effects;
  } finally {
    copy.free();
  }
}

/** Does it at the copy as well, so that the next one sees it. */
function single(copy: Replica, operation: Exclude<Operation, { op: "tighten" }>): Effect[] {
  const { node, start, end } = operation;
  const registration = { node, start, end };
  const priority = prioritiesOf(copy).get(nameOf(registration));
  copy.apply([operation]);
  const reset: Effect = { registration, kind: "reset" };
  const add = (by: number | undefined): Effect[] => {
    const added: Effect = { registration, kind: "add", by };
    return priority === undefined ? [reset, added] : [added];
  };
  switch (operation.op) {
    case "register":
      return add(undefined);
    case "increase":
      return add(operation.by);
    case "decrease":
      if (priority === undefined) return [];
      return priority > operation.by ? add(-operation.by) : [reset];
    case "release":
      return [reset];
  }
}

function tightened(copy: Replica, operation: Extract<Operation, { op: "tighten" }>): Effect[] | undefined {
  const { node, start, end } = operation;
  const to = { node, ...operation.to };
  const priority = prioritiesOf(copy).get(nameOf(operation));
  if (priority === undefined) return undefined;
  const effects = [...single(copy, { op: "release", node, start, end }), ...single(copy, { op: "register", ...to })];
  const missing = priority - (prioritiesOf(copy).get(nameOf(to)) ?? 0);
  return missing > 0 ? [...effects, ...single(copy, { op: "increase", ...to, by: missing })] : effects;
}

export function nameOf({ node, start, end }: Registration): string {
  return `${node} from ${start} to ${end ?? "the end"}`;
}
