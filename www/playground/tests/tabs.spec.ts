import { readFile } from "node:fs/promises";
import { expectNoViolations } from "./axe";
import { expect, test, type BrowserContext, type Locator, type Page } from "@playwright/test";

const CHANNEL = "crdt-range-map/playground/eight-tabs";
const answer = (page: Page) => page.getByTestId("answer");
const agreement = (page: Page) => page.getByTestId("agreement");
const line = (page: Page) => page.getByTestId("tabs");
const time = (page: Page) => page.getByRole("slider", { name: "Time" });

/** Ten frames a second: all tabs are visible to themselves, and what they say to each other does not wait for frames. */
test.beforeEach(({ context }) =>
  context.addInitScript(() => {
    const next = window.requestAnimationFrame.bind(window);
    window.requestAnimationFrame = (draw) => window.setTimeout(() => next(draw), 84);
    window.cancelAnimationFrame = (frame) => window.clearTimeout(frame);
  }),
);

async function opened(context: BrowserContext, hash = "#eight-tabs"): Promise<Page> {
  const page = await context.newPage();
  await page.goto(`./${hash}`);
  await expect(line(page)).toContainText("This tab is");
  return page;
}

/** So many, one after the other: A, B and so on. */
async function openedMany(context: BrowserContext, count: number): Promise<Page[]> {
  const pages: Page[] = [];
  for (let place = 0; place < count; place++) {
    const page = await opened(context);
    await expect(line(page)).toContainText(`This tab is ${"ABCDEFGH"[place]}.`);
    pages.push(page);
  }
  return pages;
}

async function allAgree(pages: readonly Page[]): Promise<void> {
  const words = pages.length === 2 ? "both agree" : `all ${pages.length} agree`;
  for (const page of pages) {
    await expect(agreement(page)).toHaveText(words);
    await expect(answer(page)).toHaveClass(/agreed/);
  }
}

/** A clock that goes five times as fast, the same in all tabs. */
function faster(since: number): void {
  const now = Date.now.bind(Date);
  Date.now = () => since + 5 * (now() - since);
}

async function pressed(button: Locator): Promise<void> {
  await button.focus();
  await button.press("Enter");
}

async function registers(page: Page, node: string, start: number, end: number): Promise<void> {
  await pressed(page.getByRole("button", { name: "Edit" }));
  await page.getByRole("textbox", { name: "Node" }).fill(node);
  await page.getByLabel("From key").fill(`${start}`);
  await page.getByLabel("To (not included)").fill(`${end}`);
  await page.getByRole("button", { name: "Register" }).click();
  await expect(page.getByText(`Registered ${node} at`)).toBeVisible();
  await page.getByRole("button", { name: "Close" }).click();
}

async function asksFor(page: Page, key: "Home" | "End"): Promise<void> {
  await page.getByRole("slider", { name: "Key" }).focus();
  await page.keyboard.press(key);
}

test("one tab is alone and says so; the button opens another one, and both agree", async ({ context }) => {
  const page = await opened(context);
  await expect(line(page)).toHaveText("This tab is A. No other is open yet.");
  const [other] = await Promise.all([
    context.waitForEvent("page"),
    page.getByRole("button", { name: "Open another tab" }).click(),
  ]);
  await expect(line(other)).toHaveText("This tab is B. A knows the same.");
  await expect(line(page)).toHaveText("This tab is A. B knows the same.");
  await allAgree([page, other]);
});

test("what is done in one tab is seen in the other two; who is closed or killed is gone, and the others go on", async ({
  context,
}) => {
  const pages = await openedMany(context, 3);
  const [a, b, c] = pages as [Page, Page, Page];
  await allAgree(pages);
  await registers(b, "willow", 990, 1000);
  for (const page of pages) {
    await asksFor(page, "End");
    await expect(answer(page)).toHaveText("Willow, all three say.");
  }
  await b.close();
  await expect(line(a)).toHaveText("This tab is A. C knows the same.");
  await expect(agreement(a)).toHaveText("both agree");
  const session = await context.newCDPSession(c);
  void session.send("Page.crash").catch(() => undefined);
  await expect(line(a)).toHaveText("This tab is A. No other is open yet.");
  await expect(answer(a)).toHaveText("Willow.");
  // Another one takes the place of B, under an id of its own, and learns what the first B has done.
  const next = await opened(context);
  await expect(line(next)).toHaveText("This tab is B. A knows the same.");
  await asksFor(next, "End");
  await expect(answer(next)).toHaveText("Willow, both say.");
});

