// No space, no database, no locks, two writers under one id, and others who save nothing.
import type { Page } from "@playwright/test";
import {
  agreed,
  elsewhere,
  expect,
  occupy,
  type Profile,
  ready,
  register,
  registrations,
  replicaOf,
  stored,
  test,
  until,
} from "./browser.js";

/** Leaves no space in a browser that was just started, for it remembers for half a minute how much there is, and opens pages. */
async function openWithoutSpace(
  profile: Profile,
  count: number,
): Promise<{ pages: Page[]; makeSpace(): Promise<void> }> {
  const page = await elsewhere(profile);
  const session = await page.context().newCDPSession(page);
  const { origin } = new URL(page.url());
  await session.send("Storage.overrideQuotaForOrigin", { origin, quotaSize: 1 });
  const pages = [];
  for (let number = 0; number < count; number += 1) pages.push(await profile.open());
  return { pages, makeSpace: async () => void (await session.send("Storage.overrideQuotaForOrigin", { origin })) };
}

test("without space left the map goes on, and is saved when there is some", async ({ profile }) => {
  const before = await profile.open();
  await register(before, "before");
  const id = await replicaOf(before);
  await profile.end();
  const { pages, makeSpace } = await openWithoutSpace(profile, 2);
  const [page, other] = pages as [Page, Page];
  expect(await replicaOf(page)).toBe(id);
  const error = await page.evaluate(async () => {
    replica.map.register("without space", 0, 10);
    return replica.saved().then(
      () => undefined,
      ({ name, code }) => ({ name, code }),
    );
  });
  expect(error).toEqual({ name: "PersistentError", code: "storage-full" });
  const status = await page.evaluate(() => [replica.status.storage, replica.status.error?.code]);
  expect(status).toEqual(["memory", "storage-full"]);
  // The others hear of it all the same, since nobody will go on with its id.
  expect(await agreed(page, other)).toEqual(["before 0 10 1", "without space 0 10 1"]);
  expect((await stored(page)).slots).toEqual([]);
  await page.evaluate(() => replica.map.register("later", 0, 10));
  expect(await agreed(page, other)).toHaveLength(3);

  await makeSpace();
  await until(page, "saved");
  expect(await page.evaluate(() => replica.status.error)).toBe(undefined);
  expect((await stored(page)).slots).toEqual([]);
  // Now that all is saved, its id is in the pool again with what is done next.
  await register(page, "at last");
  expect((await stored(page)).slots).toHaveLength(1);
  await profile.end();
  const again = await profile.open();
  expect(await registrations(again)).toHaveLength(4);
  expect(await replicaOf(again)).toBe(id);
});

test("a tab that dies without space left leaves no id behind", async ({ profile }) => {
  const before = await profile.open();
  await register(before, "before");
  const id = await replicaOf(before);
  await profile.end();
  const { pages, makeSpace } = await openWithoutSpace(profile, 2);
  const [page, other] = pages as [Page, Page];
  expect(await replicaOf(page)).toBe(id);
  await page.evaluate(() => {
    replica.map.register("unsaved", 0, 10);
    return replica.saved().catch(() => {});
  });
  expect(await agreed(page, other)).toHaveLength(2);
  const session = await page.context().newCDPSession(page);
  const crashed = page.waitForEvent("crash");
  session.send("Page.crash").catch(() => {});
  await crashed;
  await makeSpace();
  const again = await profile.open();
  expect(await replicaOf(again)).not.toBe(id);
  await again.evaluate(() => replica.map.register("after", 0, 10));
  expect(await agreed(again, other)).toEqual(["after 0 10 1", "before 0 10 1", "unsaved 0 10 1"]);
});

test("what can be neither saved nor given up stays back when the map is closed, since its id is gone on with", async ({
  profile,
}) => {
  const page = await profile.open();
  await register(page, "saved");
  const told = await page.evaluate(async () => {
    const { transaction } = IDBDatabase.prototype;
    IDBDatabase.prototype.transaction = function (stores, mode, options) {
      if (mode === "readwrite") throw new DOMException("no write", "UnknownError");
      return transaction.call(this, stores, mode, options);
    };
    replica.map.register("unsaved", 0, 10);
    const code = await replica.close().catch((error) => error.code);
    IDBDatabase.prototype.transaction = transaction;
    const other = new RangeMap();
    const { port1, port2 } = new MessageChannel();
    other.connect(port1, { kind: "neighbour" });
    replica.map.connect(port2, { kind: "neighbour" });
    other.register("heard", 0, 10);
    // Longer than it takes to ask and to answer.
    await new Promise((done) => setTimeout(done, 2_000));
    const nodes = (map: typeof replica.map) => map.registrations().map(({ node }) => node);
    return { code, here: nodes(replica.map), there: nodes(other) };
  });
  expect(told).toEqual({ code: "storage-failed", here: ["heard", "saved", "unsaved"], there: ["heard"] });
});

