import { expect, test } from "vitest";
import type { FarPeer } from "./agreement";
import { Reports, type ReportChannel } from "./reports";

/** Tabs on one channel, which delivers at once, and the end of each. */
function tabs(...names: string[]) {
  const channels = new Map<string, ReportChannel>();
  const posted: string[] = [];
  const ends = new Map<string, (() => void)[]>();
  const open = (tab: string) => {
    const channel: ReportChannel = {
      postMessage(message) {
        posted.push(tab);
        for (const [name, other] of channels)
          if (name !== tab) other.onmessage?.({ data: structuredClone(message) } as MessageEvent);
      },
      onmessage: null,
      close: () => channels.delete(tab),
    };
    channels.set(tab, channel);
    const watch = (other: string, _: AbortSignal, gone: () => void) =>
      void ends.set(other, [...(ends.get(other) ?? []), gone]);
    return new Reports(tab, channel, watch, () => undefined);
  };
  const end = (tab: string) => {
    channels.delete(tab);
    ends.get(tab)?.forEach((gone) => gone());
  };
  const say = (data: unknown) => channels.forEach((channel) => channel.onmessage?.({ data } as MessageEvent));
  return { all: names.map(open), open, end, say, posted };
}

const replica = (key: string, fingerprint: string | null): FarPeer => ({ key, fingerprint });
const told = (reports: Reports | undefined) =>
  reports?.far.map(({ key, fingerprint }) => `${key} ${fingerprint ?? "?"}`).sort();

test("tabs know each other's fingerprints, who comes late too, and nobody repeats what is known", () => {
  const { all, open, posted } = tabs("1", "2");
  const [one, two] = all;
  one?.tell([replica("a", "x")], true);
  two?.tell([replica("b", "y"), replica("c", "y")], true);
  expect([told(one), told(two)]).toEqual([["b y", "c y"], ["a x"]]);
  const before = posted.length;
  one?.tell([replica("a", "x")], true);
  expect(posted.length).toBe(before);
  one?.tell([replica("a", "y")], true);
  expect(told(two)).toEqual(["a y"]);
  const three = open("3");
  three.tell([replica("d", "z")], true);
  expect(told(three)).toEqual(["a y", "b y", "c y"]);
  expect(told(one)).toEqual(["b y", "c y", "d z"]);
});

test("a tab that is cut off tells nothing and learns nothing until it is joined again", () => {
  const { all, posted } = tabs("1", "2");
  const [one, two] = all;
  one?.tell([replica("a", "x")], true);
  two?.tell([replica("b", "x")], true);
  one?.tell([replica("a", null)], false);
  expect([told(one), told(two)], "both know that they don't know").toEqual([["b ?"], ["a ?"]]);
  const before = posted.length;
  one?.tell([replica("a", null)], false);
  expect(posted.length, "nothing crosses").toBe(before);
  two?.tell([replica("b", "y")], true);
  expect(told(one)).toEqual(["b ?"]);
  one?.tell([replica("a", "x")], true);
  expect([told(one), told(two)]).toEqual([["b y"], ["a x"]]);
});

test("who is gone is forgotten, while one is cut off too", () => {
  const { all, end } = tabs("1", "2", "3");
  const [one, two, three] = all;
  for (const [place, tab] of all.entries()) tab.tell([replica(String(place), "x")], true);
  three?.close();
  expect(told(one)).toEqual(["1 x"]);
  one?.tell([replica("0", null)], false);
  end("2");
  expect(told(one)).toEqual([]);
  expect(told(two)).toEqual(["0 ?"]);
});

test("what is no report is ignored", () => {
  const { all, say } = tabs("1");
  const [one] = all;
  one?.tell([replica("a", "x")], true);
  for (const data of [
    null,
    "hello",
    {},
    { tab: 1, asks: true, replicas: [] },
    { tab: "2", asks: true, replicas: [{ key: "b" }] },
    { tab: "2", asks: true, replicas: "b" },
    { tab: "2", asks: true, replicas: Array.from({ length: 1001 }, () => replica("b", "x")) },
    { tab: "1", asks: true, replicas: [replica("a", "an echo")] },
  ])
    say(data);
  expect(told(one)).toEqual([]);
});
