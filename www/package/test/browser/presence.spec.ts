// Maps of pages on one channel: who is there, by Web Locks, which only browsers have. Elsewhere: ../unit/presence.test.ts.
import type { Page } from "@playwright/test";
import type { Connection } from "../../dist/crdt_range_map.js";
import { expect, type Profile, test } from "./browser.js";

declare global {
  var map: InstanceType<typeof RangeMap>;
  var connection: Connection;
  var seen: () => string[];
  var told: string[][];
}

/** A page with a map under that id, connected under that name. `undefined`: without a name. */
async function join(profile: Profile, id: number, name?: string, locks?: null): Promise<Page> {
  const page = await profile.open("?wait");
  await page.evaluate(
    ({ id, options }) => {
      const describe = ({ replica, name, alive, left }: ReturnType<Connection["peers"]>[number]) =>
        `${replica} ${name} ${alive ? "alive" : left ? "left" : "dead"}`;
      globalThis.map = new RangeMap(BigInt(id));
      globalThis.connection = map.connect("presence", options);
      globalThis.seen = () => connection.peers().map(describe);
      globalThis.told = [];
      connection.onPeers((peers) => told.push(peers.map(describe)));
    },
    { id, options: { ...(name === undefined ? {} : { name }), ...(locks === null ? { locks } : {}) } },
  );
  return page;
}

const expectSeen = (page: Page, peers: string[]) =>
  expect.poll(() => page.evaluate(() => globalThis.seen())).toEqual(peers);

const posted = (page: Page) => page.evaluate(() => connection.statistics().posted.presence);

test("pages come, change their names and go, and what one does shows in the other", async ({ profile }) => {
  const here = await join(profile, 1, "here");
  const there = await join(profile, 2, "there");
  await expectSeen(here, ["2 there alive"]);
  await expectSeen(there, ["1 here alive"]);
  await there.evaluate(() => map.register("a", 0, 10));
  await expect.poll(() => here.evaluate(() => map.priority("a", 0, 10))).toBe(1);
  await there.evaluate(() => connection.setName("größer"));
  await expectSeen(here, ["2 größer alive"]);
  await there.evaluate(() => connection.close());
  await expectSeen(here, ["2 größer left"]);
  await there.evaluate(() => void (globalThis.connection = map.connect("presence", { name: "back" })));
  await expectSeen(here, ["2 back alive"]);
  await there.evaluate(() => map.free());
  await expectSeen(here, ["2 back left"]);
  const states = ["2 there alive", "2 größer alive", "2 größer left", "2 back alive", "2 back left"];
  // A goodbye and the lock that its sender gives back take different ways: the lock may be there first, and say that it is dead.
  const heard = (await here.evaluate(() => told)).filter(([state]) => !state?.endsWith("dead"));
  expect(heard).toEqual(states.map((state) => [state]));
});

test("a page that is closed says goodbye, and one that is killed is noticed by its lock", async ({ profile }) => {
  const here = await join(profile, 1, "here");
  const closed = await join(profile, 2, "closed");
  const killed = await join(profile, 3, "killed");
  await expectSeen(here, ["2 closed alive", "3 killed alive"]);
  await closed.close({ runBeforeUnload: true });
  await expectSeen(here, ["2 closed left", "3 killed alive"]);
  const session = await killed.context().newCDPSession(killed);
  const crashed = killed.waitForEvent("crash");
  session.send("Page.crash").catch(() => {});
  await crashed;
  await expectSeen(here, ["2 closed left", "3 killed dead"]);
});

test("with locks nobody posts to stay alive, and without them everybody does", async ({ profile }) => {
  const [here, there] = [await join(profile, 1, "here"), await join(profile, 2, "there")];
  await expectSeen(here, ["2 there alive"]);
  await expectSeen(there, ["1 here alive"]);
  const joined = await posted(there);
  await there.evaluate(() => {
    connection.close();
    globalThis.connection = map.connect("beating", { name: "there", locks: null });
  });
  await here.evaluate(() => {
    Object.assign(globalThis, { before: connection.statistics().posted.presence });
    const other = new RangeMap(3n);
    Object.assign(globalThis, { other, beating: other.connect("beating", { name: "other", locks: null }) });
  });
  // As long as it takes to beat some times, and so to say more than a joiner does.
  await expect.poll(() => posted(there)).toBeGreaterThan(joined + 5);
  const quiet = await here.evaluate(() => connection.statistics().posted.presence - Reflect.get(globalThis, "before"));
  // It may ask who that is whom it hears without a lock, ever more seldom.
  expect(quiet).toBeLessThanOrEqual(3);
});

test("who connects, closes and connects again in one task is there", async ({ profile }) => {
  const here = await join(profile, 1, "here");
  const there = await join(profile, 2);
  await there.evaluate(() => {
    connection.close();
    map.connect("presence", { name: "first" }).close();
    globalThis.connection = map.connect("presence", { name: "second" });
  });
  await expectSeen(here, ["2 second alive"]);
  await expectSeen(there, ["1 here alive"]);
});

test("who goes on under another id is there under that, and its former one is gone", async ({ profile }) => {
  const here = await join(profile, 1, "here");
  const there = await join(profile, 2, "there");
  await expectSeen(here, ["2 there alive"]);
  await there.evaluate(() => map.setReplica(3n));
  const alive = () => here.evaluate(() => globalThis.seen().filter((peer) => peer.endsWith("alive")));
  await expect.poll(alive).toEqual(["3 there alive"]);
  await expectSeen(there, ["1 here alive"]);
});
