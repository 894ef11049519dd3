import { expect, test } from "vitest";
import { stories } from "../stories/index";
import { closeText, readClose, type Close } from "./close";
import { LINK_LENGTH_MAX, linkOf, readLink } from "./link";

const [story] = stories;
if (story === undefined) throw new Error("there is a story");
const shared = { kind: "story", story, step: 0, nowMs: 6000, cursor: 420 } as const;

test("what is looked at closely comes back as it was, for names of any letters and ranges of any kind", () => {
  for (const close of [
    {},
    { view: { from: 120, to: 300 } },
    { isRows: true },
    { isRows: true, view: { from: 120, to: 300 } },
    { view: { from: 0, to: 1000 }, taken: { replica: 2, node: "maple", start: 120, end: 620 } },
    { view: { from: 12.345678, to: 29.1 } },
    { taken: { replica: 15, node: 'a & b/#% "🚂', start: 0, end: Infinity } },
    { taken: { replica: 0, node: "x".repeat(255), start: 4_294_967_294, end: 4_294_967_295 } },
  ] satisfies Close[]) {
    expect(readLink(`#${linkOf(shared, close) ?? ""}`)).toMatchObject({ shared, close });
  }
});

test("a bound that is next to nothing is none", () => {
  expect(closeText({ view: { from: 1e-9, to: 16.0000000001 } })).toBe("&view=0-16");
});

test("what has no room beside the moment is left out", () => {
  const taken = { replica: 0, node: "東".repeat(85), start: 0, end: 5 };
  const link = linkOf(shared, { taken }) ?? "";
  expect(link.length).toBeLessThanOrEqual(LINK_LENGTH_MAX);
  expect(readLink(link)).toMatchObject({ close: { taken } });
});

test("what says nothing is a sentence", () => {
  for (const part of [
    "",
    "view",
    "view=5-5",
    "view=9-5",
    "view=0-1001",
    "view=-1-5",
    "view=1e3-9",
    "view=0-9&view",
    "taken=16,0-5,a",
    "taken=1,5-5,a",
    "taken=1,0-5,",
    "taken=1,0-5,%E6",
    `taken=1,0-5,${"x".repeat(256)}`,
    "zoom=3",
    "row",
    "rows=1",
  ]) {
    expect(readLink(`who-serves/0/6000/420&${part}`), part).toHaveProperty("problem");
  }
  expect(readClose(["view=1-9", "taken=1,0-5,a"], 1000)).toEqual({
    view: { from: 1, to: 9 },
    taken: { replica: 1, node: "a", start: 0, end: 5 },
  });
  expect(closeText({})).toBe("");
});
