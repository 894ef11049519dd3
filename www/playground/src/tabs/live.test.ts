import { describe, expect, test } from "vitest";
import { seeded } from "../model/random";
import { FAIR, type Pair } from "../world/input";
import { expectAgreement, expectToReplay, Tab, Tabs } from "./harness";
import { SILENT_MS, TELL_MS } from "./live";

test("two tabs hear of each other and agree, and what is done in one is soon known in the other", () => {
  const tabs = new Tabs(1);
  const [one, other] = [tabs.open(), tabs.open()];
  tabs.pass(3000);
  expectAgreement(tabs);
  expect(one.nodes).toEqual(["maple", "oak"]);
  expect(one.registers("yew", 900)).toBeUndefined();
  tabs.pass(200);
  // It is on its way, and both know that.
  for (const tab of tabs.all) expect(tab.isAgreed).toBe(false);
  expect(other.timeline.head.network.flights().length).toBeGreaterThan(0);
  tabs.pass(2000);
  expect(other.nodes).toEqual(["maple", "oak", "yew"]);
  expectAgreement(tabs);
  tabs.all.forEach(expectToReplay);
});

test("tabs of any schedule agree in the end, and each recording replays alone: 30 schedules of up to eight tabs", () => {
  for (let seed = 0; seed < 30; seed++) {
    const random = seeded(seed);
    const below = (most: number) => Math.floor(random() * most);
    const tabs = new Tabs(seed);
    for (let count = 1 + below(3); count > 0; count--) tabs.open();
    for (let step = 0; step < 120; step++) {
      const tab = tabs.all[below(tabs.all.length)];
      if (tab === undefined) continue;
      const dice = below(20);
      if (dice < 6) tab.registers("abcdefgh"[below(8)] ?? "", below(900));
      else if (dice === 6 && tabs.all.length < 8) tabs.open();
      else if (dice === 7 && tabs.all.length > 1) {
        if (below(2) === 0) tab.live.close();
        tabs.kill(tab);
      } else if (dice < 10) {
        const [a = 0, b = 1] = [0, 1].map(() => tabs.all[below(tabs.all.length)]?.live.index ?? 0);
        if (a !== b) tab.live.do({ kind: below(2) === 0 ? "cut" : "mend", between: [a, b] });
      } else if (dice === 10) {
        const presence = tab.timeline.head.replicas[tab.live.index]?.presence;
        tab.live.do({ kind: presence === "offline" ? "online" : "offline", replica: tab.live.index });
      } else if (dice === 11) {
        const conditions = {
          delayMs: below(300),
          jitterMs: below(300),
          lossPercent: below(3) * 20,
          duplicatePercent: 20,
        };
        tab.live.do({ kind: "weather", conditions });
      } else {
        // Some sleep meanwhile.
        tabs.pass(
          below(1500),
          tabs.all.filter(() => below(4) > 0),
        );
      }
    }
    for (const tab of tabs.all) {
      const { index } = tab.live;
      tab.live.do({ kind: "weather", conditions: FAIR });
      if (tab.timeline.head.replicas[index]?.presence === "offline") tab.live.do({ kind: "online", replica: index });
    }
    tabs.pass(3000);
    for (const tab of tabs.all) {
      for (const { live } of tabs.all) {
        if (tab.timeline.head.network.isCut([tab.live.index, live.index]) && live !== tab.live)
          tab.live.do({ kind: "mend", between: [tab.live.index, live.index] });
      }
      tabs.pass(100);
    }
    tabs.pass(40_000);
    expectAgreement(tabs);
    tabs.all.forEach(expectToReplay);
    for (const { live } of tabs.all) expect(live.refused).toBe(0);
  }
});

