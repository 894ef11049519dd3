import { expect, test } from "vitest";
import { agreementOf, overall, type Peer } from "./agreement";
import { compareAnswers } from "./look-up";

const peer = (key: string, fingerprint: string, online = true): Peer => ({ key, fingerprint, online });

test("agreement counts the others that are online", () => {
  const self = peer("a", "1");
  expect(agreementOf(self, [self])).toEqual({ standing: "alone", words: "online, alone" });
  expect(agreementOf(self, [self, peer("b", "1")]).words).toBe("in sync with 1 other");
  expect(agreementOf(self, [self, peer("b", "1"), peer("c", "2", false)]).standing).toBe("in-sync");
  expect(agreementOf(self, [self, peer("b", "1"), peer("c", "2")]).words).toBe("differs from 1 of 2");
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
  expect(overall([peer("a", "1"), peer("b", "1")], 4).words).toBe("2 replicas online, all in sync; 4 in other tabs.");
  expect(overall([]).words).toBe("There is no replica.");
});

test("the answer that most replicas give is the one that others differ from", () => {
  const a = [{ node: "a", priority: 1 }];
  const b = [{ node: "a", priority: 2 }];
  expect(compareAnswers([a, b, b]).map(({ differs }) => differs)).toEqual([true, false, false]);
  expect(compareAnswers([a, [], a, []]).map(({ differs }) => differs)).toEqual([false, true, false, true]);
  expect(compareAnswers([])).toEqual([]);
});
