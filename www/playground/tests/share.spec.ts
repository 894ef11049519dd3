import { readFile } from "node:fs/promises";
import { costlyWorld } from "../src/link/costly";
import { linkOf } from "../src/link/link";
import { expect, test, type Page } from "@playwright/test";
import { answer, key, seen, opened, DISAGREEMENT, played, pressed } from "./page";

test("on paper and in a file what is painted into a canvas is there as SVG", async ({ page }) => {
  await opened(page, DISAGREEMENT);
  await expect(page.locator("#stage canvas")).toHaveCount(1);
  const words = page.locator("#stage svg text", { hasText: "differs from A and B" });
  await expect(words).toHaveCount(0);
  await page.emulateMedia({ media: "print" });
  await expect(page.locator("#stage canvas")).toHaveCount(0);
  await expect(words).toBeVisible();
  await page.emulateMedia({ media: "screen" });
  await expect(page.locator("#stage canvas")).toHaveCount(1);
});

test("a moment is a link: another page shows the same, to the key and the bytes", async ({ page, context }) => {
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  await opened(page, "#build-your-own");
  await pressed(page.getByRole("button", { name: "Cut the link between A and B" }));
  await page.getByRole("button", { name: /^Edit/ }).click();
  await page.getByRole("button", { name: "Register" }).click();
  await page.getByRole("button", { name: "Close" }).click();
  await key(page).focus();
  await page.keyboard.press("ArrowRight");
  await page.getByRole("button", { name: /^Share/ }).click();
  const link = await page.getByRole("textbox", { name: "Link" }).inputValue();
  expect(link.length).toBeLessThanOrEqual(2000);
  const other = await context.newPage();
  await other.goto(link);
  await expect(other.getByRole("button", { name: "Cut the link between A and B" })).toHaveAttribute(
    "aria-pressed",
    "true",
  );
  for (const name of ["Key", "Time"]) {
    const slider = (where: Page) => where.getByRole("slider", { name }).getAttribute("aria-valuetext");
    expect(await slider(other)).toBe(await slider(page));
  }
  await expect(other.getByTestId("counts")).toHaveText((await page.getByTestId("counts").textContent()) ?? "");
});

test("a link has the part of the keys that is looked at, and what is taken", async ({ page, context }) => {
  await opened(page, "#who-serves/0/6000/420");
  await page.getByRole("button", { name: "Zoom in at the key" }).click();
  await key(page).focus();
  await page.keyboard.press("Enter");
  const toolbar = (where: Page) => where.getByRole("toolbar").getAttribute("aria-label");
  const taken = await toolbar(page);
  await page.getByRole("button", { name: /^Share/ }).click();
  const link = await page.getByRole("textbox", { name: "Link" }).inputValue();
  expect(link).toMatch(/&view=[\d.]+-[\d.]+&taken=0,/);
  const other = await context.newPage();
  await other.goto(link);
  await expect(other.getByRole("toolbar")).toBeVisible();
  expect(await toolbar(other)).toBe(taken);
  await expect(other.getByRole("button", { name: "Zoom out" })).toHaveAttribute("aria-disabled", "false");
});

test("a moment is a program, in two languages", async ({ page, context }) => {
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  await opened(page, "#who-serves/0/6000/420");
  await page.getByRole("button", { name: /^Share/ }).click();
  await page.getByRole("button", { name: "Copy as JavaScript" }).click();
  const program = page.getByRole("region", { name: "Program" });
  await expect(program).toContainText('assert.deepEqual(c.owners(420), [{ node: "birch", priority: 3 }');
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(await program.textContent());
  await page.getByRole("button", { name: "as Rust" }).click();
  await expect(program).toContainText('assert_eq!(told(&c), ["birch:3", "maple:2", "oak:1"]);');
});

