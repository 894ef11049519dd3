// @ts-check
/**
 * Measures the built page in a browser with ten thousand ranges at three replicas: frames while the view moves along the keys, and the
 * longest tasks after an operation. `npm run build` first; CHROMIUM_PATH names the browser.
 */
import { chromium } from "@playwright/test";
import { preview } from "vite";

const MOVES_MS = 5_000;
const OPERATIONS = 5;

const server = await preview({ preview: { port: 0 } });
const address = server.resolvedUrls?.local[0] ?? "";
const executablePath = process.env["CHROMIUM_PATH"] ?? "/usr/bin/chromium";
const browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"] });

/** @type {(values: readonly number[], percent: number) => string} */
const at = (values, percent) => {
  const sorted = values.toSorted((one, other) => one - other);
  return (sorted[Math.min(sorted.length - 1, Math.floor((percent / 100) * sorted.length))] ?? NaN).toFixed(1);
};

/**
 * What frames cost while a wheel moves the view sideways once in each.
 * @param {import("@playwright/test").Page} page
 */
function panning(page) {
  return page.evaluate(async (untilMs) => {
    const stage = document.querySelector("#stage .touch");
    /** @type {number[]} */
    const frames = [];
    /** @type {number[]} */
    const tasks = [];
    const begin = performance.now();
    let before = begin;
    for (let count = 0; before - begin < untilMs; count++) {
      const now = await new Promise(requestAnimationFrame);
      if (count > 0) frames.push(now - before);
      before = now;
      const deltaY = count % 240 < 120 ? 8 : -8;
      const start = performance.now();
      stage?.dispatchEvent(new WheelEvent("wheel", { deltaY, shiftKey: true, bubbles: true, cancelable: true }));
      // What the page does of it in a microtask, before the frame is painted.
      await Promise.resolve();
      tasks.push(performance.now() - start);
    }
    return { frames, tasks };
  }, MOVES_MS);
}

for (const [words, zooms] of /** @type {const} */ ([
  ["whole", 1],
  ["1/64 of the keys", 6],
])) {
  const page = await browser.newPage({ viewport: { width: 1280, height: 720 } });
  await page.goto(`${address}#ten-thousand/0/2500/420000`);
  await page.getByTestId("agreement").filter({ hasText: "all 3 agree" }).waitFor({ timeout: 120_000 });
  for (let count = 0; count < zooms; count++) await page.getByRole("button", { name: "Zoom in at the key" }).click();
  await page.waitForTimeout(1_000);
  const { frames, tasks } = await panning(page);
  const mean = frames.reduce((sum, frame) => sum + frame, 0) / frames.length;
  const slow = frames.filter((frame) => frame > 20).length;
  console.log(
    `panning, ${words}: ${(1000 / mean).toFixed(1)} frames/s; frame median ${at(frames, 50)}, p95 ${at(frames, 95)}, longest ` +
      `${at(frames, 100)} ms; over 20 ms ${((100 * slow) / frames.length).toFixed(1)} %; script median ${at(tasks, 50)}, p95 ${at(tasks, 95)} ms`,
  );
  await page.close();
}

{
  const page = await browser.newPage({ viewport: { width: 1280, height: 720 } });
  await page.addInitScript(() => {
    /** @type {number[]} */
    const tasks = [];
    Object.assign(window, { longTasks: tasks });
    new PerformanceObserver((list) => list.getEntries().forEach(({ duration }) => tasks.push(duration))).observe({
      type: "longtask",
      buffered: true,
    });
  });
  await page.goto(`${address}#ten-thousand/0/2500/420000`);
  await page.getByTestId("agreement").filter({ hasText: "all 3 agree" }).waitFor({ timeout: 120_000 });
  await page.waitForTimeout(1_000);
  /** @type {() => Promise<number[]>} */
  const taken = () => page.evaluate(() => Reflect.get(window, "longTasks").splice(0));
  console.log(`opening: long tasks of ${(await taken()).map((ms) => ms.toFixed(0)).join(", ")} ms`);
  await page.getByRole("button", { name: "Edit" }).click();
  await page.getByRole("textbox", { name: "Node" }).fill("elm");
  for (let count = 0; count < OPERATIONS; count++) {
    await page.getByLabel("From key").fill(String(630_000 + count * 1_000));
    await page.getByLabel("To, without it").fill(String(630_500 + count * 1_000));
    await page.waitForTimeout(500);
    await taken();
    await page.getByRole("button", { name: "Register" }).click();
    await page.waitForTimeout(2_500);
    console.log(`operation ${count + 1}: long tasks of ${(await taken()).map((ms) => ms.toFixed(0)).join(", ") || "none"} ms`);
  }
}

await browser.close();
await new Promise((done) => server.httpServer.close(done));
