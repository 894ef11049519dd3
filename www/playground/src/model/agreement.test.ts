import { expect, test } from "vitest";
import { agreementOf, overall, type Peer } from "./agreement";
import { compareAnswers } from "./look-up";

const peer = (key: string, fingerprint: string, online = true): Peer => ({ key, fingerprint, online });

test("agreement counts all others that the page knows of", () => {
  const self = peer("a", "1");
  expect(agreementOf(self, [self])).toEqual({ standing: "alone", words: "online, alone" });
  expect(agreementOf(self, [self, peer("b", "1")]).words).toBe("in sync with 1 other");
  expect(agreementOf(self, [self, peer("b", "1"), peer("c", "1", false)]).words).toBe("in sync with 2 others");
  expect(agreementOf(self, [self, peer("b", "1"), peer("c", "2")]).words).toBe("differs from 1 of 2");
  expect(agreementOf(self, [self, peer("b", "1"), peer("c", "2", false)]).words).toBe("differs from 1 of 2");
});

test("agreement with replicas of other tabs", () => {
  const self = peer("a", "1");
  const far = (...fingerprints: (string | null)[]) =>
    fingerprints.map((fingerprint, place) => ({ key: `far ${place}`, fingerprint }));
  expect(agreementOf(self, [self], far("1", "1"))).toEqual({ standing: "in-sync", words: "in sync with 2 others" });
  expect(agreementOf(self, [self, peer("b", "1")], far("1", "2", null))).toEqual({
    standing: "differs",
    words: "differs from 1 of 4",
  });
  expect(agreementOf(self, [self, peer("b", "1")], far(null))).toEqual({
    standing: "unknown",
    words: "agrees with 1 of 2",
  });
  expect(agreementOf(self, [self], far(null)).words).toBe("others out of reach");
});

test("a replica that is offline may have missed something", () => {
  const self = peer("a", "1", false);
  expect(agreementOf(self, [self, peer("b", "1")]).words).toBe("offline, nothing missed");
  expect(agreementOf(self, [self, peer("b", "2")]).words).toBe("offline, apart");
  expect(agreementOf(self, [self, peer("b", "2", false)]).words).toBe("offline");
});

test("one sentence for all", () => {
  expect(overall([peer("a", "1"), peer("b", "1")]).words).toBe("2 replicas online, all in sync.");
  expect(overall([peer("a", "1"), peer("b", "2"), peer("c", "3", false)])).toEqual({
    standing: "differs",
    words: "2 replicas online, 2 different states, 1 offline.",
  });
  expect(overall([peer("a", "1", false)]).standing).toBe("offline");
  expect(overall([peer("a", "1"), peer("b", "2", false)])).toEqual({
    standing: "alone",
    words: "1 replica is online, 1 offline.",
  });
  expect(overall([]).words).toBe("There is no replica.");
});

test("one sentence for all, other tabs too", () => {
  const here = [peer("a", "1"), peer("b", "1")];
  const saying = (far: (string | null)[], reachesFar = true, peers = here) =>
    overall(
      peers,
      far.map((fingerprint, place) => ({ key: `far ${place}`, fingerprint })),
      reachesFar,
    ).words;
  expect(saying(["1", "1"])).toBe("2 replicas online, all in sync; 2 in other tabs.");
  expect(saying(["1", "2"])).toBe("2 replicas online agree; of 2 in other tabs 1 differs.");
  expect(saying(["3", "2", null])).toBe(
    "2 replicas online agree; of 3 in other tabs 2 differ, 1 not known, out of reach.",
  );
  expect(saying([null, null], false)).toBe("2 replicas online agree; of 2 in other tabs 2 not known, out of reach.");
  expect(saying([], false)).toBe("2 replicas online agree; other tabs are out of reach.");
  expect(saying(["1"], true, [peer("a", "1")])).toBe("1 replica online, all in sync; 1 in other tabs.");
  expect(saying(["2"], true, [peer("a", "1")])).toBe("1 replica online; of 1 in other tabs 1 differs.");
});

test("in sync, which is green, is said only if every known replica has one fingerprint", () => {
  const values = [null, "1", "2"] as const;
  let green = 0;
  for (const b of ["1", "2"])
    for (const bOnline of [true, false])
      for (const x of values)
        for (const y of values)
          for (const reachesFar of [true, false]) {
            const far = [
              { key: "x", fingerprint: x },
              { key: "y", fingerprint: y },
            ];
            const { standing } = overall([peer("a", "1"), peer("b", b, bOnline)], far, reachesFar);
            const isOne = b === "1" && x === "1" && y === "1" && reachesFar;
            expect(standing === "in-sync", `${b} ${bOnline} ${x} ${y} ${reachesFar}`).toBe(isOne);
            green += Number(isOne);
          }
  expect(green).toBe(2);
});

test("the answer that most replicas give is the one that others differ from", () => {
  const a = [{ node: "a", priority: 1 }];
  const b = [{ node: "a", priority: 2 }];
  expect(compareAnswers([a, b, b]).map(({ differs }) => differs)).toEqual([true, false, false]);
  expect(compareAnswers([a, [], a, []]).map(({ differs }) => differs)).toEqual([false, true, false, true]);
  expect(compareAnswers([])).toEqual([]);
});