describe("a cut", () => {
  test("lets nothing through, even what was on its way: neither messages nor what the other knows", () => {
    const tabs = new Tabs(2);
    const [a, b, c] = [tabs.open(), tabs.open(), tabs.open()];
    tabs.pass(5000);
    expectAgreement(tabs);
    const before = b.fingerprint;
    a.registers("yew", 900);
    tabs.pass(100);
    // C is cut off, too: else it would tell B.
    for (const between of [
      [0, 1],
      [1, 2],
    ] satisfies Pair[])
      c.live.do({ kind: "cut", between });
    tabs.pass(60_000);
    expect(b.fingerprint).toBe(before);
    expect(b.hearsOf).toEqual({ 0: null, 2: null });
    expect(a.hearsOf).toEqual({ 1: null, 2: c.fingerprint });
    for (const tab of tabs.all) expect(tab.isAgreed).toBe(false);
    const inputs = b.timeline.log.inputs.filter(({ at }) => at > b.live.presentMs - 59_000);
    expect(inputs).toEqual([]);
    b.live.do({ kind: "mend", between: [1, 2] });
    tabs.pass(5000);
    // By way of C; from A nothing comes yet.
    expect(b.fingerprint).toBe(a.fingerprint);
    expect(b.hearsOf).toEqual({ 0: null, 2: c.fingerprint });
    expect(c.isAgreed).toBe(true);
    expect(b.isAgreed).toBe(false);
    a.live.do({ kind: "mend", between: [1, 0] });
    tabs.pass(5000);
    expectAgreement(tabs);
    tabs.all.forEach(expectToReplay);
  });

  test("stops what comes all the same, from a tab that has not heard from it", () => {
    const tabs = new Tabs(3);
    const [a, b] = [tabs.open(), tabs.open()];
    tabs.pass(5000);
    const before = b.fingerprint;
    b.live.do({ kind: "cut", between: [0, 1] });
    // A has posted already what it sends and tells, before it hears of the cut.
    a.registers("yew", 900);
    tabs.pass(30_000);
    expect(b.fingerprint).toBe(before);
    expect(b.hearsOf).toEqual({ 0: null });
  });

  test("is known to a tab that comes later, and holds for the tab that is offline with all others", () => {
    const tabs = new Tabs(4);
    const [a, b] = [tabs.open(), tabs.open()];
    tabs.pass(1000);
    a.live.do({ kind: "cut", between: [0, 1] });
    tabs.pass(1000);
    const c = tabs.open();
    tabs.pass(5000);
    expect(c.timeline.head.network.isCut([0, 1])).toBe(true);
    c.live.do({ kind: "offline", replica: 2 });
    tabs.pass(100);
    expect([a, b].map((tab) => tab.hearsOf[2])).toEqual([null, null]);
    expect(c.hearsOf).toEqual({ 0: null, 1: null });
    const before = c.fingerprint;
    a.registers("yew", 900);
    tabs.pass(30_000);
    expect(c.fingerprint).toBe(before);
  });

  test("of two who turn a link at once, both end with the same", () => {
    const tabs = new Tabs(5);
    const [a, b] = [tabs.open(), tabs.open()];
    tabs.pass(1000);
    a.live.do({ kind: "cut", between: [0, 1] });
    tabs.pass(100);
    a.live.do({ kind: "mend", between: [0, 1] });
    tabs.pass(100);
    a.live.do({ kind: "cut", between: [0, 1] });
    b.live.do({ kind: "cut", between: [0, 1] });
    b.live.do({ kind: "mend", between: [0, 1] });
    tabs.pass(3000);
    expect([a, b].map(({ timeline }) => timeline.head.network.isCut([0, 1]))).toEqual([false, false]);
    expectAgreement(tabs);
  });
});

