import { joined, knows, tick, type Clock } from "./clock";
import type { Design, Writer } from "./design";

interface Change {
  readonly name: string;
  readonly writer: number;
  readonly count: number;
  /** What its writer knew before. */
  readonly past: Clock;
  /** How much it adds; `undefined` removes. */
  readonly by: number | undefined;
}

interface State {
  readonly clock: Clock;
  /** By writer and count. */
  readonly changes: ReadonlyMap<string, Change>;
}

/**
 * Remove wins: the remove-wins set in the catalogue (figure 18) of C. Baquero, P. S. Almeida, A. Shoker, "Pure Operation-Based
 * Replicated Data Types", arXiv 1710.04469, 2017.
 *
 * The reading: an addition counts if every removal of its name that is known happened before it. Here additions carry amounts, and
 * those that count are summed. All changes are kept with what their writers knew; how the paper makes that log shorter is left out,
 * since it does not change what is answered.
 */
export const removeWins: Design<State> = {
  title: "Remove wins",
  source: "Pure Operation-Based Replicated Data Types (Baquero, Almeida and Shoker, 2017), remove-wins set",
  rule: "A release cancels all that does not know it, also what it cannot have known.",
  empty: { clock: new Map(), changes: new Map() },
  add: (state, name, by, writer) => change(state, name, by, writer),
  remove: (state, name, writer) => change(state, name, undefined, writer),

  merge(one, other) {
    return { clock: joined(one.clock, other.clock), changes: new Map([...one.changes, ...other.changes]) };
  },

  sum({ changes }, name) {
    const all = [...changes.values()].filter((change) => change.name === name);
    const removals = all.filter(({ by }) => by === undefined);
    const amounts = all.flatMap(({ by, past }) => {
      const counts = removals.every(({ writer, count }) => knows(past, writer, count));
      return by !== undefined && counts ? [by] : [];
    });
    return amounts.length === 0 ? undefined : amounts.reduce((sum, by) => sum + by, 0);
  },
};

function change(state: State, name: string, by: number | undefined, { writer }: Writer): State {
  const { clock, count } = tick(state.clock, writer);
  const made: Change = { name, writer, count, past: state.clock, by };
  return { clock, changes: new Map(state.changes).set(`${writer} ${count}`, made) };
}
