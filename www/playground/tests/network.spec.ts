import AxeBuilder from "@axe-core/playwright";
import { expect, test, type Locator, type Page } from "@playwright/test";
import { DELAY_MS_MAX } from "../src/model/conditions";
import { Playground } from "./playground";

const edit = { node: "n", start: "790", end: "860" };
const registered = "790 860 n 1";

async function opened(page: Page, withPanel = true): Promise<Playground> {
  const playground = await Playground.at(page);
  if (withPanel) await playground.network.open();
  return playground;
}

test("counts rise as messages pass, and the last ones are listed", async ({ page }) => {
  const playground = await opened(page);
  const { network } = playground;
  await expect(playground.overall).toHaveText("3 replicas online, all in sync.");
  await network.nextDigest();
  const before = await network.traffic();
  const deltasBefore = await network.count("delta");
  await playground.replica("A").edit("Register", edit);
  await expect.poll(() => playground.replica("C").splits()).toContain(registered);
  const after = await network.traffic();
  expect(after.posts).toBeGreaterThan(before.posts);
  expect(after.deliveries).toBeGreaterThanOrEqual(before.deliveries + 3);
  expect(after.faults).toBe(0);
  const post = network.posts.filter({ hasText: "delta" }).first();
  await expect(post).toHaveText(/^\s*\d\d:\d\d:\d\d\.\d\d\s*A\s*delta\s*\d+ B\s*3 of 3\s*$/);
  expect(await network.count("delta")).toBe(deltasBefore + 1);
});

test("a link that loses everything keeps two replicas apart until it heals", async ({ page }) => {
  const playground = await opened(page);
  const { network } = playground;
  // Nobody between them: what one of two hears, the other may hear through a third.
  await page.getByRole("button", { name: "Remove Replica C" }).click();
  await network.set("Loss in percent, A – B", "100");
  await playground.replica("A").edit("Register", edit);
  await expect.poll(() => playground.replica("A").splits()).toContain(registered);
  await expect(playground.overall).toHaveText("2 replicas online, 2 different states.");
  expect(await playground.replica("B").splits()).toContain("790 860 gap");
  expect((await network.traffic()).faults).toBeGreaterThan(0);
  await expect(network.fault("lost")).not.toContainText(/lost\s*0$/);

  await network.preset("Heal");
  await expect(network.field("Loss in percent, A – B")).toHaveValue("0");
  await expect(playground.overall).toHaveText("2 replicas online, all in sync.");
  expect(await playground.replica("B").splits()).toContain(registered);
});

test("a split in two parts the last replica from the others and from other tabs", async ({ context, page }) => {
  const playground = await opened(page);
  const { network } = playground;
  const there = await Playground.open(context);
  await expect(playground.otherTabs).toHaveCount(3);
  await network.preset("Split in two");
  await expect(network.conditions).toHaveText(/3 links cut, else perfect/);
  await playground.replica("C").edit("Register", { ...edit, node: "far" });
  await playground.replica("A").edit("Register", edit);
  await expect.poll(() => there.replica("A").splits()).toContain(registered);
  await expect.poll(() => playground.replica("B").splits()).toContain(registered);
  expect(await playground.replica("C").splits()).toContain("790 860 far 1");

  await network.preset("Heal");
  await expect(network.conditions).toHaveText(/perfect/);
  await playground.replica("B").edit("Register", { node: "again", start: "0", end: "40" });
  await expect.poll(() => playground.agreedSplits()).toContain("790 860 far 1 n 1");
  await expect.poll(() => there.agreedSplits()).toContain("790 860 far 1 n 1");
});

test("replicas agree on a lossy network, whose faults are counted", async ({ page }) => {
  const playground = await opened(page);
  const { network } = playground;
  await network.preset("Lossy");
  for (let start = 800; start < 850; start += 5) {
    const letter = ["A", "B", "C"][start % 3] ?? "A";
    await playground.replica(letter).edit("Register", { node: "n", start: String(start), end: String(start + 3) });
  }
  // A digest that gets through heals the rest; one is due every 10 to 15 seconds.
  await expect(async () => {
    const splits = await Promise.all((await playground.replicas()).map((replica) => replica.splits()));
    expect(splits.map((each) => each.filter((split) => split.includes(" n ")).length)).toEqual([10, 10, 10]);
  }).toPass();
  for (const fault of ["lost", "reordered"]) {
    await expect(network.fault(fault)).not.toContainText(new RegExp(`^${fault}\\s*0$`));
  }
});