/** Locks that everybody gets. */
const spoilLocks = async (profile: Profile) =>
  (await profile.start()).addInitScript(() => {
    LockManager.prototype.request = ((_name: string, _options: unknown, run: (lock: unknown) => unknown) =>
      Promise.resolve(run({}))) as never;
  });

/** Channels that nobody hears: tabs then meet in what is stored alone. */
const silence = async (profile: Profile) =>
  (await profile.start()).addInitScript(() => {
    BroadcastChannel.prototype.postMessage = () => {};
  });

test("two writers under one id are found out, and neither overwrites the other", async ({ profile }) => {
  await spoilLocks(profile);
  const first = await profile.open();
  await register(first, "first");
  await first.close();
  const [one, two] = [await profile.open(), await profile.open()];
  const id = await replicaOf(one);
  expect(await replicaOf(two)).toBe(id);
  // Nothing is saved, and so nothing is told, before both have written: who hears of the other first takes another id first.
  const letGo = await occupy(await elsewhere(profile));
  const pages = [one, two];
  for (const [at, page] of pages.entries()) {
    await page.evaluate((at) => {
      const changes: unknown[] = [];
      replica.map.onReplica(({ from, to, reason, unheard }) =>
        changes.push({ from: String(from), to: String(to), reason, unheard: unheard.map(({ node }) => node) }),
      );
      Object.assign(globalThis, { changes });
      for (let number = 0; number < 5; number += 1) replica.map.register(`${at}-${number}`, 0, 10);
      const saved = replica.saved().then(
        () => undefined,
        ({ code }) => code as string,
      );
      Object.assign(globalThis, { saved });
    }, at);
  }
  await letGo();
  const undone = await Promise.all(
    pages.map((page) => page.evaluate(() => Reflect.get(globalThis, "saved") as Promise<string | undefined>)),
  );
  expect(undone.filter((code) => code === "identity-conflict")).toHaveLength(1);
  const loser = undone.indexOf("identity-conflict");
  await until(pages[loser]!, "saved");
  expect(await replicaOf(one)).not.toBe(await replicaOf(two));
  expect(await pages[loser]!.evaluate(() => replica.status.error?.code)).toBe("identity-conflict");
  const unheard = [0, 1, 2, 3, 4].map((number) => `${loser}-${number}`);
  // It may have heard of the other over the channel first, and said all that anew under another id, which is undone as well.
  const told = await pages[loser]!.evaluate(() => Reflect.get(globalThis, "changes") as { from: string }[]);
  expect(told[0]!.from).toBe(id);
  expect(told.at(-1)).toMatchObject({ to: await replicaOf(pages[loser]!), reason: "twin", unheard });
  const winner = ["first 0 10 1", ...[0, 1, 2, 3, 4].map((number) => `${1 - loser}-${number} 0 10 1`)].sort();
  expect(await agreed(one, two)).toEqual(winner);
  await Promise.all([register(one, "x"), register(two, "y")]);
  expect(await agreed(one, two)).toEqual([...winner, "x 0 10 1", "y 0 10 1"].sort());
});

test("two writers under one id are found out even if what one wrote is in a snapshot already", async ({ profile }) => {
  await spoilLocks(profile);
  await silence(profile);
  const first = await profile.open();
  await register(first, "first");
  await first.close();
  const [one, two] = [await profile.open(), await profile.open()];
  const id = await replicaOf(one);
  await register(one, "one");
  // As a snapshot does in the end.
  await one.evaluate(
    (writer) =>
      new Promise((resolve) => {
        const opening = indexedDB.open("crdt-range-map/test");
        opening.onsuccess = () => {
          const transaction = opening.result.transaction("deltas", "readwrite");
          transaction.objectStore("deltas").delete([writer, 2]);
          transaction.oncomplete = resolve;
        };
      }),
    BigInt(id).toString(16).padStart(16, "0"),
  );
  const code = await two.evaluate(() => {
    replica.map.register("two", 0, 10);
    return replica.saved().catch(({ code }) => code);
  });
  expect(code).toBe("identity-conflict");
  await until(two, "saved");
  expect(await replicaOf(two)).not.toBe(id);
});

