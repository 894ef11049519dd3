// Watching a range: what is heard, by whom, and what a callback may do.
import { expect, test, vi } from "vitest";
import { code, map, wrong, type WatchedChange } from "./kit.js";

const a = (priority = 1) => ({ node: "a", priority });

test("a watch hears of its own range, with who was and who is, until it ends", () => {
  const [here, there] = [map(1), map(2)];
  const heard: WatchedChange[] = [];
  const unwatch = here.watch({ start: 10, end: 20n }, (change) => heard.push(change));
  const news = () => heard.splice(0);

  const registered = here.register("a", 0, 15);
  expect(news()).toStrictEqual([{ source: "local", pieces: [{ start: 10n, end: 15n, before: [], after: [a()] }] }]);
  // Nothing that differs, or nothing in its range.
  here.register("a", 0, 15);
  here.merge(registered);
  here.register("b", 0, 10);
  here.register("b", 20, null);
  expect(news()).toEqual([]);
  there.merge(registered);
  here.merge(there.increase("b", 14, null, 2));
  expect(news()).toStrictEqual([
    {
      source: "remote",
      pieces: [
        { start: 14n, end: 15n, before: [a()], after: [{ node: "b", priority: 2 }, a()] },
        { start: 15n, end: 20n, before: [], after: [{ node: "b", priority: 2 }] },
      ],
    },
  ]);
  // A list of operations is told once.
  here.apply([
    { op: "increase", node: "a", start: 0, end: 15 },
    { op: "increase", node: "a", start: 0, end: 15 },
    { op: "release", node: "b", start: 14, end: null },
  ]);
  expect(news()).toHaveLength(1);

  unwatch();
  unwatch();
  here.release("a", 0, 15);
  expect(news()).toEqual([]);
});

test("a watch of the living answer hears of marks too, and of nothing that the agreed one alone does", () => {
  const here = map((0xeeeen << 48n) | 1n);
  const [living, agreed]: [WatchedChange[], WatchedChange[]] = [[], []];
  const end = here.living.watch({ start: 5, end: 10 }, (change) => living.push(change));
  here.watch({ start: 5, end: 10 }, (change) => agreed.push(change));
  here.register("a", 0, 8);
  const came = { source: "local", pieces: [{ start: 5n, end: 8n, before: [], after: [a()] }] };
  expect([living.splice(0), agreed.splice(0)]).toStrictEqual([[came], [came]]);
  here.markDown("a");
  const went = { source: "local", pieces: [{ start: 5n, end: 8n, before: [a()], after: [] }] };
  expect([living.splice(0), agreed]).toStrictEqual([[went], []]);
  expect(here.down()).toEqual(["a"]);
  // Of somebody whom this map does not see.
  here.merge(map((0xeeeen << 48n) | 2n).register("b", 0, 10));
  expect([living, agreed.splice(0).length]).toEqual([[], 1]);
  here.markUp("a");
  expect([living.splice(0), agreed]).toStrictEqual([[came], []]);
  end();
  end();
  here.release("a", 0, 8);
  expect([living, agreed.length, here.down()]).toEqual([[], 1, []]);
  expect(code(() => here.living.watch(wrong(5), () => {}))).toBe("invalid-range");
  expect(code(() => here.living.watch({ start: 0, end: 1 }, wrong(5)))).toBe("invalid-callback");
});

test("a watch without an end hears of the last keys", () => {
  const here = map(1);
  const heard = vi.fn();
  here.watch({ start: 5, end: null }, heard);
  here.register("a", 2n ** 64n - 1n, null);
  const piece = { start: 2n ** 64n - 1n, end: null, before: [], after: [a()] };
  expect(heard.mock.calls).toStrictEqual([[{ source: "local", pieces: [piece] }]]);
});

test("a callback may do anything, and all is heard in order", () => {
  const here = map(1);
  const log: string[] = [];
  const note = (name: string) => (change: WatchedChange) => {
    log.push(`${name} ${change.pieces.map(({ start, end, after }) => `[${start}, ${end}) ${after.length}`).join(" ")}`);
  };
  let isFirst = true;
  here.watch({ start: 0, end: 10 }, (change) => {
    note("first")(change);
    if (!isFirst) return;
    isFirst = false;
    here.increase("b", 5, 10);
    unwatchLast();
    here.watch({ start: 0, end: 100 }, note("late"));
    here.release("a", 0, 10);
    expect(here.owners(5)).toHaveLength(1);
    log.push("first is done");
  });
  here.watch({ start: 8, end: 9 }, note("second"));
  const unwatchLast = here.watch({ start: 0, end: 10 }, note("last"));
  here.register("a", 0, 10);
  expect(log).toEqual([
    "first [0, 10) 1",
    "first is done",
    "second [8, 9) 1",
    "first [5, 10) 2",
    "second [8, 9) 2",
    "first [0, 5) 0 [5, 10) 1",
    "late [0, 5) 0 [5, 10) 1",
    "second [8, 9) 1",
  ]);
});

test("a callback that throws, or frees the map, is nobody else's trouble", () => {
  const here = map(1);
  const [before, after, report] = [vi.fn(), vi.fn(), vi.fn()];
  vi.stubGlobal("reportError", report);
  here.watch({ start: 0, end: 9 }, before);
  here.watch({ start: 0, end: 9 }, () => {
    throw "thrown";
  });
  const unwatch = here.watch({ start: 0, end: 9 }, after);
  here.register("a", 0, 1);
  here.register("a", 1, 2);
  expect([before, after].map(({ mock }) => mock.calls.length)).toEqual([2, 2]);
  expect(report.mock.calls).toEqual([["thrown"], ["thrown"]]);

  before.mockImplementation(() => here.free());
  here.register("a", 2, 3);
  expect([before, after].map(({ mock }) => mock.calls.length)).toEqual([3, 2]);
  unwatch();
});

test("each gets objects of its own", () => {
  const here = map(1);
  const heard: WatchedChange[] = [];
  for (let count = 0; count < 2; count += 1) here.watch({ start: 0, end: 9 }, (change) => heard.push(change));
  here.register("a", 0, 9);
  heard[0].pieces[0].after.length = 0;
  expect(heard[1].pieces[0].after).toEqual([a()]);
});

test("ranges and callbacks that are none are refused", () => {
  const here = map(1);
  for (const range of [undefined, null, 5, {}, { start: 0 }, { start: 5, end: 5 }, { start: -1, end: 5 }]) {
    expect(code(() => here.watch(wrong(range), () => {}))).toMatch(/^invalid-(range|key)$/);
  }
  expect(code(() => here.watch({ start: 0, end: 1 }, wrong("callback")))).toBe("invalid-callback");
});

test("many watches are told of what hits them, and of nothing else", () => {
  const here = map(1);
  const heard = new Map<number, number>();
  for (let at = 0; at < 20_000; at += 1) {
    here.watch({ start: at, end: at + 1 }, () => heard.set(at, (heard.get(at) ?? 0) + 1));
  }
  here.register("a", 777, 779);
  here.release("a", 777, 779);
  expect([...heard]).toEqual([
    [777, 2],
    [778, 2],
  ]);
});
