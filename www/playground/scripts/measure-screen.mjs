// @ts-check
/**
 * Measures the built page in a browser with ten thousand ranges at three replicas: frames while the view moves along the keys, and the
 * longest tasks after an operation. `npm run build` first; CHROMIUM_PATH names the browser. Beside the time that passed stands what the
 * page's thread used of a processor: others on the machine do not matter to that.
 */
import { chromium } from "@playwright/test";
import { preview } from "vite";

const MOVES_MS = 5_000;
const OPERATIONS = 5;
const SETTLED_MS = 1_000;

const outDir = process.argv[2] ?? "dist";
const server = await preview({ preview: { port: 0 }, build: { outDir } });
const address = server.resolvedUrls?.local[0] ?? "";
const executablePath = process.env["CHROMIUM_PATH"] ?? "/usr/bin/chromium";
const args = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"];
const browser = await chromium.launch({ executablePath, args });

/** @type {(values: readonly number[], percent: number) => string} */
const at = (values, percent) => {
  const sorted = values.toSorted((one, other) => one - other);
  return (sorted[Math.min(sorted.length - 1, Math.floor((percent / 100) * sorted.length))] ?? NaN).toFixed(1);
};

async function opened() {
  const page = await browser.newPage({ viewport: { width: 1280, height: 720 } });
  await page.goto(`${address}#ten-thousand/0/2500/421300`);
  await page.getByTestId("agreement").filter({ hasText: "all 3 agree" }).waitFor({ timeout: 120_000 });
  await page.waitForTimeout(SETTLED_MS);
  return page;
}

/**
 * The tasks of the page's thread while something is done, in milliseconds: how long each took, and how much of a processor.
 * @param {() => Promise<void>} act
 */
async function tasksOf(act) {
  const session = await browser.newBrowserCDPSession();
  /** @type {{ name: string, tid: number, pid: number, dur?: number, tdur?: number, args: { name?: string } }[]} */
  const events = [];
  session.on("Tracing.dataCollected", ({ value }) => events.push(.../** @type {any} */ (value)));
  await session.send("Tracing.start", { categories: "toplevel,__metadata", transferMode: "ReportEvents" });
  await act();
  const ended = new Promise((done) => session.once("Tracing.tracingComplete", done));
  await session.send("Tracing.end");
  await ended;
  await session.detach();
  const tasks = events.filter(({ name, dur }) => /RunTask$/.test(name) && dur !== undefined);
  const isMain = new Set(
    events
      .filter(({ name, args }) => name === "thread_name" && args.name === "CrRendererMain")
      .map(({ pid, tid }) => `${pid} ${tid}`),
  );
  const own = tasks.filter(({ pid, tid }) => isMain.has(`${pid} ${tid}`));
  return own.map(({ dur = 0, tdur = 0 }) => ({ took: dur / 1000, used: tdur / 1000 }));
}

/**
 * How long frames take while a wheel moves the view sideways once in each.
 * @param {import("@playwright/test").Page} page
 */
function panned(page) {
  return page.evaluate(async (untilMs) => {
    const stage = document.querySelector("#stage .touch");
    /** @type {number[]} */
    const frames = [];
    const begin = await new Promise(requestAnimationFrame);
    for (let before = begin, count = 0; before - begin < untilMs; count++) {
      const deltaY = count % 240 < 120 ? 8 : -8;
      stage?.dispatchEvent(new WheelEvent("wheel", { deltaY, shiftKey: true, bubbles: true, cancelable: true }));
      const now = await new Promise(requestAnimationFrame);
      frames.push(now - before);
      before = now;
    }
    return frames;
  }, MOVES_MS);
}

for (const [words, zooms] of /** @type {const} */ ([
  ["1/2 of the keys, as sums", 1],
  ["1/64 of the keys, one by one", 6],
])) {
  const page = await opened();
  for (let count = 0; count < zooms; count++) await page.getByRole("button", { name: "Zoom in at the key" }).click();
  await page.waitForTimeout(SETTLED_MS);
  /** @type {number[]} */
  let frames = [];
  const tasks = await tasksOf(async () => void (frames = await panned(page)));
  const mean = frames.reduce((sum, frame) => sum + frame, 0) / frames.length;
  const slow = frames.filter((frame) => frame > 20).length;
  const used = tasks.reduce((sum, task) => sum + task.used, 0) / frames.length;
  console.log(`Panning, ${words}:`);
  console.log(
    `  ${(1000 / mean).toFixed(1)} frames/s, median ${at(frames, 50)} ms, p95 ${at(frames, 95)} ms, longest ${at(frames, 100)} ms, ` +
      `${((100 * slow) / frames.length).toFixed(1)} % over 20 ms; processor ${used.toFixed(1)} ms a frame`,
  );
  await page.close();
}

{
  const page = await opened();
  await page.getByRole("button", { name: "Edit" }).click();
  await page.getByRole("textbox", { name: "Node" }).fill("elm");
  for (let count = 0; count < OPERATIONS; count++) {
    await page.getByLabel("From key").fill(String(630_000 + count * 1_000));
    await page.getByLabel("To (not included)").fill(String(630_500 + count * 1_000));
    await page.waitForTimeout(SETTLED_MS);
    const tasks = await tasksOf(async () => {
      await page.getByRole("button", { name: "Register" }).click();
      await page.waitForTimeout(2_500);
    });
    const longest = tasks.toSorted((one, other) => other.took - one.took).slice(0, 4);
    const told = longest.map(({ took, used }) => `${took.toFixed(0)} (${used.toFixed(0)})`);
    console.log(`Operation ${count + 1}: longest tasks ${told.join(", ")} ms, in parentheses of the processor`);
  }
}

await browser.close();
await new Promise((done) => server.httpServer.close(done));
