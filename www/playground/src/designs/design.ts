/** Other ways to make a map from registrations to priorities, as small models. None knows time, chance, or a network. */
import type { Operation, Range } from "../world/input";

/** A node, and the keys that it registers. */
export interface Registration extends Range {
  readonly node: string;
}

/** Who writes, and what its clock says. A replica that lost its memory writes under another number. */
export interface Writer {
  readonly writer: number;
  readonly at: number;
}

/** A design. A state is what one replica knows, and never changes. A registration goes by its name, see `nameOf`. */
export interface Design<State> {
  readonly title: string;
  /** Where it is from. */
  readonly source: string;
  /** What it does with a release and a change that do not know of each other, in a sentence. */
  readonly rule: string;
  readonly empty: State;
  /** Adds to the priority of a registration, which begins with this if there was nothing. */
  add(state: State, name: string, by: number, writer: Writer): State;
  remove(state: State, name: string, writer: Writer): State;
  /** What two replicas know together. */
  merge(one: State, other: State): State;
  /** What has been added and is left; `undefined` if nothing is. */
  sum(state: State, name: string): number | undefined;
}

export function nameOf({ node, start, end }: Registration): string {
  return `${start} ${end} ${node}`;
}

/** The priority of a registration, or `null` if it is not visible. */
export function priorityOf<State>(design: Design<State>, state: State, name: string): number | null {
  const sum = design.sum(state, name) ?? 0;
  return sum >= 1 ? sum : null;
}

/**
 * Does all operations, or none if one is refused. As long as nobody else writes, they mean the same in every design and in the real
 * map, but for one thing: here a priority is a counter, so to register what only an increase made visible adds nothing.
 */
export function apply<State>(
  design: Design<State>,
  before: State,
  operations: readonly Operation[],
  writer: Writer,
): State {
  let state = before;
  const remove = (name: string) => (state = design.remove(state, name, writer));
  const add = (name: string, by: number) => {
    // What is left although it is not visible does not count when a registration begins again.
    if (priorityOf(design, state, name) === null && design.sum(state, name) !== undefined) remove(name);
    state = design.add(state, name, by, writer);
  };
  for (const operation of operations) {
    const name = nameOf(operation);
    const priority = priorityOf(design, state, name);
    switch (operation.op) {
      case "register":
        // To register what is there says so once more.
        add(name, priority === null ? 1 : 0);
        break;
      case "increase":
        add(name, operation.by);
        break;
      case "decrease":
        if (priority === null) break;
        if (priority > operation.by) add(name, -operation.by);
        else remove(name);
        break;
      case "release":
        if (design.sum(state, name) !== undefined) remove(name);
        break;
      case "tighten": {
        if (priority === null) return before;
        const to = nameOf({ node: operation.node, ...operation.to });
        remove(name);
        add(to, Math.max(0, priority - (priorityOf(design, state, to) ?? 0)));
      }
    }
  }
  return state;
}
