/** The world sends the same bytes in a browser as in Node, where the unit tests assert the same hash. */
import { expect, test } from "@playwright/test";
import { bundleWorld, worldModule } from "../scripts/bundle-world.mjs";
import { PINNED } from "../src/world/pins";

declare const World: typeof import("../scripts/world-entry");

test("the same logs send the same bytes in this engine", async ({ page }) => {
  await page.goto("about:blank");
  await page.addScriptTag({ content: await bundleWorld("iife") });
  const hash = await page.evaluate((base64) => {
    const module = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
    World.initSync({ module });
    return World.pinnedHash();
  }, worldModule().toString("base64"));
  expect(hash).toBe(PINNED);
});