test("a database that is deleted is written again", async ({ profile }) => {
  const page = await profile.open();
  await register(page, "a");
  const id = await replicaOf(page);
  const other = await elsewhere(profile);
  await other.evaluate(
    () =>
      new Promise((resolve, reject) => {
        const deleting = indexedDB.deleteDatabase("crdt-range-map/test");
        deleting.onsuccess = resolve;
        deleting.onerror = reject;
      }),
  );
  await expect
    .poll(() => page.evaluate(() => statuses.map(({ storage, error }) => `${storage} ${error?.code}`)))
    .toContain("memory storage-closed");
  await page.evaluate(() => replica.map.register("b", 0, 10));
  await until(page, "saved");
  await register(page, "c");
  expect(await replicaOf(page)).not.toBe(id);
  await page.reload();
  await ready(page);
  expect(await registrations(page)).toEqual(["a 0 10 1", "b 0 10 1", "c 0 10 1"]);
});

test("tabs without a channel learn what others saved, also in a database that was deleted", async ({ profile }) => {
  const [one, two] = [await profile.open("?wait"), await profile.open("?wait")];
  for (const page of [one, two]) {
    await page.evaluate(async () => void (globalThis.replica = await openRangeMap({ channel: null })));
  }
  const merge = (page: Page, node: string) =>
    page.evaluate(async (node) => {
      replica.map.merge(new RangeMap().register(node, 0, 10));
      await replica.saved();
    }, node);
  for (const node of ["a", "b", "c", "d"]) await merge(one, node);
  // Whoever does something looks what others did.
  await register(two, "two");
  expect(await agreed(one, two)).toHaveLength(5);

  await one.evaluate(() => void indexedDB.deleteDatabase("crdt-range-map/test"));
  for (const page of [one, two]) {
    await expect.poll(() => page.evaluate(() => statuses.map(({ error }) => error?.code))).toContain("storage-closed");
    await until(page, "saved");
  }
  // The first rows of the new one have the numbers that rows of the old one had.
  await merge(one, "e");
  await register(two, "two again");
  expect(await agreed(one, two)).toHaveLength(7);
});

test("who opens while another is just going gets its id", async ({ profile }) => {
  const page = await profile.open();
  const id = await replicaOf(page);
  await register(page, "a");
  const next = await page.evaluate(async () => {
    // Whoever opens looks, pauses, and looks again: the other goes in the first pause, however long that takes.
    const { setTimeout } = globalThis;
    const pause = (run: () => void, ms: number) => (ms === 100 ? replica.close().then(run) : setTimeout(run, ms));
    Object.assign(globalThis, { setTimeout: pause });
    const next = await openRangeMap();
    Object.assign(globalThis, { setTimeout });
    return `${replica.status.storage} ${next.replica}`;
  });
  expect(next).toBe(`closed ${id}`);
});

test("a newer program that wants the database gets it", async ({ profile }) => {
  const page = await profile.open();
  await register(page, "a");
  const other = await elsewhere(profile);
  await other.evaluate(
    () =>
      new Promise<void>((resolve, reject) => {
        const opening = indexedDB.open("crdt-range-map/test", 2);
        opening.onsuccess = () => resolve();
        opening.onerror = reject;
      }),
  );
  await until(page, "memory");
  expect(await page.evaluate(() => replica.status.error?.code)).toBe("storage-closed");
  const error = await page.evaluate(async () => {
    replica.map.register("b", 0, 10);
    return replica.saved().catch(({ code }) => code);
  });
  expect(error).toBe("storage-closed");
  expect(await registrations(page)).toEqual(["a 0 10 1", "b 0 10 1"]);
});

test("where IndexedDB refuses, the map is in memory, and says why", async ({ profile }) => {
  const other = await profile.open();
  await register(other, "a");
  const page = await profile.open("?wait");
  await page.evaluate(async () => {
    const { open } = IDBFactory.prototype;
    Object.assign(globalThis, { permit: () => (IDBFactory.prototype.open = open) });
    IDBFactory.prototype.open = () => {
      throw new DOMException("private", "SecurityError");
    };
    globalThis.replica = await openRangeMap();
  });
  const status = () => page.evaluate(() => [replica.status.storage, replica.status.error?.code]);
  expect(await status()).toEqual(["memory", "storage-unavailable"]);
  await page.evaluate(() => replica.map.register("b", 0, 10));
  expect(await page.evaluate(() => replica.saved().catch(({ code }) => code))).toBe("storage-unavailable");
  expect(await agreed(page, other)).toEqual(["a 0 10 1", "b 0 10 1"]);
  // It is tried again.
  await page.evaluate(() => (Reflect.get(globalThis, "permit") as () => void)());
  await until(page, "saved");
  expect(await agreed(page, other)).toEqual(["a 0 10 1", "b 0 10 1"]);

  const code = await page.evaluate(async () => {
    Object.defineProperty(globalThis, "indexedDB", { value: undefined });
    return openRangeMap({ name: "another" }).catch(({ name, code }) => `${name} ${code}`);
  });
  expect(code).toBe("PersistentError no-storage");
});

