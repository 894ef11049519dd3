import { describe, expect, test } from "vitest";
import type { Operation } from "../world/input";
import { numberBelow } from "../world/random";
import { apply, nameOf, priorityOf, type Design } from "./design";
import { keptCounter } from "./kept-counter";
import { lastWriter } from "./last-writer";
import { removeWins } from "./remove-wins";
import { resetCounter } from "./reset-counter";

const SEEDS = 300;
const WRITERS = 4;
const registrations = [
  { node: "oak", start: 0n, end: 5n },
  { node: "elm", start: 0n, end: null },
] as const;
const names = registrations.map(nameOf);

function operationOf(kind: number, registration: (typeof registrations)[number], by: number): Operation {
  if (kind === 0) return { op: "release", ...registration };
  if (kind === 1) return { op: "decrease", by, ...registration };
  if (kind === 2) return { op: "register", ...registration };
  if (kind === 3) return { op: "tighten", ...registration, to: { start: 1n, end: 2n } };
  return { op: "increase", by, ...registration };
}

/** What some replicas know after random operations and meetings. */
function statesOf<State>(design: Design<State>, seed: number): State[] {
  let draws = 0;
  const below = (most: number) => numberBelow(most, seed, draws++);
  const states = Array.from({ length: WRITERS }, () => design.empty);
  for (let step = 0; step < 30; step++) {
    const writer = below(WRITERS);
    const state = states[writer] ?? design.empty;
    // Several may write at one time.
    const at = step >> 2;
    if (below(5) < 2) {
      states[writer] = design.merge(state, states[below(WRITERS)] ?? state);
    } else {
      const registration = registrations[below(registrations.length)] ?? registrations[0];
      states[writer] = apply(design, state, [operationOf(below(7), registration, 1 + below(4))], { writer, at });
    }
  }
  return states;
}

function* manyStatesOf<State>(design: Design<State>): Generator<State[]> {
  for (let seed = 0; seed < SEEDS; seed++) yield statesOf(design, seed);
}

function describeLaws<State>(design: Design<State>): void {
  describe(design.title, () => {
    test("merge is commutative and idempotent, and nothing is new in what was merged", () => {
      for (const [one, other] of pairsOf(design)) {
        const merged = design.merge(one, other);
        expect(design.merge(other, one)).toEqual(merged);
        expect(design.merge(merged, other)).toEqual(merged);
        expect(design.merge(one, one)).toEqual(one);
      }
    });

    test("replicas that have told each other all, in any order, agree", () => {
      for (const states of manyStatesOf(design)) {
        const backwards = states.toReversed();
        for (let round = 0; round < 2; round++) {
          for (const list of [states, backwards]) {
            for (const to of list.keys()) {
              for (const from of list) list[to] = design.merge(list[to] ?? from, from);
            }
          }
        }
        for (const list of [states, backwards]) for (const state of list) expect(state).toEqual(list[0]);
      }
    });

    test("what a replica did stands against what it knew before", () => {
      for (const [state] of pairsOf(design)) {
        for (const registration of registrations) {
          for (let kind = 0; kind < 5; kind++) {
            const after = apply(design, state, [operationOf(kind, registration, 2)], { writer: 9, at: 100 });
            expect(priorities(design, design.merge(state, after))).toEqual(priorities(design, after));
          }
        }
      }
    });
  });
}

function describeAssociativity<State>(design: Design<State>): void {
  test(`${design.title}: merge is associative`, () => {
    for (const [one, other, third] of manyStatesOf(design)) {
      if (one === undefined || other === undefined || third === undefined) continue;
      const { merge } = design;
      expect(merge(merge(one, other), third)).toEqual(merge(one, merge(other, third)));
    }
  });
}

function* pairsOf<State>(design: Design<State>): Generator<[State, State]> {
  for (const [one, other] of manyStatesOf(design)) if (one && other) yield [one, other];
}

function priorities<State>(design: Design<State>, state: State): (number | null)[] {
  return names.map((name) => priorityOf(design, state, name));
}

describeLaws(keptCounter);
describeLaws(resetCounter);
describeLaws(lastWriter);
describeLaws(removeWins);

describeAssociativity(resetCounter);
describeAssociativity(lastWriter);
describeAssociativity(removeWins);

test("a counter that is dropped without a word: what is left depends on who meets whom first", () => {
  const { empty, add, remove, merge } = keptCounter;
  const [a, b, c] = [0, 1, 2].map((writer) => ({ writer, at: 0 }));
  if (a === undefined || b === undefined || c === undefined) throw new Error("no writers");
  const first = add(empty, "maple", 5, a);
  const added = add(first, "maple", 2, c);
  const released = remove(added, "maple", a);
  const concurrent = add(first, "maple", 1, b);
  const sums = [
    merge(merge(released, added), concurrent),
    // The counter of the one who had not released yet comes with the entry that a third one keeps.
    merge(released, merge(added, concurrent)),
  ].map((state) => keptCounter.sum(state, "maple"));
  expect(sums).toEqual([6, 8]);
});
