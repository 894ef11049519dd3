// Moving a registration, carving it, handing it over, and giving it a priority.
import { expect, test, vi } from "vitest";
import { code, map, refusal, wrong, type RangeMap } from "./kit.js";

const span = (start: number, end: number | null) => ({ start, end });
const registrations = (here: RangeMap) =>
  here.registrations().map(({ node, start, end, priority }) => `[${start}, ${end}) ${node}:${priority}`);

/** A map with one registration, and what its subscribers hear. */
function served(): [RangeMap, ReturnType<typeof vi.fn>] {
  const here = map(1);
  here.increase("a", 0, 100, 7);
  const heard = vi.fn();
  here.onChange(heard);
  return [here, heard];
}

test("a registration moves to any range and keeps its priority", () => {
  const [here, heard] = served();
  const other = map(2);
  other.merge(here.state());
  other.merge(here.moveTo("a", span(0, 100), { start: 50n, end: null }));
  expect(registrations(other)).toEqual(["[50, null) a:7"]);
  expect(heard.mock.calls).toStrictEqual([[{ source: "local", ranges: [{ start: 0n, end: null }] }]]);
  expect(here.moveTo("a", span(50, null), span(50, null))).toHaveLength(0);
});

test("a hole is carved out of a registration", () => {
  const [here, heard] = served();
  here.carve("a", span(0, 100), span(40, 60));
  expect(registrations(here)).toEqual(["[0, 40) a:7", "[60, 100) a:7"]);
  here.carve("a", span(60, 100), span(90, null));
  here.carve("a", span(0, 40), span(0, 40));
  expect(registrations(here)).toEqual(["[60, 90) a:7"]);
  expect(heard).toHaveBeenCalledTimes(3);
});

test("a registration is handed over to another node", () => {
  const [here, heard] = served();
  here.register("b", 0, 100);
  here.handOver("a", 0, 100, "b");
  expect(registrations(here)).toEqual(["[0, 100) b:7"]);
  expect(here.handOver("b", 0, 100n, "b")).toHaveLength(0);
  expect(heard).toHaveBeenCalledTimes(2);
});

test("registrations of a node that hold a whole range become one", () => {
  const here = map(1);
  here.register("a", 0, 60);
  here.register("b", 0, 100);
  expect(here.unite("a", 0, 60)).toHaveLength(0);
  here.increase("a", 50, 100n, 4);
  expect(here.unite("a", 0, 101)).toHaveLength(0);
  const other = map(2);
  other.merge(here.state());
  other.merge(here.unite("a", 0, 100));
  expect(registrations(other)).toEqual(["[0, 100) a:4", "[0, 100) b:1"]);
  expect(code(() => here.unite("", 0, 1))).toBe("invalid-node");
  expect(code(() => here.unite("a", 1, 1))).toBe("invalid-range");
});

test("a priority is set, and 0 releases", () => {
  const [here] = served();
  for (const priority of [9, 2, 2, Number.MAX_SAFE_INTEGER, 0, 0, 1]) {
    here.setPriority("a", 0, 100, priority);
    expect(here.priority("a", 0, 100) ?? 0).toBe(priority);
  }
  here.setPriority("new", 5, null, 3);
  expect(here.priority("new", 5, null)).toBe(3);
});

test("what cannot be moved is refused, and nothing has changed", () => {
  const [here, heard] = served();
  const state = here.state();
  expect(code(() => here.moveTo("b", span(0, 100), span(0, 5)))).toBe("not-registered");
  expect(code(() => here.carve("a", span(0, 99), span(0, 5)))).toBe("not-registered");
  expect(code(() => here.carve("a", span(0, 100), span(100, 105)))).toBe("not-overlapping");
  expect(code(() => here.handOver("b", 0, 100, "a"))).toBe("not-registered");
  for (const name of ["", "\ud800", 5].map(wrong)) {
    expect(code(() => here.moveTo(name, span(0, 100), span(0, 5)))).toBe("invalid-node");
    expect(code(() => here.carve(name, span(0, 100), span(0, 5)))).toBe("invalid-node");
    expect(code(() => here.setPriority(name, 0, 100, 1))).toBe("invalid-node");
    expect(code(() => here.handOver(name, 0, 100, "b"))).toBe("invalid-node");
    expect(refusal(() => here.handOver("a", 0, 100, name)).message).toMatch(/^to must be /);
  }
  for (const priority of [-1, 0.5, 2 ** 53, NaN, 1n, "1", null, undefined].map(wrong)) {
    expect(code(() => here.setPriority("a", 0, 100, priority))).toBe("invalid-amount");
  }
  for (const notARange of [undefined, 5, span(5, 5)].map(wrong)) {
    expect(code(() => here.moveTo("a", span(0, 100), notARange))).toBe("invalid-range");
    expect(code(() => here.carve("a", notARange, span(0, 5)))).toBe("invalid-range");
  }
  expect(here.state()).toEqual(state);
  expect(heard).not.toHaveBeenCalled();
});

test("a node is drained when others come before it, and its keys are never served by too few", () => {
  const [a, b, c] = [map(1), map(2), map(3)];
  const all = [a, b, c];
  const tell = (delta: Uint8Array) => all.forEach((map) => map.merge(delta));
  tell(a.increase("a", 0, 100, 3));
  tell(b.register("b", 0, 60));
  tell(c.register("c", 50, null));
  expect(a.neededIn("a", 50, 200, 2)).toStrictEqual([{ start: 50n, end: 100n }]);
  expect(a.drain("a", 50, 60, 2)).toHaveLength(0);
  tell(b.standIn("b", "a", 50, 60));
  expect(a.drain("a", 50, 60, 2)).toHaveLength(0);
  tell(c.standIn("c", "a", 50, 60));
  expect(c.standIn("c", "a", 50, 60)).toHaveLength(0);
  expect(a.neededIn("a", 50, 60, 2)).toEqual([]);

  const delta = a.drain("a", 50, 60, 2);
  const fresh = map(4);
  fresh.merge(delta);
  expect(fresh.owners(55).map(({ node }) => node)).toEqual(["b", "c"]);
  tell(delta);
  expect(registrations(b).filter((one) => one.includes(" a:"))).toEqual(["[0, 50) a:3", "[60, 100) a:3"]);

  expect(code(() => a.drain("", 0, 1, 2))).toBe("invalid-node");
  expect(code(() => a.drain("a", 1, 1, 2))).toBe("invalid-range");
  for (const count of [-1, 0.5, 2 ** 32, "1", undefined].map(wrong)) {
    expect(code(() => a.drain("a", 0, 1, count))).toBe("invalid-amount");
    expect(code(() => a.neededIn("a", 0, 1, count))).toBe("invalid-amount");
  }
  expect(refusal(() => a.standIn("a", wrong(5), 0, 1)).message).toMatch(/^other must be /);
});
