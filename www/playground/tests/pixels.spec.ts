/**
 * Whole screens, pixel by pixel: what the marks' own snapshots do not see, such as panels that lie on each other. So that other machines
 * draw the same, all text is in one font that comes with the tests, and signs that it does not have are left out.
 */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { expect, test, type Page } from "@playwright/test";

const font = createRequire(import.meta.url).resolve("@fontsource-variable/inter/files/inter-latin-wght-normal.woff2");
const STYLE = `
  :root:root { --sans: Fixed; --serif: Fixed; --mono: Fixed; }
  .play, #app > button { color: transparent !important; }`;

test.use({ bypassCSP: true, serviceWorkers: "block" });

test.beforeEach(({ page }) =>
  page.addInitScript(
    ({ bytes, style }) => {
      const letters = atob(bytes);
      const face = new FontFace(
        "Fixed",
        Uint8Array.from(letters, (letter) => letter.charCodeAt(0)),
        {
          weight: "100 900",
        },
      );
      document.fonts.add(face);
      const sheet = new CSSStyleSheet();
      sheet.replaceSync(style);
      document.adoptedStyleSheets.push(sheet);
    },
    { bytes: readFileSync(font).toString("base64"), style: STYLE },
  ),
);

const SCREENS: readonly {
  readonly name: string;
  readonly hash: string;
  readonly size: readonly [number, number];
  readonly colorScheme: "light" | "dark";
  /** What is there once all is. */
  readonly last?: (page: Page) => Promise<void>;
}[] = [
  { name: "rows", hash: "#who-serves/0/6000/420", size: [1280, 720], colorScheme: "light" },
  {
    name: "keys-over-time",
    hash: "#bad-day/1/15000/510",
    size: [1280, 720],
    colorScheme: "dark",
    last: async (page) => {
      await page.getByRole("button", { name: "Keys over time" }).click();
      await expect(page.locator("footer rect.heat").first()).toBeAttached();
      await page.mouse.move(0, 0);
    },
  },
  {
    name: "taken-on-a-phone",
    hash: "#build-your-own/0/3000/420&taken=0,350-800,maple",
    size: [360, 740],
    colorScheme: "dark",
  },
  { name: "map", hash: "#internet/0/7000/432537601/US", size: [1280, 720], colorScheme: "light", last: hasData },
  {
    name: "map-as-rows-on-a-phone",
    hash: "#internet/0/7000/432537601&rows",
    size: [360, 740],
    colorScheme: "light",
    last: hasData,
  },
];

function hasData(page: Page): Promise<void> {
  return expect(page.getByRole("button", { name: "About the data" })).toBeVisible();
}

for (const { name, hash, size, colorScheme, last } of SCREENS) {
  test(`${name} looks as it did`, async ({ page }) => {
    const [width, height] = size;
    await page.setViewportSize({ width, height });
    await page.emulateMedia({ colorScheme });
    await page.goto(`./${hash}`);
    await expect(page.getByRole("slider", { name: "Key" })).toBeVisible();
    await last?.(page);
    await expect(page).toHaveScreenshot(`${name}.png`, { maxDiffPixelRatio: 0.005 });
  });
}