test("the picture is saved as a file that needs nothing else", async ({ page }) => {
  await opened(page, DISAGREEMENT);
  await page.getByRole("button", { name: /^Share/ }).click();
  const saved = async (name: string) => {
    const download = page.waitForEvent("download");
    await page.getByRole("button", { name }).click();
    return readFile(await (await download).path());
  };
  const svg = (await saved("Save the picture as SVG")).toString();
  expect(svg).toContain("Who serves key 420? Today they disagree.");
  expect(svg).toContain("differs from A and B");
  expect(svg).not.toMatch(/(href|src)=|url\((?!#)|@import/);
  const alone = await page.context().newPage();
  await alone.setContent(svg);
  await expect(alone.locator("svg text", { hasText: "420" }).first()).toBeVisible();
  const png = await saved("as PNG");
  expect(png.subarray(1, 4).toString()).toBe("PNG");
  expect(png.length).toBeGreaterThan(10_000);
});

test("after one visit it works without a network", async ({ page, context }) => {
  await opened(page);
  await page.evaluate(async () => {
    const { active, installing, waiting } = await navigator.serviceWorker.ready;
    const worker = active ?? waiting ?? installing;
    while (worker?.state !== "activated")
      await new Promise((done) => worker?.addEventListener("statechange", done, { once: true }));
  });
  await page.goto("about:blank");
  await context.setOffline(true);
  await opened(page, "#fills-up");
  await expect(answer(page)).toHaveText("Maple, all three say.");
});

test("a story has a page of its own, which says what it is to whoever previews a link to it", async ({
  page,
  request,
}) => {
  const text = await (await request.get("./fills-up.html")).text();
  const told = (property: string) => new RegExp(`property="${property}" content="([^"]*)"`).exec(text)?.[1];
  expect(told("og:title")).toBe("A node fills up");
  expect(told("og:description")).toContain("its neighbours stand in first");
  const image = await request.get(told("og:image") ?? "");
  expect((await image.body()).subarray(1, 4).toString()).toBe("PNG");
  await page.goto("./fills-up.html");
  await expect(key(page)).toBeVisible();
  await expect(page.getByRole("combobox", { name: "Story" })).toHaveValue("fills-up");
  await page.getByRole("button", { name: /^Share/ }).click();
  await expect(page.getByRole("textbox", { name: "Link" })).toHaveValue(/\/fills-up\.html#fills-up\/0\/\d+\/\d+$/);
});

test("the picture stands there before any script has come", async ({ browser, baseURL }) => {
  const context = await browser.newContext({ javaScriptEnabled: false });
  const page = await context.newPage();
  await page.goto(baseURL ?? "");
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Who serves key 420? Maple, all three say.");
  await expect(page.locator(".first-stage text", { hasText: "maple 2" }).first()).toBeVisible();
  await context.close();
});

for (const viewport of [
  { width: 360, height: 740 },
  { width: 1280, height: 720 },
]) {
  test(`what stands there first is the largest of what is painted, and stays where it is, at ${viewport.width}`, async ({
    page,
  }) => {
    await page.setViewportSize(viewport);
    await page.addInitScript(() => {
      const seen = { late: [] as string[], shift: 0 };
      Object.assign(window, { seen });
      new PerformanceObserver((list) => {
        for (const entry of list.getEntries() as (PerformanceEntry & { element?: Element })[]) {
          if (entry.element?.closest("main")) seen.late.push(entry.element.textContent);
        }
      }).observe({ type: "largest-contentful-paint", buffered: true });
      new PerformanceObserver((list) => {
        for (const entry of list.getEntries() as (PerformanceEntry & { value: number })[]) seen.shift += entry.value;
      }).observe({ type: "layout-shift", buffered: true });
    });
    // A server on this machine is faster than any paint.
    await page.route(/\.wasm$/, async (route) => {
      await page.waitForFunction(() => performance.getEntriesByName("first-contentful-paint").length > 0);
      await route.continue();
    });
    await opened(page);
    await played(page);
    const { late, shift } = await page.evaluate(
      () => (window as unknown as { seen: { late: string[]; shift: number } }).seen,
    );
    expect(late).toEqual([]);
    // A tenth is what is taken for good.
    expect(shift).toBeLessThan(0.05);
  });
}

test("a module that does not come is said, and can be asked for again", async ({ page }) => {
  let isThere = false;
  await page.route(/\.wasm$/, (route) => (isThere ? route.continue() : route.fulfill({ status: 500, body: "no" })));
  await page.goto("./");
  await expect(page.getByRole("alert")).toContainText("The page could not start.");
  isThere = true;
  await page.getByRole("button", { name: "Try again" }).click();
  await expect(key(page)).toBeVisible();
});

test("a link that cannot be read says why, and the page works", async ({ page }) => {
  await opened(page, "#world/1/AAAA");
  await expect(seen(page)).toContainText("The link was changed or cut off on its way.");
  await expect(answer(page)).toBeVisible();
});

test("an address without a story says so, and shows the first one", async ({ page }) => {
  await opened(page, "#nowhere");
  await expect(seen(page)).toContainText("There is no story of that name in the address, so this is the first one.");
});

test("the most costly link runs before it is shown: the page answers meanwhile, and it can be stopped", async ({
  page,
}) => {
  const link = linkOf(costlyWorld()) ?? "";
  const words = page.locator(".caption .words");
  await opened(page, "#who-serves/0/5000/420");
  const headline = await page.getByRole("heading", { level: 1 }).textContent();
  await page.evaluate((link) => void (location.hash = link), link);
  await expect(words).toContainText("The world of the link runs before it is shown");
  await pressed(page.getByRole("button", { name: "Stop", exact: true }));
  await expect(words).not.toContainText("runs before it is shown");
  await expect(page.getByRole("heading", { level: 1 })).toHaveText(headline ?? "");
  await expect(page.getByRole("button", { name: "Take P offline" })).toHaveCount(0);
  // Opened anew, it runs on behind the page once that is made.
  await page.goto("about:blank");
  await page.goto(`#${link}`);
  await expect(words).toContainText("The link was made at this moment");
  await expect(page.getByRole("button", { name: "Take P offline" })).toBeVisible();
  await expect(page.getByTestId("agreement")).toHaveText("all 16 agree");
});
