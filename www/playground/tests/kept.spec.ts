import { expect, test } from "@playwright/test";
import { Playground } from "./playground";

const edit = { node: "n", start: "790", end: "860" };

test("what was done is there when every tab was closed", async ({ context }) => {
  const first = await Playground.open(context);
  await first.replica("B").edit("Register", edit);
  await first.replica("A").edit("Release", { node: "e", start: "400", end: "600" });
  await expect.poll(() => first.agreedSplits()).toContain("790 860 n 1");
  await expect(first.kept).toContainText("Replica A is kept in this browser: saved.");
  // What came from B, which is not kept, is saved when A looks next.
  await first.page.waitForTimeout(6_000);
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
