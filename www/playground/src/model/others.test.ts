import type { Peer } from "crdt-range-map";
import { expect, test } from "vitest";
import { GONE_SHOWN_MS, isSame, othersOf } from "./others";

const now = 1_000_000_000_000;
const peer = (replica: bigint, more: Partial<Peer> = {}): Peer => ({
  replica,
  name: `Replica ${replica}`,
  lastSeen: now,
  alive: true,
  left: false,
  ...more,
});

test("the page's own replicas are none of the others, and each of those is named once", () => {
  const views = [
    [peer(1n), peer(7n), peer(8n)],
    [peer(2n), peer(7n)],
  ];
  expect(othersOf(views, [1n, 2n], now).map(({ replica }) => replica)).toEqual([7n, 8n]);
});

test("one who hears it is enough", () => {
  const dead = peer(7n, { alive: false, lastSeen: now - 5000 });
  const left = peer(7n, { alive: false, left: true, lastSeen: now - 9000 });
  const whereabouts = (...views: Peer[][]) => othersOf(views, [], now)[0]?.whereabouts;
  expect(whereabouts([dead], [peer(7n)])).toBe("here");
  expect(whereabouts([dead], [left])).toBe("left");
  expect(whereabouts([dead])).toBe("died");
  expect(othersOf([[dead], [left]], [], now)[0]?.lastSeenMs).toBe(now - 5000);
});

test("who is gone comes last, and is forgotten after a while; who is here never is", () => {
  const gone = peer(1n, { alive: false, lastSeen: now - GONE_SHOWN_MS + 1000 });
  const quiet = peer(2n, { lastSeen: now - 10 * GONE_SHOWN_MS });
  expect(othersOf([[gone, quiet]], [], now).map(({ replica }) => replica)).toEqual([2n, 1n]);
  expect(othersOf([[gone, quiet]], [], now + 1000).map(({ replica }) => replica)).toEqual([2n]);
});

test("what differs by less than a second is the same", () => {
  const [one, other] = [now, now + 400].map((lastSeen) => othersOf([[peer(1n, { lastSeen })]], [], now));
  expect(isSame(one ?? [], other ?? [])).toBe(true);
  expect(isSame(one ?? [], othersOf([[peer(1n, { alive: false })]], [], now))).toBe(false);
  expect(isSame(one ?? [], [])).toBe(false);
});
