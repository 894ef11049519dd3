import type { Design, Writer } from "./design";

interface Write {
  readonly at: number;
  /** Orders what the clocks do not. */
  readonly turn: number;
  readonly writer: number;
  /** What the sum became; `undefined` is removed. */
  readonly sum: number | undefined;
}

type State = ReadonlyMap<string, Write>;

/**
 * Last writer wins: P. R. Johnson, R. H. Thomas, "The Maintenance of Duplicate Databases", RFC 677, 1975, which Shapiro and others
 * (2011) name as the origin of their LWW-Register.
 *
 * The reading: one register for each registration, which holds its priority, or that it is removed, so a removal is a write as well.
 * To increase is to write what one knows and a bit more. Of two writes the one with the later time counts, and at one time the greater
 * writer. Clocks are perfect here: all replicas read the time of the log.
 */
export const lastWriter: Design<State> = {
  title: "Last writer wins",
  source: "RFC 677, The Maintenance of Duplicate Databases (Johnson and Thomas, 1975)",
  rule: "Whatever is written later replaces what was there, and a change that it did not know is lost.",
  empty: new Map(),
  add: (state, name, by, writer) => write(state, name, (state.get(name)?.sum ?? 0) + by, writer),
  remove: (state, name, writer) => write(state, name, undefined, writer),

  merge(one, other) {
    const state = new Map(one);
    for (const [name, write] of other) {
      const mine = state.get(name);
      if (mine === undefined || isLater(write, mine)) state.set(name, write);
    }
    return state;
  },

  sum: (state, name) => state.get(name)?.sum,
};

function write(state: State, name: string, sum: number | undefined, { at, writer }: Writer): State {
  const before = state.get(name);
  const turn = before?.at === at ? before.turn + 1 : 0;
  return new Map(state).set(name, { at, turn, writer, sum });
}

function isLater(one: Write, other: Write): boolean {
  return (one.at - other.at || one.turn - other.turn || one.writer - other.writer) > 0;
}
