/** What the page says and shows is so: nothing crosses a cut, and "in sync" is said only when it is. */
import { expect, test, type BrowserContext } from "@playwright/test";
import { Playground } from "./playground";

const edit = { node: "leak", start: "790", end: "860" };
const registered = "790 860 leak 1";
const without = "790 860 gap";
/** Longer than anything that is done now and then takes to come round. */
const LONG_MS = 60_000;

async function twoTabs(context: BrowserContext): Promise<readonly [Playground, Playground]> {
  const here = await Playground.open(context);
  const there = await Playground.open(context);
  await expect(here.overall).toHaveText("3 replicas online, all in sync; 3 in other tabs.");
  await expect(there.overall).toHaveText("3 replicas online, all in sync; 3 in other tabs.");
  return [here, there];
}

/** Looks all the time, and not just at the end, that no replica of a tab learns anything and that it is never said to be in sync. */
async function stayApart(playground: Playground): Promise<void> {
  // A table that was just opened has no rows for a moment.
  for (const replica of await playground.replicas()) await expect.poll(() => replica.splits()).toContain(without);
  const seen = playground.page.evaluate(async (durationMs) => {
    const texts = new Set<string>();
    const end = performance.now() + durationMs;
    while (performance.now() < end) {
      for (const table of document.querySelectorAll("[data-testid=splits]"))
        if (table.textContent?.includes("leak")) texts.add("learned it");
      if (document.querySelector("[data-testid=overall] .in-sync") !== null) texts.add("said to be in sync");
      if (document.querySelector("[data-testid=agreement] .in-sync") !== null) texts.add("one said to be in sync");
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    return [...texts];
  }, LONG_MS);
  expect(await seen).toEqual([]);
}

test("replicas that are offline learn nothing by any way, in a minute", async ({ context }) => {
  const [here, there] = await twoTabs(context);
  for (const letter of ["A", "B", "C"]) await there.replica(letter).setOnline(false);
  await here.replica("A").edit("Register", edit);
  await expect.poll(() => here.replica("C").splits()).toContain(registered);
  await expect(here.overall).toHaveText("3 replicas online agree; of 3 in other tabs 3 not known, out of reach.");
  await stayApart(there);
  for (const letter of ["A", "B", "C"]) await there.replica(letter).setOnline(true);
  await expect(here.overall).toHaveText("3 replicas online, all in sync; 3 in other tabs.");
  expect(await there.agreedSplits()).toContain(registered);
});

test("what is behind a cut learns nothing by any way, in a minute, and nobody is said to be in sync", async ({
  context,
}) => {
  const [here, there] = await twoTabs(context);
  await here.network.open();
  for (const letter of ["A", "B", "C"])
    await here.page.getByRole("checkbox", { name: `Cut ${letter} – other tabs` }).check();
  const words = "3 replicas online agree; of 3 in other tabs 3 not known, out of reach.";
  await expect(here.overall).toHaveText(words);
  await expect(there.overall).toHaveText(words);
  await here.replica("A").edit("Register", edit);
  await expect.poll(() => here.replica("C").splits()).toContain(registered);
  await stayApart(there);
  await expect(here.overall).toHaveText(words);
  await here.network.preset("Heal");
  await expect(there.overall).toHaveText("3 replicas online, all in sync; 3 in other tabs.");
  expect(await there.agreedSplits()).toContain(registered);
});

test("a replica here that is offline and apart keeps the others from being called in sync", async ({ page }) => {
  const playground = await Playground.at(page);
  await playground.replica("C").setOnline(false);
  await expect(playground.overall).toHaveText("2 replicas online, all in sync, 1 offline.");
  await playground.replica("C").edit("Register", edit);
  await expect(playground.overall).toHaveText("2 replicas online agree, 1 offline and apart.");
  await expect(playground.replica("A").agreement).toHaveText("differs from 1 of 2");
});

test("once links are mended all agree within a second", async ({ page }) => {
  const playground = await Playground.at(page);
  await playground.network.open();
  for (let round = 0; round < 5; round++) {
    await playground.network.preset("Split in two");
    await playground.replica(round % 2 === 0 ? "A" : "C").edit("Register", { ...edit, node: `n${round}` });
    await expect(playground.overall).toHaveText("3 replicas online, 2 different states.");
    // In the page, so that driving it is not timed too.
    const tookMs = await playground.page.evaluate(async () => {
      const heal = [...document.querySelectorAll("button")].find((button) => button.textContent?.trim() === "Heal");
      const since = performance.now();
      heal?.click();
      while (document.querySelector("[data-testid=overall] .in-sync") === null)
        await new Promise((resolve) => requestAnimationFrame(resolve));
      return performance.now() - since;
    });
    expect(tookMs).toBeLessThan(1000);
  }
});

test("more lanes than a band is made for: every bar is drawn, at every zoom, and a selected one has its frame", async ({
  page,
}) => {
  const playground = await Playground.at(page, "empty");
  const replica = playground.replica("A");
  for (let place = 0; place < 24; place++)
    await replica.edit("Register", {
      node: "abcdefgh"[place % 8] ?? "",
      start: String(place),
      end: String(900 + place),
    });
  await replica.band.focus();
  await page.keyboard.press("End");
  await expect(replica.note).toContainText("Selected: h, 23 – 923");
  for (let step = 0; step < 10; step++) {
    await expect(replica.band).not.toContainText("without room");
    await page.keyboard.press("Shift+ArrowUp");
  }
  await page.keyboard.press("End");
  // A lane for each of them, and an empty one: as high as it takes.
  const box = await replica.band.boundingBox();
  const bottom = (box?.y ?? 0) + (box?.height ?? 0);
  await page.getByRole("button", { name: "Whole" }).click();
  const handle = await replica.band.getByRole("slider", { name: /^Start of h/ }).boundingBox();
  expect(handle).not.toBeNull();
  expect((handle?.y ?? 0) + (handle?.height ?? 0)).toBeLessThan(bottom);
});

test("the focus is never lost: an end that tightens, a registration that goes, a row that goes", async ({ page }) => {
  const playground = await Playground.at(page);
  const replica = playground.replica("A");
  await replica.band.focus();
  await page.keyboard.press("Home");
  await expect(replica.note).toContainText("Selected: a");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Tab");
  const end = replica.band.getByRole("slider", { name: /^End of a/ });
  await expect(end).toBeFocused();
  await page.keyboard.press("ArrowLeft");
  await page.keyboard.press("Enter");
  await expect(replica.note).toContainText("Tightened");
  await expect(end).toBeFocused();

  // What is selected at A is released at B while its end has the focus.
  const from = await replica.field("Start").inputValue();
  const to = await replica.field("End").inputValue();
  await playground.replica("B").fill({ node: "a", start: from, end: to });
  await end.focus();
  await playground
    .replica("B")
    .button("Release")
    .evaluate((button: HTMLElement) => button.click());
  await expect(replica.band).toBeFocused();

  await page.keyboard.press("Escape");
  await page.keyboard.press("Home");
  const first = await replica.registrations();
  await replica.band.focus();
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("Delete");
  await expect(replica.note).toContainText("Released.");
  await expect(replica.band).toBeFocused();
  await page.keyboard.press("ArrowRight");
  const [node = "", start = ""] = (first[2] ?? "").split(" ");
  await expect(replica.note).toContainText(`Selected: ${node}, ${start} `);

  const row = replica.panel.getByRole("button", { name: /^Release / }).first();
  await row.focus();
  await page.keyboard.press("Enter");
  await expect(replica.panel.getByRole("region", { name: "Registrations of Replica A" })).toBeFocused();
});
