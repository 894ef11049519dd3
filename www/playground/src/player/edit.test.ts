import { expect, test } from "vitest";
import { dragged, drawn, moving, registering } from "./edit";

test("a range is drawn in either direction, and an empty one is none", () => {
  expect(drawn(10, 30)).toEqual({ start: 10, end: 30 });
  expect(drawn(30, 10)).toEqual({ start: 10, end: 30 });
  expect(drawn(30, 30)).toBeNull();
});

test("a drag stays in the key space and leaves a key", () => {
  const range = { start: 100, end: 200 };
  expect(dragged(range, "whole", -150, 1000)).toEqual({ start: 0, end: 100 });
  expect(dragged(range, "whole", 900, 1000)).toEqual({ start: 900, end: 1000 });
  expect(dragged(range, "start", 500, 1000)).toEqual({ start: 199, end: 200 });
  expect(dragged(range, "start", -500, 1000)).toEqual({ start: 0, end: 200 });
  expect(dragged(range, "end", -500, 1000)).toEqual({ start: 100, end: 101 });
  expect(dragged(range, "end", 5000, 1000)).toEqual({ start: 100, end: 1000 });
});

test("an end that is unbounded is the last key's while it is dragged", () => {
  const range = { start: 100, end: Infinity };
  expect(dragged(range, "whole", 0, 1000)).toEqual(range);
  expect(dragged(range, "whole", -50, 1000)).toEqual({ start: 50, end: 950 });
  expect(dragged(range, "end", -50, 1000)).toEqual({ start: 100, end: 950 });
  expect(dragged(range, "start", -50, 1000)).toEqual({ start: 50, end: Infinity });
});

test("to a part of itself a registration is tightened, elsewhere it is released and registered with its priority", () => {
  const oak = { node: "oak", start: 100, end: 200, priority: 3 };
  expect(moving(oak, { start: 100, end: 200 })).toEqual([]);
  expect(moving(oak, { start: 120, end: 200 }).map(({ op }) => op)).toEqual(["tighten"]);
  expect(moving(oak, { start: 150, end: 250 })).toEqual([
    { op: "release", node: "oak", start: 100n, end: 200n },
    ...registering("oak", { start: 150, end: 250 }, 3),
  ]);
  expect(registering("oak", { start: 150, end: Infinity }, 3)).toEqual([
    { op: "register", node: "oak", start: 150n, end: null },
    { op: "increase", node: "oak", start: 150n, end: null, by: 2 },
  ]);
});
