// Tabs whose registrations are bound to their lives, by Web Locks, which only browsers have. Elsewhere: ../unit/life.test.ts.
import type { Page } from "@playwright/test";
import { expect, type Profile, test } from "./browser.js";
import { launchRaw } from "./raw.js";

declare global {
  var tab: InstanceType<typeof RangeMap>;
  /** When the living owners became what they are, as `Date.now()` tells it. */
  var changedAt: number;
}

/** A page whose map registers a node of that name for as long as it lives. */
async function join(profile: Profile, name: string): Promise<Page> {
  const page = await profile.open("?wait");
  await page.evaluate((name) => {
    globalThis.tab = new RangeMap({ ephemeral: true });
    tab.living.onChange(() => (globalThis.changedAt = Date.now()));
    tab.connect("life");
    tab.register(name, 0, null);
  }, name);
  return page;
}

const owners = (page: Page) => page.evaluate(() => tab.living.owners(5).map(({ node }) => node));

/** Waits until it names these, and returns when it first did. */
async function named(page: Page, nodes: string[]): Promise<number> {
  await expect.poll(() => owners(page)).toEqual(nodes);
  return page.evaluate(() => changedAt);
}

async function crash(page: Page): Promise<void> {
  const session = await page.context().newCDPSession(page);
  const crashed = page.waitForEvent("crash");
  session.send("Page.crash").catch(() => {});
  await crashed;
}

/** Told, not asserted: how long it took depends on how busy the machine is. */
const tell = (what: string, ms: number) => test.info().annotations.push({ type: what, description: `${ms} ms` });

test("a tab that is closed or crashes is out of the others' living answers, and its jobs are the others'", async ({
  profile,
}) => {
  const [here, there] = [await join(profile, "here"), await join(profile, "there")];
  const [closed, killed] = [await join(profile, "closed"), await join(profile, "killed")];
  for (const page of [here, there]) await named(page, ["closed", "here", "killed", "there"]);

  const closing = Date.now();
  await closed.close({ runBeforeUnload: true });
  for (const page of [here, there]) tell("closed", (await named(page, ["here", "killed", "there"])) - closing);

  const killing = Date.now();
  await crash(killed);
  for (const page of [here, there]) tell("crashed", (await named(page, ["here", "there"])) - killing);
  // What all agree on has not changed.
  expect(await here.evaluate(() => tab.owners(5).length)).toBe(4);
});

test("a tab that is frozen does not count, and counts again when it wakes, without an operation", async ({
  baseURL,
}) => {
  const { browser, open } = await launchRaw(baseURL!);
  try {
    const frozen = await open();
    // In front of the other one, which is hidden then.
    const here = await open();
    await expect.poll(() => frozen.evaluate(() => document.visibilityState)).toBe("hidden");
    for (const page of [frozen, here])
      await page.evaluate(() => {
        globalThis.tab = new RangeMap({ ephemeral: true });
        tab.living.onChange(() => (globalThis.changedAt = Date.now()));
        tab.connect("life");
        tab.register(document.visibilityState === "hidden" ? "frozen" : "here", 0, null);
      });
    const told = async (page: typeof here, nodes: string) => {
      await expect.poll(() => page.evaluate(() => String(tab.living.owners(5).map(({ node }) => node)))).toBe(nodes);
      return page.evaluate(() => changedAt);
    };
    for (const page of [frozen, here]) await told(page, "frozen,here");
    const state = await frozen.evaluate(() => String(tab.state()));
    const freezing = Date.now();
    await frozen.send("Page.setWebLifecycleState", { state: "frozen" });
    tell("frozen", (await told(here, "here")) - freezing);
    const waking = Date.now();
    await frozen.send("Page.setWebLifecycleState", { state: "active" });
    tell("awake", (await told(here, "frozen,here")) - waking);
    expect(await here.evaluate(() => String(tab.state()))).toBe(state);
  } finally {
    await browser.close();
  }
});

test("the example shares out jobs, and those of a tab that crashes too", async ({ profile }) => {
  const context = await profile.start();
  const names = ["ada", "grace", "joan"];
  const pages = await Promise.all(
    names.map(async (name) => {
      const page = await context.newPage();
      await page.goto(`/examples/tabs/index.html?name=${name}`);
      return page;
    }),
  );
  /** The names of the tabs, and each job with who does it, as the pages show them. */
  const shown = async (of: Page[]) => {
    const text = (page: Page, id: string) => page.textContent(`#${id}`).then((text) => text ?? "");
    const jobs = (await Promise.all(of.map((page) => text(page, "jobs")))).map((text) => text.split(" ").map(Number));
    return { tabs: await Promise.all(of.map((page) => text(page, "tabs"))), jobs };
  };
  const all = (jobs: number[][]) => jobs.flat().sort((a, b) => a - b);
  const every = Array.from({ length: 100 }, (_, job) => job);
  await expect.poll(async () => (await shown(pages)).tabs).toEqual(Array(3).fill("ada, grace, joan"));
  const before = await shown(pages);
  expect(all(before.jobs)).toEqual(every);
  await crash(pages[2]!);
  const left = pages.slice(0, 2);
  await expect.poll(async () => (await shown(left)).tabs).toEqual(Array(2).fill("ada, grace"));
  const after = await shown(left);
  expect(all(after.jobs)).toEqual(every);
  // Only the share of the dead one has moved.
  for (const [at, jobs] of after.jobs.entries()) expect(jobs).toEqual(expect.arrayContaining(before.jobs[at]!));
});
