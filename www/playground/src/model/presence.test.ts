import { expect, test } from "vitest";
import {
  FORGET_AFTER_MS,
  ASK_AFTER_MS,
  heard,
  parseMessage,
  someoneIsQuiet,
  withoutSilent,
  type RemoteTab,
} from "./presence";

const tab = "0123456789abcdef";
const replica = { name: "Replica A", id: "00000000000000ff", online: true, fingerprint: "ffffffffffffffff" };
const here = { kind: "here", tab, replicas: [replica] } as const;

test("messages of the protocol are read, without what does not belong to them", () => {
  expect(parseMessage({ kind: "who", more: 1 })).toEqual({ kind: "who" });
  expect(parseMessage({ kind: "bye", tab })).toEqual({ kind: "bye", tab });
  expect(parseMessage({ ...here, replicas: [{ ...replica, more: 1 }] })).toEqual(here);
});

test("anything else is not", () => {
  const foreign: unknown[] = [
    null,
    undefined,
    "who",
    [],
    {},
    { kind: "else", tab },
    { kind: "bye", tab: 7 },
    { kind: "bye", tab: "short" },
    { ...here, replicas: "none" },
    { ...here, replicas: [null] },
    { ...here, replicas: [{ ...replica, name: "" }] },
    { ...here, replicas: [{ ...replica, name: "x".repeat(65) }] },
    { ...here, replicas: [{ ...replica, online: "yes" }] },
    { ...here, replicas: [{ ...replica, fingerprint: 12n }] },
    { ...here, replicas: Array.from({ length: 65 }, () => replica) },
  ];
  for (const data of foreign)
    expect(
      parseMessage(data),
      JSON.stringify(data, (_, v: unknown) => (typeof v === "bigint" ? `${v}n` : v)),
    ).toBeNull();
});

test("tabs come, are renewed, say goodbye, or fall silent", () => {
  let tabs: readonly RemoteTab[] = [];
  tabs = heard(tabs, here, 1000);
  tabs = heard(tabs, { ...here, replicas: [] }, 2000);
  expect(tabs).toEqual([{ tab, heardAtMs: 2000, replicas: [] }]);
  expect(heard(tabs, { kind: "who" }, 3000)).toBe(tabs);
  expect(heard(tabs, { kind: "bye", tab }, 3000)).toEqual([]);

  expect(someoneIsQuiet(tabs, 2000 + ASK_AFTER_MS - 1)).toBe(false);
  expect(someoneIsQuiet(tabs, 2000 + ASK_AFTER_MS)).toBe(true);
  expect(withoutSilent(tabs, 2000 + FORGET_AFTER_MS - 1)).toBe(tabs);
  expect(withoutSilent(tabs, 2000 + FORGET_AFTER_MS)).toEqual([]);
});

test("a flood of made-up tabs is bounded", () => {
  let tabs: readonly RemoteTab[] = [];
  for (let index = 0; index < 1000; index++) {
    tabs = heard(tabs, { ...here, tab: index.toString(16).padStart(16, "0") }, 0);
  }
  expect(tabs.length).toBeLessThanOrEqual(64);
});
