// @ts-check
/**
 * Draws what links to the stories show into previews/: pictures of 1,200 × 630 points, which are committed, as the build has no browser.
 * Beside them a hash of what each was drawn from, by which a test notices that one is out of date.
 */
import { readFile, writeFile } from "node:fs/promises";
import { chromium } from "@playwright/test";
import { hashOf, loadDrawing } from "./drawing.mjs";

const folder = new URL("../previews/", import.meta.url);
const styles = await Promise.all(
  ["page.css", "picture.css"].map((name) => readFile(new URL(`../src/screen/${name}`, import.meta.url), "utf8")),
);
const own = `
  body { width: 1200px; height: 630px; padding: 34px 40px; overflow: hidden; }
  header { font: 650 19px var(--sans); color: var(--ink-soft); }
  h1 { margin: 6px 0 18px; font: 600 44px/1.15 var(--serif); letter-spacing: -0.01em; }
  svg { display: block; width: 100%; margin-bottom: 12px; }`;

const { stories, previewPicture } = await loadDrawing();
const browser = await chromium.launch({
  executablePath: process.env["CHROMIUM_PATH"] ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu"],
});
const page = await browser.newPage({ viewport: { width: 1200, height: 630 }, colorScheme: "light" });
/** @type {Record<string, string>} */
const hashes = {};
for (const story of stories) {
  const picture = previewPicture(story);
  await page.setContent(`<style>${styles.join("")}${own}</style>${picture}`);
  await page.screenshot({ path: new URL(`${story.id}.png`, folder).pathname });
  hashes[story.id] = hashOf(picture);
}
await browser.close();
await writeFile(new URL("hashes.json", folder), `${JSON.stringify(hashes, null, 2)}\n`);
