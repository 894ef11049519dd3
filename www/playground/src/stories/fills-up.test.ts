// What the story does is what the advice says, and nothing else.
import init, { RangeMap } from "crdt-range-map";
import { beforeAll, expect, test } from "vitest";
import { fillsUp } from "./fills-up";

/** Each key causes as much as any other. */
const load = Array.from({ length: 50 }, (_, at) => ({ start: 20 * at, end: 20 * (at + 1), load: 20, keys: 20 }));
const capacities = new Map([
  ["maple", 2],
  ["oak", 1],
  ["elm", 1],
]);
const aims = { count: 1, movedPerMille: 1000 };

beforeAll(async () => void (await init()));

test("each step does what the three are advised, and at the end they are advised to do nothing", () => {
  const map = new RangeMap(1n);
  const advised = () => [...capacities.keys()].map((node) => map.advice(node, load, capacities, aims));
  for (const [place, step] of fillsUp.steps.entries()) {
    const following = new RangeMap(2n);
    following.merge(map.state());
    if (place > 0) advised().forEach((advice) => advice && following.apply(advice.operations));
    for (const input of step.inputs) if (input.kind === "operation") map.apply([...input.operations]);
    if (place > 0) expect(map.splits()).toEqual(following.splits());
    // No key is without an owner.
    expect(map.gapsIn(0, 1000)).toEqual([]);
    following.free();
  }
  expect(map.registrations().map(({ node, start, end }) => `${node} ${start} – ${end}`)).toEqual([
    "maple 0 – 540",
    "oak 540 – 740",
    "elm 740 – 1000",
  ]);
  expect(advised().map((advice) => advice?.operations)).toEqual([[], [], []]);
  map.free();
});
