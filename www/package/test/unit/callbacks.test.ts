// Who subscribes, what is heard, and what a callback may do.
import { expect, test, vi } from "vitest";
import { map, splits, type Change } from "./kit.js";

const local = (start: bigint, end: bigint | null): Change => ({ source: "local", ranges: [{ start, end }] });

test("subscribers hear of visible changes only, until they unsubscribe", () => {
  const [here, there] = [map(1), map(2)];
  const heard: Change[] = [];
  const unsubscribe = here.onChange((change) => heard.push(change));
  const news = () => heard.splice(0);

  const registered = here.register("a", 5, 9);
  expect(news()).toStrictEqual([local(5n, 9n)]);
  here.register("a", 5, 9);
  here.release("b", 5, 9);
  here.merge(registered);
  expect(news()).toEqual([]);
  here.tighten("a", { start: 5, end: 9 }, { start: 6, end: 7 });
  expect(news()).toStrictEqual([local(5n, 9n)]);
  here.merge(there.register("a", 20, null));
  expect(news()).toStrictEqual([{ source: "remote", ranges: [{ start: 20n, end: null }] }]);

  unsubscribe();
  unsubscribe();
  here.release("a", 6, 7);
  expect(news()).toEqual([]);
});

test("a callback that is subscribed twice is called twice, and each end is its own", () => {
  const here = map(1);
  const heard = vi.fn();
  const [first] = [here.onChange(heard), here.onChange(heard)];
  here.register("a", 0, 1);
  expect(heard).toHaveBeenCalledTimes(2);
  first();
  here.register("a", 1, 2);
  expect(heard).toHaveBeenCalledTimes(3);
});

test("callbacks may call the map, and all hear of all changes in order", () => {
  const [here, there, other] = [map(1), map(2), map(3)];
  there.register("remote", 0, 10);
  const log: string[] = [];
  let isFirst = true;
  here.onChange(({ source }) => {
    log.push(`first ${source}`);
    if (!isFirst) return;
    isFirst = false;
    // Everything there is, from within a callback.
    here.increase("b", 0, 10, 2);
    here.merge(there.state());
    here.tighten("b", { start: 0, end: 10 }, { start: 0, end: 5 });
    here.release("a", 0, 10);
    here.onChange(() => {});
    expect(here.priority("b", 0, 5)).toBe(2);
    expect(here.registrations()).toHaveLength(2);
    expect(splits(here)).toEqual(["[0, 5) b:2 remote:1", "[5, 10) remote:1"]);
    other.free();
    log.push("first is done");
  });
  here.onChange(({ source }) => log.push(`second ${source}`));
  here.register("a", 0, 10);
  const later = ["local", "remote", "local", "local"].flatMap((source) => [`first ${source}`, `second ${source}`]);
  expect(log).toEqual(["first local", "first is done", "second local", ...later]);
});

test("a callback that throws disturbs nobody, and what it throws is reported", () => {
  const here = map(1);
  const [after, report] = [vi.fn(), vi.fn()];
  vi.stubGlobal("reportError", report);
  here.onChange(() => {
    throw "thrown";
  });
  here.onChange(after);
  for (const start of [0, 1, 2]) here.register("a", start, 9);
  expect(after).toHaveBeenCalledTimes(3);
  expect(report.mock.calls).toEqual([["thrown"], ["thrown"], ["thrown"]]);
  expect(splits(here)).toEqual(["[0, 9) a:1"]);
});

/** Node has no `reportError`: its own event handlers' exceptions end the process, too, unless somebody listens. */
test("what a callback throws in Node is an unhandled rejection", async () => {
  const listeners = process.listeners("unhandledRejection");
  process.removeAllListeners("unhandledRejection");
  const rejected = new Promise((resolve) => process.once("unhandledRejection", resolve));
  try {
    const here = map(1);
    here.onChange(() => {
      throw "thrown";
    });
    here.register("a", 0, 1);
    expect(await rejected).toBe("thrown");
  } finally {
    for (const listener of listeners) process.on("unhandledRejection", listener);
  }
});

test("unsubscribing during a notification takes effect at once", () => {
  const here = map(1);
  const second = vi.fn();
  const ends: (() => void)[] = [];
  const first = vi.fn(() => ends.forEach((end) => end()));
  ends.push(here.onChange(first), here.onChange(second));
  here.register("a", 0, 1);
  here.register("a", 1, 2);
  expect(first).toHaveBeenCalledTimes(1);
  expect(second).not.toHaveBeenCalled();
});

test("who subscribes during a notification hears of later changes only", () => {
  const here = map(1);
  const late = vi.fn();
  const end = here.onChange(() => {
    end();
    here.onChange(late);
  });
  here.register("a", 0, 1);
  expect(late).not.toHaveBeenCalled();
  here.register("a", 1, 2);
  expect(late.mock.calls).toStrictEqual([[local(1n, 2n)]]);
});

test("what a callback does to its argument is no concern of the next", () => {
  const here = map(1);
  const next = vi.fn();
  here.onChange((change) => {
    change.ranges.length = 0;
  });
  here.onChange(next);
  here.register("a", 0, 1);
  expect(next.mock.calls).toStrictEqual([[local(0n, 1n)]]);
});
