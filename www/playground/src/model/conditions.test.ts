import { expect, test } from "vitest";
import {
  carries,
  inReachOf,
  inWords,
  linksOf,
  OUTSIDE,
  PERFECT,
  PRESETS,
  readSetting,
  type Conditions,
} from "./conditions";

const parties = ["A", "B", "C", OUTSIDE];

function after(title: string, before: Conditions = PERFECT): Record<string, Conditions> {
  const preset = PRESETS.find((preset) => preset.title === title);
  if (preset === undefined) throw new Error(`no preset ${title}`);
  return Object.fromEntries(
    linksOf(parties).map((link) => [`${link.a} ${link.b}`, preset.apply(link, before, parties)]),
  );
}

test("every pair is a link, once", () => {
  expect(linksOf(parties).map(({ a, b }) => `${a} ${b}`)).toEqual([
    "A B",
    "A C",
    "A other tabs",
    "B C",
    "B other tabs",
    "C other tabs",
  ]);
});

test("a split cuts what lies between its halves and nothing else", () => {
  const slow = { ...PERFECT, delayMs: 300 };
  const cut = Object.entries(after("Split in two", slow)).filter(([, { isCut }]) => isCut);
  expect(cut.map(([link]) => link)).toEqual(["A C", "B C", "C other tabs"]);
  expect(cut[0]?.[1]).toEqual({ ...slow, isCut: true });
});

test("what is cut, lost or damaged every time carries nothing", () => {
  expect(carries({ ...PERFECT, lossPercent: 99, damagePercent: 99, delayMs: 10_000, reorderPercent: 100 })).toBe(true);
  for (const fault of [{ isCut: true }, { lossPercent: 100 }, { damagePercent: 100 }])
    expect(carries({ ...PERFECT, ...fault })).toBe(false);
});

test("who is in reach, through others too", () => {
  const links = linksOf(parties);
  const without = (...cut: string[]) => links.filter(({ a, b }) => !cut.includes(`${a} ${b}`));
  expect([...inReachOf(OUTSIDE, links)].sort()).toEqual([...parties].sort());
  expect([...inReachOf(OUTSIDE, without("A other tabs", "B other tabs"))].sort()).toEqual([...parties].sort());
  expect([...inReachOf("C", without("A C", "B C", "C other tabs"))]).toEqual(["C"]);
  expect([...inReachOf(OUTSIDE, without("A C", "B C", "C other tabs"))].sort()).toEqual(["A", "B", OUTSIDE]);
});

test("healing joins, and lets other faults be", () => {
  expect(after("Heal", { ...PERFECT, isCut: true, delayMs: 300 })["A B"]).toEqual({ ...PERFECT, delayMs: 300 });
  expect(after("Heal", { ...PERFECT, lossPercent: 100 })["A B"]).toEqual(PERFECT);
  expect(after("Heal", { ...PERFECT, lossPercent: 40 })["A B"]?.lossPercent).toBe(40);
});

test("other presets leave a split as it is, except perfect", () => {
  const cut = { ...PERFECT, isCut: true };
  expect(after("Lossy", cut)["A B"]?.isCut).toBe(true);
  expect(after("Slow", cut)["A B"]?.isCut).toBe(true);
  expect(after("Perfect", cut)["A B"]).toEqual(PERFECT);
});

test("conditions in words", () => {
  expect(inWords(PERFECT)).toBe("perfect");
  expect(inWords({ ...PERFECT, lossPercent: 20, delayMs: 50 })).toBe("20 % lost, 50 ms");
  expect(inWords({ ...PERFECT, lossPercent: 20, isCut: true })).toBe("cut");
});

test("settings are whole numbers within their bounds", () => {
  expect(readSetting("lossPercent", " 100 ")).toBe(100);
  expect(readSetting("delayMs", "10000")).toBe(10_000);
  for (const text of ["", "x", "-1", "1.5", "101", "1e2"]) expect(readSetting("lossPercent", text), text).toBeNull();
  expect(readSetting("delayMs", "10001")).toBeNull();
});
