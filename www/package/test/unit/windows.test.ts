// Questions about a range of keys, and about a node.
import { expect, test } from "vitest";
import { code, map, random, wrong, type RangeMap } from "./kit.js";

function filled(): RangeMap {
  const here = map(1);
  here.register("a", 0, 100);
  here.increase("b", 40, 60, 3);
  here.register("c", 90, 120);
  here.register("a", 200, null);
  return here;
}

test("a range holds what is asked of it", () => {
  const here = filled();
  expect(here.splitsIn(50, 95n)).toStrictEqual([
    {
      start: 50n,
      end: 60n,
      owners: [
        { node: "b", priority: 3 },
        { node: "a", priority: 1 },
      ],
    },
    { start: 60n, end: 90n, owners: [{ node: "a", priority: 1 }] },
    {
      start: 90n,
      end: 95n,
      owners: [
        { node: "a", priority: 1 },
        { node: "c", priority: 1 },
      ],
    },
  ]);
  expect(here.splitsIn(0, null)).toStrictEqual(here.splits());
  expect(here.ownersIn(50, 61)).toStrictEqual([
    { node: "b", priority: 3 },
    { node: "a", priority: 1 },
  ]);
  expect(here.ownersIn(120, 200)).toEqual([]);
  expect(here.gapsIn(110, 150)).toStrictEqual([{ start: 120n, end: 150n }]);
  expect(here.gapsIn(0, null)).toStrictEqual(here.gaps());
  expect(here.registrationsIn(59, 91)).toStrictEqual([
    { node: "a", start: 0n, end: 100n, priority: 1 },
    { node: "b", start: 40n, end: 60n, priority: 3 },
    { node: "c", start: 90n, end: 120n, priority: 1 },
  ]);
  expect(here.servedByFewerThan(2, 0, 130)).toStrictEqual([
    { start: 0n, end: 40n },
    { start: 60n, end: 90n },
    { start: 100n, end: 130n },
  ]);
  expect(here.servedByFewerThan(0, 0, null)).toEqual([]);
  expect(here.servedByMoreThan(1, 50, null)).toStrictEqual([
    { start: 50n, end: 60n },
    { start: 90n, end: 100n },
  ]);
  expect(here.servedByMoreThan(0, 2n ** 64n - 1n, null)).toStrictEqual([{ start: 2n ** 64n - 1n, end: null }]);
});

test("a range is covered by as few pieces as can be", () => {
  expect(filled().cover(50, null)).toStrictEqual([
    { start: 50n, end: 100n, node: "a" },
    { start: 100n, end: 120n, node: "c" },
    { start: 120n, end: 200n, node: null },
    { start: 200n, end: null, node: "a" },
  ]);
  expect(map(2).cover(3, 4)).toStrictEqual([{ start: 3n, end: 4n, node: null }]);
});

test("nodes are told by name, and what each serves", () => {
  const here = filled();
  expect(here.nodes()).toStrictEqual(["a", "b", "c"]);
  expect(here.registrationsOf("a")).toStrictEqual([
    { node: "a", start: 0n, end: 100n, priority: 1 },
    { node: "a", start: 200n, end: null, priority: 1 },
  ]);
  expect(here.registrationsOf("nobody")).toEqual([]);
  here.release("a", 0, 100);
  here.release("b", 40, 60);
  here.register("ä", 1, 2);
  expect(here.nodes()).toStrictEqual(["a", "c", "ä"]);
  expect(here.registrationsOf("a")).toHaveLength(1);
});

test("what is asked wrongly is refused", () => {
  const here = filled();
  for (const name of ["splitsIn", "ownersIn", "gapsIn", "registrationsIn", "cover"] as const) {
    expect(code(() => here[name](5, 5))).toBe("invalid-range");
    expect(code(() => here[name](-1, 5))).toBe("invalid-key");
    expect(code(() => here[name](1, wrong(undefined)))).toBe("invalid-key");
  }
  for (const name of ["servedByFewerThan", "servedByMoreThan"] as const) {
    for (const count of [-1, 0.5, 2 ** 32, "1", undefined]) {
      expect(code(() => here[name](wrong(count), 0, 5))).toBe("invalid-amount");
    }
    expect(code(() => here[name](1, 7, 5))).toBe("invalid-range");
  }
  expect(code(() => here.registrationsOf(""))).toBe("invalid-node");
});

test("windows tell the same as all splits, whatever was done", () => {
  for (let seed = 0; seed < 40; seed += 1) {
    const [draw, here] = [random(seed), map(1)];
    for (let step = 0; step < 30; step += 1) {
      const [start, length] = [draw(12), 1 + draw(8)];
      here.increase("abcd"[draw(4)], start, start + length, 1 + draw(3));
      if (step % 3 === 2) here.release("abcd"[draw(4)], draw(12), 12 + draw(8));
      const [from, to] = [draw(10), 11 + draw(10)];
      const within = (range: { start: bigint; end: bigint | null }) =>
        (range.end === null || range.end > BigInt(from)) && range.start < BigInt(to);
      const owners = (key: number) => JSON.stringify(here.owners(key));
      for (const split of here.splitsIn(from, to)) {
        expect(JSON.stringify(split.owners)).toBe(owners(Number(split.start)));
        expect(JSON.stringify(split.owners)).toBe(owners(Number(split.end) - 1));
      }
      expect(here.splitsIn(from, to)).toHaveLength(here.splits().filter(within).length);
      expect(here.registrationsIn(from, to)).toEqual(here.registrations().filter(within));
      expect(here.nodes().flatMap((node) => here.registrationsOf(node))).toHaveLength(here.registrations().length);
      const pieces = here.cover(from, to);
      expect([pieces[0].start, pieces.at(-1)?.end]).toEqual([BigInt(from), BigInt(to)]);
    }
  }
});