test("nothing crosses a cut, and nobody says that all agree until it is mended", async ({ context }) => {
  await context.addInitScript(faster, Date.now());
  const pages = await openedMany(context, 2);
  const [a, b] = pages as [Page, Page];
  await allAgree(pages);
  const cut = (page: Page) => page.getByRole("button", { name: "Cut the link between" });
  await pressed(cut(a));
  for (const page of pages) {
    await expect(cut(page)).toHaveAttribute("aria-pressed", "true");
    await expect(agreement(page)).toContainText("not heard from");
    await expect(answer(page)).not.toHaveClass(/agreed/);
  }
  await registers(a, "willow", 990, 1000);
  await asksFor(b, "End");
  // Longer than a replica waits before it tells again what it knows.
  const before = Number(await time(b).getAttribute("aria-valuenow"));
  for (let passedMs = 0; passedMs < 16_000;) {
    await expect(answer(b)).toHaveText("Nobody.");
    await expect(answer(b)).not.toHaveClass(/agreed/);
    passedMs = Number(await time(b).getAttribute("aria-valuenow")) - before;
  }
  await expect(line(b)).toHaveText("This tab is B. A is not heard from.");
  await pressed(cut(b));
  await expect(answer(b)).toHaveText("Willow, both say.");
  await allAgree(pages);
});

test("green waits until the other tab has it too", async ({ context }) => {
  const pages = await openedMany(context, 2);
  const [a, b] = pages as [Page, Page];
  await allAgree(pages);
  for (const page of pages) await asksFor(page, "End");
  for (let round = 0; round < 5; round++) {
    // Of equal ones the first by name comes first, so each answer is a new one.
    const node = `n${9 - round}`;
    await registers(a, node, 990, 1000);
    await expect(answer(a)).toHaveText(`N${9 - round}, both say.`);
    await expect(answer(a)).toHaveClass(/agreed/);
    // It has the news, and shows it with its next frame.
    await expect(answer(b)).toHaveText(`N${9 - round}, both say.`, { timeout: 1_000 });
    await allAgree(pages);
  }
});

test("one looks back while the tab goes on, hears all, and returns to a present that has it", async ({ context }) => {
  const pages = await openedMany(context, 2);
  const [a, b] = pages as [Page, Page];
  await allAgree(pages);
  await asksFor(a, "End");
  await time(a).focus();
  await a.keyboard.press("Home");
  const seen = a.getByRole("region", { name: "What is to be seen" });
  await expect(seen).toContainText("You look back.");
  await expect(line(a)).toHaveText("This tab is A. No other is open yet.");
  await registers(b, "willow", 990, 1000);
  // It answers although nobody looks at its present.
  await expect(agreement(b)).toHaveText("both agree");
  await expect(time(a)).toHaveAttribute("aria-valuenow", "0");
  await expect(answer(a)).toHaveText("Nobody.");
  await a.getByRole("button", { name: "Back to the present" }).click();
  await expect(answer(a)).toHaveText("Willow, both say.");
  // What is done while one looks back is done at the present.
  await time(a).focus();
  await a.keyboard.press("Home");
  await registers(a, "cedar", 980, 1000);
  await expect(answer(a)).toHaveText("Cedar, both say.");
  await allAgree(pages);
});

test("five tabs agree, folded into a line or each as a row; more than have a name stay alone and say why", async ({
  context,
}) => {
  const pages = await openedMany(context, 5);
  await allAgree(pages);
  const [a] = pages as [Page];
  await expect(line(a)).toContainText("B, C, D and E know the same.");
  await expect(a.getByRole("button", { name: "B lives in another tab" })).toBeHidden();
  await a.getByRole("button", { name: "Show each as a row" }).click();
  await expect(a.getByRole("button", { name: "E lives in another tab" })).toBeAttached();
  await a.getByRole("button", { name: "Fold" }).click();
  await registers(pages[3] ?? a, "willow", 998, 1000);
  for (const page of pages) {
    await asksFor(page, "End");
    await expect(answer(page)).toContainText("Willow, all five say");
  }
  // As if eleven more were open.
  await a.evaluate(() => {
    for (let place = 5; place < 16; place++) {
      void navigator.locks.request(`crdt-range-map/playground/place/${place}`, () => new Promise(() => undefined));
    }
  });
  const page = await context.newPage();
  await page.goto("./#eight-tabs");
  await expect(page.getByText("16 tabs are here already").first()).toBeVisible();
});

test("a link to the story is a tab of its own wherever it is opened, and a duplicate is another one", async ({
  context,
}) => {
  const a = await opened(context);
  await a.getByRole("button", { name: "Share this moment" }).click();
  await expect(a.getByRole("dialog")).toContainText("begins with a tab of their own");
  const address = await a.getByLabel("Link").inputValue();
  await a.getByRole("button", { name: "Close" }).click();
  const hash = new URL(address).hash;
  // Who shares a moment stops at it.
  await a.getByRole("button", { name: "Back to the present" }).click();
  const [b, c] = [await opened(context, hash), await opened(context, hash)];
  await expect(line(c)).toContainText("This tab is C.");
  await allAgree([a, b, c]);
  // Reloaded it is there again, without what it was.
  await b.reload();
  await expect(line(b)).toContainText("This tab is B.");
  await allAgree([a, b, c]);
});

