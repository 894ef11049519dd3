// The measurements in Chromium: builds the page, serves it and asks it.
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { chromium } from "@playwright/test";
import { build, preview } from "vite";

const root = fileURLToPath(new URL("page", import.meta.url));

/**
 * @param {import("./src/run.js").Options} options
 * @param {(what: string) => void} progress
 */
export async function inChromium(options, progress) {
  const config = /** @type {const} */ ({ root, configFile: false, logLevel: "warn" });
  await build({ ...config, build: { target: "es2022", outDir: "../dist", emptyOutDir: true, assetsInlineLimit: 0 } });
  // A page that shares its process with no other origin gets a finer clock.
  const headers = { "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp" };
  const server = await preview({ ...config, build: { outDir: "../dist" }, preview: { port: 0, headers } });
  const find = fileURLToPath(new URL("../../.ci/find-chromium", import.meta.url));
  const browser = await chromium.launch({
    executablePath: execFileSync(find, { encoding: "utf8" }).trim(),
    args: ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--js-flags=--expose-gc"],
  });
  try {
    const page = await browser.newPage();
    page.on("console", (message) => message.type() === "info" && progress(message.text()));
    await page.goto(server.resolvedUrls?.local[0] ?? "");
    await page.waitForFunction(() => "bench" in globalThis);
    const result = await page.evaluate((options) => Reflect.get(globalThis, "bench")(options), options);
    return {
      name: `Chromium ${browser.version()}`,
      .../** @type {Awaited<ReturnType<typeof import("./src/run.js").run>>} */ (result),
    };
  } finally {
    await browser.close();
    await server.close();
  }
}
