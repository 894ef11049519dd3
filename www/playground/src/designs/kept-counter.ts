import { joined, knows, tick, type Clock } from "./clock";
import type { Design } from "./design";

interface Entry {
  /** The changes that keep it there. */
  readonly dots: Clock;
  /** How much each writer added, and how much it took away. */
  readonly counter: ReadonlyMap<number, readonly [up: number, down: number]>;
}

interface State {
  readonly clock: Clock;
  readonly entries: ReadonlyMap<string, Entry>;
}

/**
 * An observed-remove set of names without tombstones, and for each name that is there a PN-Counter: both as in M. Shapiro,
 * N. Preguiça, C. Baquero, M. Zawirski, "A comprehensive study of Convergent and Commutative Replicated Data Types", 2011, put
 * together as in Akka's `PNCounterMap`, which is an `ORMap` of `PNCounter`.
 *
 * The reading of Akka's source: a change adds the name again, so it survives a concurrent removal, and the value is the counter that
 * its writer had, whole. A removal drops the counter at the replica where it happens and says nothing about it to others. A counter
 * merges by the greater number of each writer. So what was removed can return even with numbers that are lower by now, and `merge` is
 * not associative: whether a dropped counter counts depends on whom one meets first. The tests have the example.
 */
export const keptCounter: Design<State> = {
  title: "Observed-remove map with a counter in it",
  source: "Akka Distributed Data, PNCounterMap: an OR-Set and PN-Counters (Shapiro and others, 2011)",
  rule: "An increase that the release did not know keeps the entry, and the counter is back as a whole.",
  empty: { clock: new Map(), entries: new Map() },

  add(state, name, by, { writer }) {
    const { clock, count } = tick(state.clock, writer);
    const counter = new Map(state.entries.get(name)?.counter);
    const [up, down] = counter.get(writer) ?? [0, 0];
    counter.set(writer, [up + Math.max(by, 0), down + Math.max(-by, 0)]);
    return { clock, entries: new Map(state.entries).set(name, { dots: new Map([[writer, count]]), counter }) };
  },

  remove({ clock, entries }, name) {
    const left = new Map(entries);
    left.delete(name);
    return { clock, entries: left };
  },

  merge(one, other) {
    const entries = new Map<string, Entry>();
    for (const name of [...one.entries.keys(), ...other.entries.keys()]) {
      const [mine, theirs] = [one.entries.get(name), other.entries.get(name)];
      const dots = new Map([...left(mine, theirs, other.clock), ...left(theirs, mine, one.clock)]);
      if (dots.size === 0) continue;
      const counter = new Map(mine?.counter);
      for (const [writer, [up, down]] of theirs?.counter ?? []) {
        const [myUp, myDown] = counter.get(writer) ?? [0, 0];
        counter.set(writer, [Math.max(up, myUp), Math.max(down, myDown)]);
      }
      entries.set(name, { dots, counter });
    }
    return { clock: joined(one.clock, other.clock), entries };
  },

  sum({ entries }, name) {
    const entry = entries.get(name);
    return entry && [...entry.counter.values()].reduce((sum, [up, down]) => sum + up - down, 0);
  },
};

/** The dots of an entry that another replica has, too, or does not know. */
function left(entry: Entry | undefined, other: Entry | undefined, clock: Clock): [number, number][] {
  return [...(entry?.dots ?? [])].filter(
    ([writer, count]) => other?.dots.get(writer) === count || !knows(clock, writer, count),
  );
}
