import { expect, test, type CDPSession, type Page } from "@playwright/test";
import { Playground } from "./playground";

const others = (playground: Playground, whereabouts: string) => playground.otherTabs.filter({ hasText: whereabouts });

async function devTools(page: Page): Promise<CDPSession> {
  return page.context().newCDPSession(page);
}

test("replicas of other tabs come, leave and rejoin by themselves", async ({ context }) => {
  const here = await Playground.open(context);
  await expect(here.page.getByText("None yet.")).toBeVisible();
  const there = await Playground.open(context);
  await expect(others(here, "is here")).toHaveCount(3);
  await expect(here.otherTabs.first()).toHaveText(/Replica A2\s*[0-9a-f]{4}…\s*is here\s*last heard\s*\d\d:\d\d:\d\d/);

  await there.replica("B").setOnline(false);
  await expect(others(here, "left")).toHaveText([/Replica B/]);
  await there.page.getByRole("button", { name: "Remove Replica C" }).click();
  await expect(others(here, "left")).toHaveText([/Replica B/, /Replica C/]);
  await there.page.getByRole("button", { name: "Add a replica" }).click();
  await there.replica("B").setOnline(true);
  await expect(others(here, "is here")).toHaveText([/Replica A/, /Replica B/, /Replica D/]);
  await expect(here.overall).toHaveText("3 replicas online, all in sync; 3 in other tabs.");
});

test("a tab that closes says goodbye", async ({ context }) => {
  const here = await Playground.open(context);
  const there = await Playground.open(context);
  await expect(others(here, "is here")).toHaveCount(3);
  await there.page.close({ runBeforeUnload: true });
  await expect(others(here, "left")).toHaveCount(3);
  await expect(here.overall).toHaveText("3 replicas online, all in sync.");
});

test("a tab that is killed is noticed, without traffic meanwhile", async ({ context }) => {
  const here = await Playground.open(context);
  const there = await Playground.open(context);
  await expect(others(here, "is here")).toHaveCount(3);
  const session = await devTools(there.page);
  // Its process is gone before it could answer.
  void session.send("Page.crash").catch(() => undefined);
  await expect(others(here, "went without a word")).toHaveCount(3);
  await expect(here.overall).toHaveText("3 replicas online, all in sync.");
  const third = await Playground.open(context);
  await expect(others(third, "is here")).toHaveCount(3);
});

test("a duplicated tab is somebody else", async ({ context }) => {
  const here = await Playground.open(context);
  const opening = context.waitForEvent("page");
  await here.page.evaluate(() => void window.open(location.href));
  const twin = Playground.of(await opening);
  await expect(others(here, "is here")).toHaveCount(3);
  await expect(others(twin, "is here")).toHaveCount(3);
  await here.replica("A").edit("Register", { node: "here", start: "790", end: "860" });
  await twin.replica("A").edit("Register", { node: "twin", start: "790", end: "860" });
  await expect.poll(() => here.agreedSplits()).toContain("790 860 here 1 twin 1");
  await expect.poll(() => twin.agreedSplits()).toContain("790 860 here 1 twin 1");
  const ids = [here, twin].map(({ page }) => page.locator("section.panel h2 + span").allInnerTexts());
  expect(new Set((await Promise.all(ids)).flat()).size).toBe(6);
});

test("eight tabs know each other, and their joining costs a few messages each", async ({ context }) => {
  const first = await Playground.open(context, "empty");
  await first.network.open();
  const tabs = [first];
  for (let tab = 1; tab < 8; tab++) tabs.push(await Playground.open(context, "empty"));
  for (const tab of tabs) await expect(others(tab, "is here")).toHaveCount(21);
  // 24 replicas say hello, again if it takes long until one answers; and as long as that is on its way a few more do. Not all.
  const posts = await first.network.count("presence");
  expect(posts).toBeGreaterThanOrEqual(24);
  expect(posts).toBeLessThanOrEqual(24 * 6);
});

test("idle tabs post nothing about presence", async ({ context }) => {
  const here = await Playground.open(context);
  const there = await Playground.open(context);
  await expect(others(here, "is here")).toHaveCount(3);
  await expect(others(there, "is here")).toHaveCount(3);
  await here.network.open();
  // A digest follows ten seconds and more of silence.
  await here.network.nextDigest();
  const before = await here.network.kind("presence").innerText();
  await here.network.nextDigest();
  expect(await here.network.kind("presence").innerText()).toBe(before);
});
