import { AxeBuilder } from "@axe-core/playwright";
import { expect, test } from "@playwright/test";
import { expectNoViolations } from "./axe";
import { answer, says, agreement, key, mend, opened, DISAGREEMENT, played, overlapping, pressed } from "./page";

test("the first story plays by itself, stops at the disagreement, and one press shows how it ends", async ({
  page,
}) => {
  await opened(page);
  await played(page);
  await expect(answer(page)).toHaveText("Today they disagree.");
  await expect(says(page)).toHaveText("A and B say maple, C says birch.");
  await expect(agreement(page)).toHaveText("2 of 3 agree");
  await mend(page).click();
  await expect(answer(page)).toHaveText("Maple, all three say.");
  await expect(agreement(page)).toHaveText("all 3 agree");
});

const SIZES = [
  [1024, 640],
  [1280, 720],
  [1920, 1080],
  [360, 740],
  [320, 740],
] as const;

test("all rows, the key and the time are on one screen of each size, with the longest words of its button, too", async ({
  page,
}) => {
  const scrolls = () =>
    page.evaluate(() => {
      const { scrollWidth, scrollHeight } = document.documentElement;
      const stage = document.querySelector("#stage");
      const isOver = stage === null ? null : stage.scrollHeight - stage.clientHeight;
      return { page: [scrollWidth, scrollHeight], stage: isOver };
    });
  for (const hash of [DISAGREEMENT, "#who-serves/1/10000/420"]) {
    await opened(page, hash);
    for (const [width, height] of SIZES) {
      await page.setViewportSize({ width, height });
      await expect.poll(scrolls, { message: `${width} × ${height}` }).toEqual({ page: [width, height], stage: 0 });
      expect(await overlapping(page)).toEqual([]);
      for (const name of ["A", "B", "C"]) {
        await expect(page.getByRole("button", { name: `Take ${name} offline` })).toBeInViewport({ ratio: 1 });
      }
      await expect(key(page)).toBeInViewport({ ratio: 1 });
      await expect(page.getByRole("slider", { name: "Time" })).toBeInViewport({ ratio: 1 });
    }
  }
});

test("on a phone on its side all rows and the next step are there without scrolling", async ({ page }) => {
  await page.setViewportSize({ width: 740, height: 360 });
  await opened(page, DISAGREEMENT);
  for (const name of ["A", "B", "C"]) {
    await expect(page.getByRole("button", { name: `Take ${name} offline` })).toBeInViewport({ ratio: 1 });
  }
  await expect(mend(page)).toBeInViewport({ ratio: 1 });
  await expect(says(page)).toBeInViewport({ ratio: 1 });
});

test("eight rows are on one screen, and the stage of sixteen scrolls and not the page", async ({ page }) => {
  await page.setViewportSize({ width: 1280, height: 720 });
  await opened(page, "#build-your-own");
  await page.getByRole("button", { name: "Network" }).click();
  const join = async (names: string) => {
    for (const name of names) await page.getByRole("button", { name: `Let ${name} join` }).click();
  };
  await join("DEFGH");
  await page.getByRole("button", { name: "Close" }).click();
  for (const name of "ABCDEFGH") {
    await expect(page.getByRole("button", { name: `Take ${name} offline` })).toBeInViewport({ ratio: 1 });
  }
  const scrolls = () =>
    page.evaluate(() => {
      const stage = document.querySelector("#stage");
      const { scrollHeight, clientHeight } = document.documentElement;
      return { page: scrollHeight > clientHeight, stage: stage !== null && stage.scrollHeight > stage.clientHeight };
    });
  expect(await scrolls()).toEqual({ page: false, stage: false });
  await page.getByRole("button", { name: "Network" }).click();
  await join("IJKLMNOP");
  await page.getByRole("button", { name: "Close" }).click();
  expect(await scrolls()).toEqual({ page: false, stage: true });
});

for (const [width, height] of [
  [1280, 720],
  [360, 740],
] as const) {
  test(`ten thousand ranges are drawn as sums, and each by itself from near, ${width} × ${height}`, async ({
    page,
  }) => {
    await page.setViewportSize({ width, height });
    await opened(page, "#ten-thousand/0/2500/421300");
    await expect(agreement(page)).toHaveText("all 3 agree");
    const sums = page.getByTestId("sums");
    await expect(sums).toContainText("10,000 ranges");
    await expect(sums).toContainText("zoom in to see each");
    await expect(sums).toBeInViewport({ ratio: 0.95 });
    expect(await page.evaluate(() => document.documentElement.scrollHeight)).toBe(height);
    const closer = page.getByRole("button", { name: "Zoom in at the key" });
    for (let press = 0; press < 10; press++) await closer.click();
    await expect(sums).toBeHidden();
    // One of them can be taken, and has a frame, also where it is but a part of a sum.
    await key(page).focus();
    await page.keyboard.press("Enter");
    await expect(page.getByRole("toolbar")).toHaveAttribute("aria-label", /^(maple|elm), 42\d+ – 42\d+, at A$/);
    await expect(page.locator("#stage .selected")).toHaveCount(1);
    for (let press = 0; press < 10; press++) await page.getByRole("button", { name: "Zoom out" }).click();
    await expect(sums).toBeVisible();
    await expect(page.locator("#stage .selected")).toHaveCount(1);
  });
}