test("what is damaged on the way is refused, and the reason named", async ({ page }) => {
  const playground = await opened(page);
  const { network } = playground;
  await page.getByRole("button", { name: "Remove Replica C" }).click();
  await network.set("Damage in percent, A – B", "100");
  await playground.replica("A").edit("Register", edit);
  await expect(network.fault("damaged")).not.toContainText(/damaged\s*0$/);
  // A row for each reason, and what is damaged first may no longer be of this protocol.
  await expect(network.fault("refused").first()).toContainText(/^refused: \D+\d+$/);
  expect(await playground.replica("B").splits()).toContain("790 860 gap");
  await network.preset("Perfect");
  await expect.poll(() => playground.replica("B").splits()).toContain(registered);
});

test("what has the focus is not behind the panel", async ({ page }) => {
  const playground = await opened(page);
  const box = async (locator: Locator) => {
    const found = await locator.boundingBox();
    if (found === null) throw new Error("it is not visible");
    return found;
  };
  for (const letter of ["A", "B", "C"]) {
    const { panel } = playground.replica(letter);
    await panel.getByLabel("Start", { exact: true }).focus();
    for (let stops = 0; stops < 6; stops++) {
      await page.keyboard.press("Tab");
      const focused = await box(page.locator(":focus"));
      expect(focused.y + focused.height).toBeLessThanOrEqual((await box(playground.network.panel)).y);
    }
  }
});

test("delays hold messages back", async ({ page }) => {
  const playground = await opened(page);
  const { network } = playground;
  await network.preset("Slow");
  await playground.replica("A").edit("Register", edit);
  await expect.poll(() => playground.replica("B").splits()).toContain(registered);
  await network.set("Delay in milliseconds, all links", String(DELAY_MS_MAX));
  await playground.replica("A").edit("Release", edit);
  await expect(network.posts.filter({ hasText: "delta" }).first()).toContainText("3 on the way");
  expect(await playground.replica("B").splits()).toContain(registered);
});

test("links with the keyboard alone, and numbers that are none", async ({ page }) => {
  const { network } = await opened(page, false);
  await page.getByRole("button", { name: "Add a replica" }).focus();
  await page.keyboard.press("Tab");
  await expect(network.toggle).toBeFocused();
  await page.keyboard.press("Enter");
  await expect(network.toggle).toHaveAttribute("aria-expanded", "true");
  for (let preset = 0; preset < 5; preset++) await page.keyboard.press("Tab");
  await expect(page.getByRole("button", { name: "Heal" })).toBeFocused();
  await page.keyboard.press("Tab");
  const all = network.field("Loss in percent, all links");
  await expect(all).toBeFocused();
  await page.keyboard.press("ArrowUp");
  await expect(network.field("Loss in percent, B – C")).toHaveValue("5");
  await network.set("Loss in percent, A – B", "101");
  await expect(network.field("Loss in percent, A – B")).toHaveAttribute("aria-invalid", "true");
  await expect(page.getByText("Loss in percent, A – B: a whole number from 0 to 100.")).toBeVisible();
  await network.set("Loss in percent, A – B", "30");
  await expect(network.field("Loss in percent, A – B")).not.toHaveAttribute("aria-invalid", "true");
  await expect(all).toHaveValue("");
});

test("a link for each pair, as replicas come and go", async ({ page }) => {
  const { network } = await opened(page);
  await expect(network.links).toHaveCount(1 + 6);
  await page.getByRole("button", { name: "Add a replica" }).click();
  await expect(network.links).toHaveCount(1 + 10);
  await page.getByRole("button", { name: "Remove Replica B" }).click();
  await expect(network.links).toHaveCount(1 + 6);
  await expect(network.links.last()).toContainText("D – other tabs");
});

for (const width of [360, 768, 1280, 2560]) {
  test(`the open panel overflows nothing sideways at ${width} px`, async ({ page }) => {
    await page.setViewportSize({ width, height: 900 });
    const { network } = await opened(page);
    await network.preset("Lossy");
    await expect(network.conditions).toContainText("30 % lost");
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width);
    await expect(page.getByRole("button", { name: "Heal" })).toBeInViewport();
  });
}

for (const colorScheme of ["light", "dark"] as const) {
  test(`axe finds nothing wrong with the open panel: ${colorScheme}`, async ({ browser }) => {
    const context = await browser.newContext({ colorScheme });
    const playground = await opened(await context.newPage());
    const { network } = playground;
    await network.preset("Lossy");
    await network.preset("Split in two");
    await network.set("Loss in percent, A – B", "x");
    await playground.replica("A").edit("Register", edit);
    const { violations } = await new AxeBuilder({ page: playground.page }).analyze();
    expect(
      violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 160)).join(" | ")}`),
    ).toEqual([]);
    await context.close();
  });
}
