/** The page is made in parts, so that the browser can do something else in between; what stood there first stays until it is whole. */
import { expect, test } from "@playwright/test";

interface Made {
  /** How many elements came at once, in order. */
  readonly sizes: number[];
  /** What is there when the first picture goes. */
  readonly parts: string[];
}

test("no part has most of the page, and the first picture stays until all are there", async ({ page }) => {
  await page.addInitScript(() => {
    const made: Made = { sizes: [], parts: [] };
    Object.assign(window, { made });
    // It is told once for each task.
    new MutationObserver((changes) => {
      const added = changes.flatMap(({ addedNodes }) => [...addedNodes].filter((node) => node instanceof Element));
      const sizes = added
        .filter((node) => node.closest("#app:not(:has(.first-stage))"))
        .map((node) => 1 + node.querySelectorAll("*").length);
      if (sizes.length > 0 && made.parts.length === 0) made.sizes.push(sizes.reduce((sum, size) => sum + size));
      const removed = changes.flatMap(({ removedNodes }) => [...removedNodes]);
      if (!removed.some((node) => node instanceof Element && node.id === "app")) return;
      const names = ["h1", "canvas", ".picture", "#key-cursor", "[aria-label=Time]", "[data-testid=agreement]"];
      made.parts.push(...names.filter((name) => document.querySelector(`main ${name}`) !== null));
    }).observe(document, { childList: true, subtree: true });
  });
  await page.goto("");
  await expect(page.getByRole("slider", { name: "Time" })).toBeVisible();
  const { sizes, parts } = await page.evaluate(() => (window as unknown as { made: Made }).made);
  expect(parts).toEqual(["h1", "canvas", ".picture", "#key-cursor", "[aria-label=Time]", "[data-testid=agreement]"]);
  expect(sizes.length).toBeGreaterThanOrEqual(4);
  const all = sizes.reduce((sum, size) => sum + size);
  expect(all).toBeGreaterThan(150);
  expect(Math.max(...sizes) / all).toBeLessThan(0.5);
});