describe("a tab", () => {
  test("that is closed or killed is gone, and another one may come under its name", () => {
    const tabs = new Tabs(6);
    const [a, b, c] = [tabs.open(), tabs.open(), tabs.open()];
    tabs.pass(3000);
    b.live.close();
    expect(b.isClosed).toBe(true);
    tabs.deliver();
    tabs.kill(c);
    tabs.kill(b);
    tabs.pass(100);
    expect(a.hearsOf).toEqual({});
    expect(a.isAgreed).toBe(true);
    const again = tabs.open();
    expect(again.live.index).toBe(1);
    tabs.pass(5000);
    expectAgreement(tabs);
    expect(again.nodes).toEqual(["elm", "maple", "oak"]);
    expectToReplay(a);
  });

  test("that is frozen is not heard from, nobody agrees with it, and when it wakes it agrees only once it has heard all", () => {
    const tabs = new Tabs(7);
    const [a, b] = [tabs.open(), tabs.open()];
    tabs.pass(5000);
    expectAgreement(tabs);
    tabs.pass(SILENT_MS + 500, [a]);
    expect(a.hearsOf).toEqual({ 1: null });
    expect(a.isAgreed).toBe(false);
    a.registers("yew", 900);
    tabs.pass(3_600_000, []);
    tabs.pass(2000, [a]);
    // It takes up what lies there, one after the other, and is not deceived by it.
    const posts = tabs.ways.get(`${a.id} ${b.id}`)?.posts.splice(0) ?? [];
    expect(posts.length).toBeGreaterThan(3);
    b.live.tick(tabs.nowMs);
    expect(b.isAgreed).toBe(false);
    for (const post of posts) {
      b.live.hear(post, tabs.nowMs);
      expect(b.isAgreed && a.fingerprint !== b.fingerprint).toBe(false);
    }
    tabs.pass(15_000);
    expectAgreement(tabs);
    expect(b.nodes).toContain("yew");
    // An hour of sleep is not made up for.
    expect(b.live.presentMs).toBeLessThan(60_000);
    tabs.all.forEach(expectToReplay);
  });

  test("in the background, which ticks seldom, is heard of, since it answers", () => {
    const tabs = new Tabs(8);
    const [a, b] = [tabs.open(), tabs.open()];
    tabs.pass(3000);
    for (let step = 0; step < 30; step++) {
      tabs.pass(TELL_MS, [a]);
      for (const post of tabs.ways.get(`${a.id} ${b.id}`)?.posts.splice(0) ?? []) b.live.hear(post, tabs.nowMs);
      expect(a.hearsOf).toEqual({ 1: b.fingerprint });
    }
    expectAgreement(tabs);
  });

  test("of a name that another has is refused, as a copy of a tab would be", () => {
    const tabs = new Tabs(9);
    const [a, b] = [tabs.open(), tabs.open()];
    tabs.pass(1000);
    const copy = new Tab(tabs, "copy", 1, 5);
    a.live.hear(copy.posted[0] ?? b.posted.map((it) => ({ ...(it as object), tab: "copy" }))[0], tabs.nowMs);
    expect(a.live.refused).toBe(1);
    tabs.pass(3000);
    expectAgreement(tabs);
  });

  test("never says that all agree while it has heard that another differs: at each moment of 20 schedules", () => {
    for (let seed = 100; seed < 120; seed++) {
      const random = seeded(seed);
      const below = (most: number) => Math.floor(random() * most);
      const tabs = new Tabs(seed);
      for (let count = 0; count < 3; count++) tabs.open();
      for (let step = 0; step < 100; step++) {
        const tab = tabs.all[below(3)];
        if (below(4) === 0) tab?.registers("abc"[below(3)] ?? "", below(900));
        if (below(10) === 0) tab?.live.do({ kind: below(2) === 0 ? "cut" : "mend", between: [below(2), 2] });
        // All posts are delivered within a step.
        tabs.pass(16 + below(300));
        tabs.deliver();
        tabs.deliver();
        const isSame = new Set(tabs.all.map(({ fingerprint }) => fingerprint)).size === 1;
        for (const one of tabs.all) if (one.isAgreed) expect(isSame).toBe(true);
      }
    }
  });
});