test("a database that is in somebody's hands is waited for", async ({ profile }) => {
  const other = await elsewhere(profile);
  // Who does not let go of it, and somebody who wants to delete it.
  await other.evaluate(
    () =>
      new Promise((resolve) => {
        const opening = indexedDB.open("crdt-range-map/test", 1);
        opening.onsuccess = () => {
          Object.assign(globalThis, { letGo: () => opening.result.close() });
          indexedDB.deleteDatabase("crdt-range-map/test").onblocked = resolve;
        };
      }),
  );
  const page = await profile.open();
  expect(await page.evaluate(() => [replica.status.storage, replica.status.error?.code])).toEqual([
    "memory",
    "storage-blocked",
  ]);
  await page.evaluate(() => replica.map.register("a", 0, 10));
  await other.evaluate(() => (Reflect.get(globalThis, "letGo") as () => void)());
  await until(page, "saved");
  await page.reload();
  await ready(page);
  expect(await registrations(page)).toEqual(["a 0 10 1"]);
});

test("without Web Locks every page writes under a fresh id", async ({ profile }) => {
  const context = await profile.start();
  await context.addInitScript(() => Object.defineProperty(Navigator.prototype, "locks", { value: undefined }));
  const page = await profile.open();
  const ids = [await replicaOf(page)];
  await register(page, "a");
  for (const node of ["b", "c"]) {
    await page.reload();
    await ready(page);
    ids.push(await replicaOf(page));
    await register(page, node);
  }
  expect(new Set(ids).size).toBe(3);
  expect(await registrations(page)).toEqual(["a 0 10 1", "b 0 10 1", "c 0 10 1"]);
});

test("what comes from somebody who saves nothing is saved as well", async ({ profile }) => {
  const page = await profile.open();
  const other = await profile.open("?wait");
  await other.evaluate(() => {
    const map = new RangeMap();
    map.connect("test");
    map.register("from a map that is not saved", 0, 10);
    Object.assign(globalThis, { map });
  });
  await expect.poll(() => registrations(page)).toHaveLength(1);
  await expect.poll(async () => (await stored(page)).received.length).toBe(1);
  // Handed to merge(), it is saved at once.
  await page.evaluate(async () => {
    replica.map.merge(new RangeMap().register("merged", 0, 10));
    await replica.saved();
  });
  await profile.end();
  const again = await profile.open();
  expect(await registrations(again)).toEqual(["from a map that is not saved 0 10 1", "merged 0 10 1"]);
});

test("closing saves, gives back the id, and leaves the map in memory", async ({ profile }) => {
  const page = await profile.open();
  const id = await replicaOf(page);
  await page.evaluate(async () => {
    replica.map.register("a", 0, 10);
    await replica.close();
    await replica.close();
  });
  expect(await page.evaluate(() => [replica.status.storage, replica.connection])).toEqual(["closed", undefined]);
  expect(await replicaOf(page)).not.toBe(id);
  expect(await registrations(page)).toEqual(["a 0 10 1"]);
  await page.evaluate(async () => (globalThis.replica = await openRangeMap()));
  expect(await replicaOf(page)).toBe(id);
  expect(await registrations(page)).toEqual(["a 0 10 1"]);
});

test("a channel of one's own is opened anew when the page returns, and null is none", async ({ profile }) => {
  const page = await profile.open("?wait");
  await page.evaluate(async () => {
    const channels: unknown[] = [];
    const channel = () => {
      const made = { onmessage: null, postMessage() {}, close: () => void channels.push("closed") };
      channels.push("opened");
      return made;
    };
    globalThis.replica = await openRangeMap({ channel });
    Object.assign(globalThis, { channels });
  });
  await page.evaluate(() => {
    for (const type of ["freeze", "resume"]) document.dispatchEvent(new Event(type));
  });
  await until(page, "saved");
  await expect
    .poll(() => page.evaluate(() => Reflect.get(globalThis, "channels")))
    .toEqual(["opened", "closed", "opened"]);
  const alone = await page.evaluate(async () => (await openRangeMap({ name: "alone", channel: null })).connection);
  expect(alone).toBe(undefined);
  const codes = await page.evaluate(() =>
    Promise.all([
      openRangeMap({ name: "" }).catch(({ code }) => code),
      openRangeMap({ name: "wrong", channel: () => 5 as never }).catch(({ code }) => code),
    ]),
  );
  expect(codes).toEqual(["invalid-options", "channel-unavailable"]);
});