test("what others post on the channel is ignored and counted, and a tab in another story is no tab", async ({
  context,
}) => {
  const pages = await openedMany(context, 2);
  await allAgree(pages);
  const stranger = await context.newPage();
  await stranger.goto("./");
  await stranger.evaluate((name) => {
    const channel = new BroadcastChannel(name);
    const frame = { version: 1, tab: "stranger", from: 0, at: Date.now() };
    const junk = [undefined, null, 5, "x".repeat(1e6), new Uint8Array(1e6), [], new Map(), { version: 9 }, frame];
    for (const post of junk) channel.postMessage(post);
    channel.postMessage({ ...frame, kind: "send", to: 1, bytes: new Uint8Array(9), takesMs: 1, isLost: false });
  }, CHANNEL);
  for (const page of pages) await expect(line(page)).toContainText("10 posts were not understood, and ignored.");
  await allAgree(pages);
  const [a] = pages as [Page];
  await a.goto("./#bad-day");
  await expect(line(a)).toBeHidden();
  await expect(line(pages[1] ?? a)).toContainText("No other is open yet.");
});

test("a world that has heard others is saved as a file, and opens anywhere, alone, to the same moment", async ({
  context,
  browser,
  baseURL,
}) => {
  const pages = await openedMany(context, 2);
  const [a, b] = pages as [Page, Page];
  await registers(b, "willow", 990, 1000);
  await asksFor(a, "End");
  await expect(answer(a)).toHaveText("Willow, both say.");
  await a.getByRole("button", { name: "Share this moment" }).click();
  const [download] = await Promise.all([
    a.waitForEvent("download"),
    a.getByRole("button", { name: "Save the world as a file" }).click(),
  ]);
  const file = await readFile(await download.path());
  expect(download.suggestedFilename()).toMatch(/^eight-tabs-\d+\.world$/);
  const elsewhere = await browser.newContext();
  const page = await elsewhere.newPage();
  await page.goto(baseURL ?? "");
  await page.getByRole("button", { name: "Share this moment" }).click();
  const open = async (name: string, buffer: Buffer) => {
    const [chooser] = await Promise.all([
      page.waitForEvent("filechooser"),
      page.getByRole("button", { name: "Open a world from a file" }).click(),
    ]);
    await chooser.setFiles({ name, mimeType: "application/octet-stream", buffer });
  };
  const refusal = page.getByRole("dialog", { name: "A world from a file" }).getByRole("alert");
  for (const [buffer, words] of [
    [Buffer.alloc(0), "The file is empty."],
    [Buffer.from("hello"), "The file is no world: it begins otherwise, at byte 0."],
    [file.subarray(0, 60), "The file was changed or cut off"],
    [Buffer.alloc((8 << 20) + 1), "The file has 8,388,609 bytes, and a world at most 8,388,608."],
  ] as const) {
    await open("wrong.world", buffer);
    await expect(refusal).toContainText(words);
    await expect(refusal).toContainText("Nothing has changed.");
    await page.getByRole("dialog", { name: "A world from a file" }).getByRole("button", { name: "Close" }).click();
  }
  await open("right.world", file);
  await expect(answer(page)).toHaveText("Willow, both say.");
  await expect(page.getByRole("region", { name: "What is to be seen" })).toContainText(
    "The file was made at this moment.",
  );
  await expect(agreement(page)).toHaveText("both agree");
  await time(page).focus();
  await page.keyboard.press("Home");
  await expect(answer(page)).toHaveText("Nobody.");
  // Dropped onto the page it opens as well.
  await page.goto("about:blank");
  await page.goto(baseURL ?? "");
  await expect(time(page)).toBeVisible();
  const data = await page.evaluateHandle(
    (bytes) => {
      const transfer = new DataTransfer();
      transfer.items.add(new File([Uint8Array.from(bytes)], "dropped.world"));
      return transfer;
    },
    [...file],
  );
  await page.dispatchEvent("#stage", "drop", { dataTransfer: data });
  await expect(answer(page)).toHaveText("Willow, both say.");
  await elsewhere.close();
});

test("axe finds nothing in three tabs, one of them cut off, light and dark, wide and narrow", async ({ context }) => {
  const pages = await openedMany(context, 3);
  const [a] = pages as [Page];
  await allAgree(pages);
  await pressed(a.getByRole("button", { name: "Cut the link between A and C" }));
  await expectNoViolations(a, async ({ width }) => {
    // The marks are drawn for the new width in the frame after.
    await expect.poll(() => a.evaluate(() => document.documentElement.scrollWidth)).toBe(width);
  });
});
