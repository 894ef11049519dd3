import { joined, knows, tick, type Clock } from "./clock";
import type { Design } from "./design";

/** For each writer the number of its latest change, and the sum of all that it contributed. */
type Counter = ReadonlyMap<number, { readonly count: number; readonly sum: number }>;

interface State {
  readonly clock: Clock;
  readonly entries: ReadonlyMap<string, Counter>;
}

/**
 * The map of Riak: R. Brown, S. Cribbs, C. Meiklejohn, S. Elliott, "Riak DT Map: A Composable, Convergent Replicated Dictionary", 2014.
 *
 * The reading is that of its source, `riak_dt_map` with `riak_dt_emcntr`: the counter shares the clock of the map. Each writer has one
 * sum, with the number of its latest change. A removal resets the sums that it knew, and of two sums of one writer the later one
 * counts. A concurrent change of a writer whose sum is reset has a later number and the whole sum in it, so the reset is lost. The
 * documentation of `riak_dt_map` and issue 98 of `basho/riak_dt`, "Counters in Maps cannot be reset-remove", say so. What Riak keeps to
 * answer clients that know less than the server is left out: here every replica writes for itself.
 */
export const resetCounter: Design<State> = {
  title: "The same, with a counter that a removal resets",
  source: "Riak DT Map (Brown and others, 2014), with its counter riak_dt_emcntr",
  rule: "A release cancels the sum of each writer, but of one who adds at the same time the whole sum is back.",
  empty: { clock: new Map(), entries: new Map() },

  add(state, name, by, { writer }) {
    const { clock, count } = tick(state.clock, writer);
    const counter = new Map(state.entries.get(name));
    counter.set(writer, { count, sum: (counter.get(writer)?.sum ?? 0) + by });
    return { clock, entries: new Map(state.entries).set(name, counter) };
  },

  remove({ clock, entries }, name) {
    const left = new Map(entries);
    left.delete(name);
    return { clock, entries: left };
  },

  merge(one, other) {
    const entries = new Map<string, Counter>();
    for (const name of [...one.entries.keys(), ...other.entries.keys()]) {
      const [mine, theirs] = [one.entries.get(name), other.entries.get(name)];
      const counter = new Map([...left(mine, theirs, other.clock), ...left(theirs, mine, one.clock)]);
      if (counter.size > 0) entries.set(name, counter);
    }
    return { clock: joined(one.clock, other.clock), entries };
  },

  sum({ entries }, name) {
    const counter = entries.get(name);
    return counter && [...counter.values()].reduce((total, { sum }) => total + sum, 0);
  },
};

/** The sums that another replica has, too, or does not know. */
function left(counter: Counter | undefined, other: Counter | undefined, clock: Clock) {
  return [...(counter ?? [])].filter(
    ([writer, { count }]) => other?.get(writer)?.count === count || !knows(clock, writer, count),
  );
}
