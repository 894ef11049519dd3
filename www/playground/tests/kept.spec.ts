import { expect, test, type Page } from "@playwright/test";
import { Playground } from "./playground";

const edit = { node: "n", start: "790", end: "860" };

/** Whether a text is in anything that the page has saved. */
const isSaved = (page: Page, text: string) =>
  page.evaluate(async (text) => {
    const result = <T>(request: IDBRequest<T>) =>
      new Promise<T>((resolve, reject) => {
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => reject(request.error);
      });
    for (const { name } of await indexedDB.databases()) {
      const database = await result(indexedDB.open(name ?? ""));
      const stores = database.transaction(["deltas", "received", "snapshots"]);
      const rows: { bytes: Uint8Array }[] = [];
      for (const store of stores.objectStoreNames) rows.push(...(await result(stores.objectStore(store).getAll())));
      database.close();
      if (rows.some(({ bytes }) => new TextDecoder().decode(bytes).includes(text))) return true;
    }
    return false;
  }, text);

test("what was done is there when every tab was closed", async ({ context }) => {
  const first = await Playground.open(context);
  await first.replica("B").edit("Register", { ...edit, node: "of-b" });
  await first.replica("A").edit("Release", { node: "e", start: "400", end: "600" });
  await expect.poll(() => first.agreedSplits()).toContain("790 860 of-b 1");
  await expect(first.kept).toContainText("Replica A is kept in this browser: saved.");
  // What came from B, which is not kept, is saved when A looks next.
  await expect.poll(() => isSaved(first.page, "of-b")).toBe(true);
  const splits = await first.agreedSplits();
  await first.page.close();

  const later = await Playground.open(context);
  await expect.poll(() => later.agreedSplits()).toEqual(splits);
  expect((await later.replica("C").registrations()).join()).not.toContain("e 400 600");
});

test("what is forgotten is gone, and the page begins anew", async ({ context }) => {
  const playground = await Playground.open(context);
  await playground.replica("A").edit("Register", edit);
  await expect(playground.kept).toContainText("Replica A is kept in this browser: saved.");
  await playground.page.getByRole("button", { name: "Forget everything…" }).click();
  await expect(playground.page.getByRole("button", { name: "Keep it" })).toBeFocused();
  await playground.page.getByRole("button", { name: "Keep it" }).click();
  await playground.page.getByRole("button", { name: "Forget everything…" }).click();
  await playground.page.getByRole("button", { name: "Forget it all" }).click();
  await expect.poll(() => playground.replica("A").splits()).toContain("790 860 gap");
  await playground.page.reload();
  await expect.poll(() => playground.agreedSplits()).toContain("790 860 gap");
});

test("the kept replica goes offline and online like any other", async ({ context }) => {
  const playground = await Playground.open(context);
  const kept = playground.replica("A");
  await kept.setOnline(false);
  await kept.edit("Register", edit);
  await playground.replica("B").edit("Register", { ...edit, node: "m" });
  await expect(kept.agreement).toHaveText("offline, apart");
  await playground.page.reload();
  // It was saved although it was offline; the others ended with the page.
  await expect.poll(() => playground.agreedSplits()).toContain("790 860 n 1");
});
