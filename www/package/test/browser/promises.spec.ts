// What `saved()` and `close()` promise: they always settle, and never say that something is saved which is not.
import { elsewhere, expect, ready, register, registrations, test } from "./browser.js";

test("in memory alone they settle, whenever they are asked", async ({ profile }) => {
  const page = await profile.open("?wait");
  const outcomes = await page.evaluate(async () => {
    IDBFactory.prototype.open = () => {
      throw new DOMException("private", "SecurityError");
    };
    const outcomes: string[] = [];
    for (let turns = 0; turns < 8; turns += 1) {
      const opened = await openRangeMap({ name: `turns-${turns}`, channel: null });
      opened.map.register("a", 0, 5);
      for (let turn = 0; turn < turns; turn += 1) await null;
      outcomes.push(await opened.saved().catch(({ code }) => code));
      opened.map.register("b", 0, 5);
      outcomes.push(await opened.close().catch(({ code }) => code));
    }
    return outcomes;
  });
  expect(outcomes).toEqual(Array(16).fill("storage-unavailable"));
});

test("after a database was deleted, what it held is not saved until it is written again", async ({ profile }) => {
  const page = await profile.open();
  await register(page, "a");
  const other = await elsewhere(profile);
  await other.evaluate(() => new Promise((done) => (indexedDB.deleteDatabase("crdt-range-map/test").onsuccess = done)));
  await page.evaluate(async () => {
    while (replica.status.storage === "memory" || replica.status.error)
      await new Promise((next) => setTimeout(next, 20));
    await replica.saved();
    await replica.close();
  });
  await page.reload();
  await ready(page);
  expect(await registrations(page)).toEqual(["a 0 10 1"]);
});

test("after closing nothing is said to be saved", async ({ profile }) => {
  const page = await profile.open();
  const code = await page.evaluate(async () => {
    await replica.close();
    replica.map.register("late", 0, 10);
    return replica.saved().catch(({ code }) => code);
  });
  expect(code).toBe("storage-closed");
});

test("a page that is put aside and closed there says what it did not save", async ({ profile }) => {
  const page = await profile.open();
  const codes = await page.evaluate(async () => {
    document.dispatchEvent(new Event("freeze"));
    while (replica.status.storage !== "suspended") await null;
    await new Promise((next) => setTimeout(next, 500));
    replica.map.register("late", 0, 10);
    const saved = replica.saved().catch(({ code }) => code);
    return [await replica.close().catch(({ code }) => code), await saved];
  });
  expect(codes).toEqual(["storage-closed", "storage-closed"]);
});

test("a broken piece in the middle of what a tab did gives it another id", async ({ profile }) => {
  const page = await profile.open();
  for (const node of ["a", "b", "c"]) await register(page, node);
  const id = await page.evaluate(() => replica.map.replica);
  await page.evaluate(async () => {
    await replica.close();
    await new Promise<void>((resolve, reject) => {
      const opening = indexedDB.open("crdt-range-map/test");
      opening.onerror = reject;
      opening.onsuccess = () => {
        const transaction = opening.result.transaction("deltas", "readwrite");
        const rows = transaction.objectStore("deltas").openCursor();
        let seen = 0;
        rows.onsuccess = () => {
          const cursor = rows.result;
          if (!cursor) return;
          seen += 1;
          if (seen === 2) cursor.update({ ...cursor.value, checksum: cursor.value.checksum + 1 });
          cursor.continue();
        };
        transaction.oncomplete = () => (opening.result.close(), resolve());
      };
    });
  });
  await page.reload();
  await ready(page);
  expect(await page.evaluate(() => replica.map.replica)).not.toBe(id);
  expect(await registrations(page)).toEqual(["a 0 10 1", "c 0 10 1"]);
});

test("a map that was freed gives its id back when it is closed", async ({ profile }) => {
  const page = await profile.open();
  await register(page, "a");
  const id = await page.evaluate(() => replica.map.replica);
  const outcomes = await page.evaluate(async () => {
    const errors: string[] = [];
    addEventListener("error", ({ message }) => errors.push(message));
    addEventListener("unhandledrejection", ({ reason }) => errors.push(String(reason)));
    replica.map.free();
    // A look comes every four seconds.
    await new Promise((next) => setTimeout(next, 5_000));
    const saved = await replica.saved().catch(({ code }) => code);
    await replica.close();
    return [replica.status.storage, saved, ...errors];
  });
  expect(outcomes).toEqual(["closed", "storage-closed"]);
  await page.evaluate(async () => (globalThis.replica = await openRangeMap()));
  expect(await page.evaluate(() => replica.map.replica)).toBe(id);
  expect(await registrations(page)).toEqual(["a 0 10 1"]);
});
