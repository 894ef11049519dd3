import { expect, test } from "vitest";
import { seeded } from "../model/random";
import { isAlike, Registrations, Splits } from "./ranges";
import type { Registration, Split } from "./scene";

const KEYS = 60;
const NODES = ["oak", "maple", "elm"];

function randomRegistrations(random: () => number): Registration[] {
  const found = new Map<string, Registration>();
  for (let count = Math.floor(random() * 12); count > 0; count--) {
    const start = Math.floor(random() * KEYS);
    const end = random() < 0.1 ? Infinity : start + 1 + Math.floor(random() * 20);
    const node = NODES[Math.floor(random() * NODES.length)] ?? "";
    found.set(`${node} ${start} ${end}`, { node, start, end, priority: 1 + Math.floor(random() * 3) });
  }
  return [...found.values()];
}

function randomSplits(random: () => number): Split[] {
  const splits: Split[] = [];
  for (let start = Math.floor(random() * 5); start < KEYS;) {
    const end = random() < 0.05 ? Infinity : start + 1 + Math.floor(random() * 8);
    const owners = NODES.filter(() => random() < 0.5).map((node) => ({ node, priority: 1 + Math.floor(random() * 2) }));
    if (owners.length > 0) splits.push({ start, end, owners });
    start = end;
  }
  return splits;
}

const windowOf = (random: () => number) => {
  const from = Math.floor(random() * KEYS);
  return { from, to: from + 1 + Math.floor(random() * 30) };
};

test("a window has the registrations that a look at each of them finds: 2,000 random ones", () => {
  for (let seed = 0; seed < 2000; seed++) {
    const random = seeded(seed);
    const all = randomRegistrations(random);
    const registrations = Registrations.of(all);
    const { from, to } = windowOf(random);
    const expected = all.filter(({ start, end }) => start < to && end > from);
    const found = [...registrations.in(from, to)];
    expect(new Set(found.map((one) => JSON.stringify(one))), `seed ${seed}`).toEqual(
      new Set(expected.map((one) => JSON.stringify(one))),
    );
    expect(found.length).toBe(expected.length);
    expect(registrations.countIn(from, to)).toBe(expected.length);
    expect(registrations.countIn(from, to, 2)).toBe(Math.min(2, expected.length));
    for (const one of all) expect(registrations.find(one)).toEqual(one);
    expect(registrations.find({ node: "oak", start: from, end: 1000 })).toBeUndefined();
  }
});

test("a window has the splits and the gaps that a look at each key finds: 2,000 random ones", () => {
  for (let seed = 0; seed < 2000; seed++) {
    const random = seeded(seed);
    const all = randomSplits(random);
    const splits = Splits.of(all);
    const { from, to } = windowOf(random);
    const at = (key: number) => all.find(({ start, end }) => start <= key && key < end)?.owners ?? [];
    const shown = [...splits.in(from, to)];
    expect(splits.countIn(from, to)).toBe(shown.filter(({ owners }) => owners.length > 0).length);
    for (let key = from; key < to; key++) {
      const here = shown.filter(({ start, end }) => start <= key && key < end);
      expect(here.length, `seed ${seed}, key ${key}`).toBe(1);
      expect(here[0]?.owners).toEqual(at(key));
      expect(splits.ownersAt(key)).toEqual(at(key));
    }
  }
});

test("splits are alike if they have the same owners in the same order, whatever the names' places", () => {
  const [oak, elm] = [
    { node: "oak", priority: 1 },
    { node: "elm", priority: 1 },
  ];
  const one = Splits.of([
    { start: 0, end: 5, owners: [oak] },
    { start: 5, end: 9, owners: [elm, oak] },
  ]);
  const other = Splits.of([
    { start: 0, end: 5, owners: [elm, oak] },
    { start: 5, end: 9, owners: [{ ...oak, priority: 2 }] },
  ]);
  expect(isAlike(one, 1, other, 0)).toBe(true);
  expect(isAlike(one, 0, other, 1)).toBe(false);
  expect(isAlike(one, 1, other, -1)).toBe(false);
  expect(isAlike(one, -1, other, -1)).toBe(true);
  expect(isAlike(one, 0, one, 0)).toBe(true);
});
