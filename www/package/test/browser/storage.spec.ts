// What is in the database: pieces and snapshots, also damaged ones.
import type { Page } from "@playwright/test";
import type { RangeMap as Map } from "../../dist/crdt_range_map.js";
import {
  agreed,
  elsewhere,
  expect,
  occupy,
  ready,
  register,
  registrations,
  replicaOf,
  stored,
  test,
} from "./browser.js";

/** 10,000 registrations of a node in one operation, some 90 kB; acknowledged. */
const registerMany = (page: Page, node: string) =>
  page.evaluate(async (node) => {
    const operation = (start: number) => ({ op: "register", node, start, end: start + 1 + ((start * 7) % 1_000_003) });
    const starts = Array.from({ length: 10_000 }, (_, index) => (index * 2_654_435_761_769) % 2 ** 45);
    replica.map.apply(starts.map((start) => operation(start) as { op: "register" } & ReturnType<typeof operation>));
    await replica.saved();
  }, node);

/** Enough pieces for some snapshots, and more after the last one. Returns what is registered. */
async function writeSnapshots(page: Page): Promise<string[]> {
  for (let round = 0; round < 4; round += 1) {
    await registerMany(page, `round ${round}`);
    await expect.poll(async () => (await stored(page)).snapshots.length).toBe(Math.min(round + 1, 2));
  }
  await register(page, "after the last snapshot");
  return registrations(page);
}

test("nobody hears of what is not saved, and everybody of what is", async ({ profile }) => {
  const [page, other] = [await profile.open(), await profile.open()];
  await register(page, "before");
  await agreed(page, other);
  const letGo = await occupy(await elsewhere(profile));
  await page.evaluate(() => {
    replica.map.register("unsaved", 0, 10);
    Object.assign(globalThis, { isSaved: false });
    void replica.saved().then(() => Object.assign(globalThis, { isSaved: true }));
  });
  expect(await page.evaluate(() => replica.status.storage)).toBe("saving");
  // Others ask, one after the other, and whoever has its turn first answers.
  const asker = () => other.evaluate(() => (Reflect.get(globalThis, "map") as Map).registrations().length);
  for (let number = 0; number < 12; number += 1) {
    await other.evaluate(() => {
      const map = new RangeMap();
      map.connect("test");
      Object.assign(globalThis, { map });
    });
    await expect.poll(asker).toBe(1);
  }
  expect(await registrations(other)).toEqual(["before 0 10 1"]);
  expect(await page.evaluate(() => Reflect.get(globalThis, "isSaved"))).toBe(false);
  await letGo();
  expect(await agreed(page, other)).toEqual(["before 0 10 1", "unsaved 0 10 1"]);
  await expect.poll(asker).toBe(2);
  expect(await page.evaluate(() => Reflect.get(globalThis, "isSaved"))).toBe(true);
});

test("snapshots keep what is stored small, in two generations", async ({ profile }) => {
  const [page, other] = [await profile.open(), await profile.open()];
  await register(other, "by another tab");
  const all = await writeSnapshots(page);
  // The last snapshot may still be on its way.
  await expect(async () => {
    const { snapshots, deltas } = await stored(page);
    expect(snapshots).toHaveLength(2);
    const [older, newer] = snapshots;
    expect(newer!.bytes).toBeGreaterThan(older!.bytes);
    const pieces = deltas.reduce((sum, { bytes }) => sum + bytes, 0);
    expect(pieces).toBeLessThan(newer!.bytes);
    expect(deltas.length).toBeLessThan(6);
  }).toPass();
  await page.close();
  await other.close();
  const again = await profile.open();
  expect(await registrations(again)).toEqual(all);
  expect(all).toContain("by another tab 0 10 1");
});

test("every write asks for durability", async ({ profile }) => {
  await (
    await profile.start()
  ).addInitScript(() => {
    const writes: string[] = [];
    Object.assign(globalThis, { writes });
    const { transaction } = IDBDatabase.prototype;
    IDBDatabase.prototype.transaction = function (stores, mode, options) {
      const made = transaction.call(this, stores, mode, options);
      if (mode === "readwrite") writes.push(`${[...made.objectStoreNames].join(" ")}: ${made.durability}`);
      return made;
    };
  });
  const page = await profile.open();
  await writeSnapshots(page);
  const writes = new Set(await page.evaluate(() => Reflect.get(globalThis, "writes") as string[]));
  expect(writes).toEqual(new Set(["deltas received sizes slots: strict", "deltas received sizes snapshots: strict"]));
});