test("the canvas follows the theme, and is as sharp as the screen", async ({ browser, baseURL }) => {
  const context = await browser.newContext({ baseURL: baseURL ?? "", deviceScaleFactor: 2, colorScheme: "light" });
  const page = await context.newPage();
  await opened(page, DISAGREEMENT);
  const canvas = page.locator("#stage canvas");
  const isTwice = () => canvas.evaluate((it: HTMLCanvasElement) => it.width === 2 * it.clientWidth);
  expect(await isTwice()).toBe(true);
  /** How light the darkest is of what is painted over nothing else: ink, of which the ticks are written. */
  const ink = () =>
    canvas.evaluate((it: HTMLCanvasElement) => {
      const { data } = it.getContext("2d")?.getImageData(0, 0, it.width, 36) ?? { data: [] };
      let [sum, count] = [0, 0];
      for (let at = 0; at < data.length; at += 4)
        if (data[at + 3] === 255) [sum, count] = [sum + (data[at] ?? 0), count + 1];
      return count === 0 ? NaN : sum / count;
    });
  expect(await ink()).toBeLessThan(110);
  await page.getByRole("button", { name: /^Theme/ }).click();
  await page.getByRole("button", { name: /^Theme: light/ }).click();
  await expect.poll(ink).toBeGreaterThan(150);
  await context.close();
});

test("by the keyboard: the picture is six stops away, the key moves, and the words follow", async ({ page }) => {
  await opened(page, DISAGREEMENT);
  let stops = 0;
  while (!(await key(page).evaluate((it) => it === document.activeElement))) {
    await page.keyboard.press("Tab");
    stops++;
    expect(stops).toBeLessThanOrEqual(6);
  }
  await page.keyboard.press("Home");
  await expect(answer(page)).toHaveText("Nobody, all three say, but other keys differ.");
  for (let press = 0; press < 5; press++) await page.keyboard.press("Shift+ArrowRight");
  await expect(key(page)).toHaveAttribute("aria-valuenow", "50");
  await expect(answer(page)).toHaveText("Oak, all three say, but other keys differ.");
  await page.keyboard.press("End");
  await expect(key(page)).toHaveAttribute("aria-valuenow", "999");
});

test("what it is and what each mark means stands behind the question mark", async ({ page }) => {
  await opened(page);
  await page.getByRole("button", { name: "What is this?" }).click();
  await expect(page.getByRole("dialog", { name: "What is this?" })).toContainText("A dashed frame");
  const { violations } = await new AxeBuilder({ page }).analyze();
  expect(violations.map(({ id }) => id)).toEqual([]);
});

test("time can be scrubbed: the past is shown as it was, and the story goes on from there", async ({ page }) => {
  await opened(page, DISAGREEMENT);
  const time = page.getByRole("slider", { name: "Time" });
  await time.focus();
  await page.keyboard.press("Home");
  await expect(time).toHaveAttribute("aria-valuenow", "0");
  for (let press = 0; press < 22; press++) await page.keyboard.press("ArrowRight");
  await expect(answer(page)).toHaveText("Maple, all three say.");
  await page.keyboard.press("End");
  await expect(answer(page)).toHaveText("Today they disagree.");
});

test("who came first for which keys over time stands in the place of the messages", async ({ page }) => {
  await opened(page, "#bad-day/1/15000/510");
  const toggle = page.getByRole("button", { name: "Keys over time" });
  await pressed(toggle);
  await expect(toggle).toHaveAttribute("aria-pressed", "true");
  await expect(page.locator("footer rect.heat").first()).toBeAttached();
  await expect(page.locator("footer line.sent")).toHaveCount(0);
  const { violations } = await new AxeBuilder({ page }).analyze();
  expect(violations.map(({ id }) => id)).toEqual([]);
  await pressed(toggle);
  await expect(page.locator("footer line.sent").first()).toBeAttached();
});

test("why: a sentence from the records, for an answer and for a difference", async ({ page }) => {
  await opened(page, DISAGREEMENT);
  await page.locator("footer").getByRole("button", { name: "Why?" }).click();
  await expect(page.getByTestId("reasons").filter({ visible: true })).toContainText(
    "A and B have not heard that C registered birch",
  );
  await expect(page.getByTestId("reasons").filter({ visible: true })).toContainText(
    "C has not heard that A added 3 to maple",
  );
  await page.getByRole("button", { name: "Close" }).click();
  await mend(page).click();
  await expect(answer(page)).toHaveText("Maple, all three say.");
  await page.locator("footer").getByRole("button", { name: "Why?" }).click();
  await expect(page.getByTestId("reasons").filter({ visible: true })).toContainText(
    "Maple comes before birch: its priority is 5, and birch has 3.",
  );
  await expect(page.getByTestId("reasons").filter({ visible: true })).toContainText(
    "Priority 5: A registered it and added 4",
  );
});

test("what other designs answer to the same inputs", async ({ page }) => {
  await opened(page, "#minus-everything/1/9500/420");
  await page.getByRole("button", { name: "Other designs" }).click();
  const left = page.getByRole("dialog").getByRole("cell");
  await expect(left).toHaveText(["1", "6", "6", "nothing", "nothing"]);
});

for (const hash of [
  DISAGREEMENT,
  "#minus-everything/1/7000/420",
  "#fills-up/1/4000/700",
  "#bad-day/0/6000/510",
  "#build-your-own/0/1500/420",
  "#ten-thousand/0/2500/421300",
]) {
  test(`axe finds nothing in ${hash}, light and dark, wide and narrow`, async ({ page }) => {
    await opened(page, hash);
    await expectNoViolations(page);
  });
}
