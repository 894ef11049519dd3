/** The page is made in parts, so that the browser can do something else in between; what stood there first stays until it is whole. */
import { expect, test } from "@playwright/test";

interface Made {
  /** How many elements came at once, in order. */
  readonly sizes: number[];
  /** What is there when the first picture goes. */
  readonly parts: string[];
  /** How often the page was asked how marks look, until then. */
  probes: number;
  /** What takes long to be made by the browser, until then. */
  readonly formats: string[];
}

test("the page is made in small parts, and the first picture stays until all are there", async ({ page }) => {
  await page.addInitScript(() => {
    const made: Made = { sizes: [], parts: [], probes: 0, formats: [] };
    Object.assign(window, { made });
    const noted = (name: string): ProxyHandler<object> => ({
      construct: (format, what) => {
        if (made.parts.length === 0) made.formats.push(name);
        return Reflect.construct(format as () => void, what) as object;
      },
    });
    for (const name of ["DisplayNames", "NumberFormat"] as const)
      Object.assign(Intl, { [name]: new Proxy<object>(Intl[name], noted(name)) });
    const toLocaleString = Number.prototype.toLocaleString;
    Number.prototype.toLocaleString = function (this: number, ...what: [string?, Intl.NumberFormatOptions?]) {
      if (made.parts.length === 0) made.formats.push("toLocaleString");
      return toLocaleString.apply(this, what);
    };
    // It is told once for each task.
    new MutationObserver((changes) => {
      const added = changes.flatMap(({ addedNodes }) => [...addedNodes].filter((node) => node instanceof Element));
      if (made.parts.length === 0) made.probes += added.filter((node) => node.matches("svg.unseen")).length;
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
  const { sizes, parts, probes, formats } = await page.evaluate(() => (window as unknown as { made: Made }).made);
  expect(parts).toEqual(["h1", "canvas", ".picture", "#key-cursor", "[aria-label=Time]", "[data-testid=agreement]"]);
  expect(sizes.length).toBeGreaterThanOrEqual(8);
  const all = sizes.reduce((sum, size) => sum + size);
  expect(all).toBeGreaterThan(150);
  expect(Math.max(...sizes) / all).toBeLessThan(0.35);
  // For all marks of the first picture together, and for the lines of its patterns.
  expect(probes).toBeGreaterThan(0);
  expect(probes).toBeLessThanOrEqual(3);
  expect(formats).toEqual([]);
});