test("a snapshot holds nothing of one's own that is on no page", async ({ profile }) => {
  await (
    await profile.start()
  ).addInitScript(() => {
    const pages: Uint8Array[] = [];
    const snapshots: boolean[] = [];
    Object.assign(globalThis, { snapshots });
    const { add, getAllKeys } = IDBObjectStore.prototype;
    let operations = 0;
    IDBObjectStore.prototype.getAllKeys = function (...given) {
      // Something is done while the keeper reads, before it writes a snapshot.
      if (this.name === "snapshots" && globalThis.isReady && operations < 3) {
        operations += 1;
        replica.map.register(`during ${operations}`, 0, 10);
      }
      return getAllKeys.apply(this, given);
    };
    IDBObjectStore.prototype.add = function (value, key) {
      if (this.name === "deltas") pages.push(value.bytes);
      if (this.name === "snapshots") {
        const map = new RangeMap();
        const journal = map.journal(() => {});
        for (const bytes of pages) journal.absorb(bytes);
        const known = map.fingerprint();
        journal.absorb(value.bytes);
        snapshots.push(map.fingerprint() === known);
      }
      return add.call(this, value, key);
    };
  });
  const page = await profile.open();
  await registerMany(page, "many");
  const snapshots = () => page.evaluate(() => Reflect.get(globalThis, "snapshots") as boolean[]);
  await expect.poll(async () => (await snapshots()).length).toBe(1);
  expect(await snapshots()).toEqual([true]);
  expect((await registrations(page)).filter((registration) => registration.startsWith("during"))).toHaveLength(3);
});

for (const [what, damage] of [
  ["is cut short", ({ bytes, checksum, covers }) => ({ bytes: bytes.slice(0, bytes.length >> 1), checksum, covers })],
  ["has a bit flipped", ({ bytes, checksum, covers }) => ({ bytes: bytes.with(99, bytes[99]! ^ 4), checksum, covers })],
  ["has another checksum", ({ bytes, checksum, covers }) => ({ bytes, checksum: checksum ^ 1, covers })],
  // CRC-32 of the four bytes "\0\0\0\0".
  ["is no state", ({ covers }) => ({ bytes: new Uint8Array(4), checksum: 0x2144df1c, covers })],
  ["is something else", () => "nonsense" as never],
] as [string, (row: { bytes: Uint8Array; checksum: number; covers: unknown }) => object][]) {
  test(`a snapshot that ${what} loses nothing`, async ({ profile }) => {
    const page = await profile.open();
    const id = await replicaOf(page);
    const all = await writeSnapshots(page);
    await page.goto("/test/browser/other.html");
    await page.evaluate(
      (damage) =>
        new Promise<void>((resolve, reject) => {
          const opening = indexedDB.open("crdt-range-map/test");
          opening.onsuccess = () => {
            const transaction = opening.result.transaction("snapshots", "readwrite");
            transaction.objectStore("snapshots").openCursor(null, "prev").onsuccess = ({ target }) => {
              const cursor = (target as IDBRequest<IDBCursorWithValue>).result;
              cursor.update(new Function(`return (${damage})`)()(cursor.value));
            };
            transaction.onabort = () => reject(transaction.error);
            transaction.oncomplete = () => {
              opening.result.close();
              resolve();
            };
          };
        }),
      String(damage),
    );
    const broken = Math.max(...(await stored(page)).snapshots.map(({ key }) => Number(key)));
    await page.goto("/test/browser/page.html");
    await ready(page);
    expect(await registrations(page)).toEqual(all);
    expect(await page.evaluate(() => replica.status.damaged)).toBe(1);
    expect(await replicaOf(page)).toBe(id);
    // And soon there is a whole one in its place.
    await expect
      .poll(async () => Math.max(...(await stored(page)).snapshots.map(({ key }) => Number(key))))
      .toBe(broken + 1);
    await register(page, "later");
    await page.reload();
    await ready(page);
    expect(await page.evaluate(() => replica.status.damaged)).toBe(0);
    expect(await registrations(page)).toHaveLength(all.length + 1);
  });
}

test("an id of which a piece is lost is not used again", async ({ profile }) => {
  const page = await profile.open();
  const id = await replicaOf(page);
  await register(page, "kept");
  await register(page, "lost");
  await page.goto("/test/browser/other.html");
  await page.evaluate(
    (writer) =>
      new Promise((resolve) => {
        const opening = indexedDB.open("crdt-range-map/test");
        opening.onsuccess = () => {
          const transaction = opening.result.transaction("deltas", "readwrite");
          const row = { bytes: new Uint8Array(9), checksum: 0 };
          transaction.objectStore("deltas").put(row, [writer, 2]);
          transaction.oncomplete = resolve;
        };
      }),
    BigInt(id).toString(16).padStart(16, "0"),
  );
  await page.goto("/test/browser/page.html");
  await ready(page);
  expect(await registrations(page)).toEqual(["kept 0 10 1"]);
  expect(await page.evaluate(() => replica.status.damaged)).toBe(1);
  const fresh = await replicaOf(page);
  expect(fresh).not.toBe(id);
  await register(page, "more");
  await page.reload();
  await ready(page);
  expect(await replicaOf(page)).toBe(fresh);
  expect(await registrations(page)).toEqual(["kept 0 10 1", "more 0 10 1"]);
});
