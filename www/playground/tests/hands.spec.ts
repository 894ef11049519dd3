import { expect, test } from "@playwright/test";
import { answer, agreement, key, seen, mend, opened, DISAGREEMENT, played, pressed } from "./page";

test("a registration is taken by the keyboard alone, and changed", async ({ page }) => {
  await opened(page, "#build-your-own");
  await key(page).focus();
  await page.keyboard.press("Enter");
  const toolbar = page.getByRole("toolbar");
  await expect(toolbar).toHaveAttribute("aria-label", "oak, 100 – 500, at A");
  await page.keyboard.press("Enter");
  await expect(toolbar).toHaveAttribute("aria-label", "maple, 350 – 800, at A");
  const raise = toolbar.getByRole("button", { name: "Raise the priority by 1" });
  await pressed(raise);
  await expect(toolbar).toContainText("priority 3");
  await page.keyboard.press("Escape");
  await expect(toolbar).toBeHidden();
  expect(await page.evaluate(() => document.activeElement?.id)).toBe("stage");
});

test("links and replicas are cut and mended by keyboard; what the visitor does takes the place of the story", async ({
  page,
}) => {
  await opened(page, "#build-your-own");
  const link = page.getByRole("button", { name: "Cut the link between A and C" });
  await pressed(link);
  await expect(link).toHaveAttribute("aria-pressed", "true");
  const offline = page.getByRole("button", { name: "Take B offline" });
  await pressed(offline);
  await expect(offline).toHaveAttribute("aria-pressed", "true");
  await page.getByRole("button", { name: /^Edit/ }).click();
  await page.getByRole("textbox", { name: "Node" }).fill("birch");
  await page.getByRole("button", { name: "Register" }).click();
  await expect(page.getByText("Registered birch at A.")).toBeVisible();
  await page.getByRole("button", { name: "Increase" }).click();
  await page.getByRole("button", { name: "Close" }).click();
  await expect(answer(page)).toHaveText("Today they disagree.");
  await pressed(link);
  await pressed(offline);
  await expect(agreement(page)).toHaveText("all 3 agree");
});

test("a range is drawn, moved, made longer, and released by hand", async ({ page }) => {
  await page.setViewportSize({ width: 1280, height: 720 });
  await opened(page, "#build-your-own");
  const stage = page.locator("#stage");
  const box = await stage.boundingBox();
  if (box === null) throw new Error("the stage has a place");
  const x = (value: number) => box.x + 168 + ((box.width - 180) * value) / 1000;
  const drag = async (from: [number, number], to: [number, number]) => {
    await page.mouse.move(...from);
    await page.mouse.down();
    await page.mouse.move((from[0] + to[0]) / 2, (from[1] + to[1]) / 2, { steps: 3 });
    await page.mouse.move(...to, { steps: 3 });
    await page.mouse.up();
  };
  // Right of all that is there, in the row of A; it gets the third lane, as its first key is the greatest.
  await drag([x(850), box.y + 40], [x(950), box.y + 40]);
  await key(page).focus();
  await page.keyboard.press("End");
  for (let press = 0; press < 10; press++) await page.keyboard.press("Shift+ArrowLeft");
  await expect(key(page)).toHaveAttribute("aria-valuenow", "899");
  await expect(answer(page)).toHaveText("Birch, all three say.");
  const bar = box.y + lastLaneOf(box.height);
  // While it is held elsewhere the page shows what would be; then it is so.
  await page.mouse.move(x(900), bar);
  await page.mouse.down();
  await page.mouse.move(x(960), bar, { steps: 4 });
  await expect(page.getByText("910 – 1000").or(page.getByText("900 – 1000"))).toBeAttached();
  await page.mouse.up();
  const toolbar = page.getByRole("toolbar", { name: /^birch, 9\d\d? – 1000, at A$/ });
  await expect(toolbar).toBeVisible();
  await expect(answer(page)).toHaveText("Nobody, all three say.");
  await toolbar.getByRole("button", { name: "Raise the priority by 1" }).click();
  await expect(toolbar).toContainText("priority 2");
  await toolbar.getByRole("button", { name: "Why?" }).click();
  await expect(page.getByTestId("reasons").filter({ visible: true })).toHaveText(
    "Priority 2: A registered it and added 1; a register counts 1.",
  );
  await page.keyboard.press("Escape");
  await page.keyboard.press("Control+z");
  await expect(toolbar).toContainText("priority 1");
  await toolbar.getByRole("button", { name: "Release" }).click();
  await expect(toolbar).toBeHidden();
  // Undone once more, it is there again.
  await page.getByRole("button", { name: "Undo" }).click();
  await expect(toolbar).toBeVisible();
});

test("two fingers that part look closer, and register nothing", async ({ browser, baseURL }) => {
  const context = await browser.newContext({ hasTouch: true, viewport: { width: 360, height: 740 } });
  const page = await context.newPage();
  await page.goto(`${baseURL ?? ""}#build-your-own`);
  await expect(key(page)).toBeVisible();
  const zoomOut = page.getByRole("button", { name: "Zoom out" });
  await expect(zoomOut).toHaveAttribute("aria-disabled", "true");
  const box = await page.locator("#stage").boundingBox();
  if (box === null) throw new Error("the stage has a place");
  const session = await context.newCDPSession(page);
  const touch = (type: "touchStart" | "touchMove" | "touchEnd", ...xs: number[]) =>
    session.send("Input.dispatchTouchEvent", {
      type,
      touchPoints: xs.map((x, id) => ({ x: box.x + x, y: box.y + 60, id })),
    });
  // Where nothing is registered.
  await touch("touchStart", 300);
  await touch("touchStart", 300, 325);
  for (let step = 1; step <= 5; step++) await touch("touchMove", 300 - 16 * step, 325);
  await touch("touchEnd");
  await expect(zoomOut).toHaveAttribute("aria-disabled", "false");
  await expect(page.getByRole("button", { name: "Undo" })).toBeHidden();
  await context.close();
});

/** The middle of the last of three lanes above the owners' band in the first of three rows: see picture/layout.ts. */
function lastLaneOf(stageHeight: number): number {
  const row = (stageHeight - 26) / 3;
  const band = Math.round(Math.min(72, Math.max(22, row * 0.34)));
  const lanes = row - band - 8 - 8 - 16;
  return 26 + 8 + lanes - Math.min(28, lanes / 3) / 2;
}

test("a past that is changed drops what came after so, and gives it back", async ({ page }) => {
  await opened(page, "#build-your-own");
  const cut = (pair: string) => page.getByRole("button", { name: `Cut the link between ${pair}` });
  await pressed(cut("A and B"));
  await expect(page.getByRole("slider", { name: "Time" })).not.toHaveAttribute("aria-valuenow", "0");
  await page.getByRole("button", { name: "Pause" }).click();
  await pressed(cut("B and C"));
  await page.getByRole("button", { name: "Pause" }).click();
  const time = page.getByRole("slider", { name: "Time" });
  await time.focus();
  await page.keyboard.press("Home");
  await expect(cut("B and C")).toHaveAttribute("aria-pressed", "false");
  await pressed(cut("A and C"));
  await expect(seen(page)).toContainText("What you did after this moment is dropped");
  await page.getByRole("button", { name: "Undo" }).click();
  await expect(cut("B and C")).toHaveAttribute("aria-pressed", "true");
  await expect(cut("A and C")).toHaveAttribute("aria-pressed", "false");
  // The world is in the address, so a reload finds it.
  await page.reload();
  await expect(cut("B and C")).toHaveAttribute("aria-pressed", "true");
});

test("the focus stays in the page when what had it goes", async ({ page }) => {
  await opened(page, DISAGREEMENT);
  const focused = () => page.evaluate(() => document.activeElement?.tagName);
  await pressed(mend(page));
  expect(await focused()).not.toBe("BODY");
  await played(page);
  await pressed(page.getByRole("button", { name: "Back" }));
  expect(await focused()).not.toBe("BODY");
  await page.getByRole("button", { name: "Network" }).click();
  const crash = page.getByRole("button", { name: "Crash A" });
  await pressed(crash);
  await expect(crash).toBeHidden();
  expect(await focused()).not.toBe("BODY");
});

test("weather, replicas that crash, return, leave and join, and messages in words", async ({ page }) => {
  const problems: string[] = [];
  page.on("console", (message) => message.type() === "error" && problems.push(message.text()));
  page.on("pageerror", (error) => problems.push(error.message));
  await opened(page, "#build-your-own");
  await page.getByRole("button", { name: "Network" }).click();
  const sheet = page.getByRole("dialog", { name: "Network" });
  await sheet.getByLabel("Lost, %").fill("101");
  await sheet.getByRole("button", { name: "Set the weather" }).click();
  await expect(sheet.getByText("A whole number up to 100.")).toBeVisible();
  await sheet.getByRole("button", { name: "Fair" }).click();
  await sheet.getByRole("button", { name: "Crash B" }).click();
  await expect(sheet.getByText("B has crashed")).toBeVisible();
  await sheet.getByRole("button", { name: "Restart B, empty" }).click();
  await sheet.getByRole("button", { name: "Let C leave" }).click();
  await sheet.getByRole("button", { name: "Let D join" }).click();
  await sheet.getByRole("button", { name: "Close" }).click();
  await expect(agreement(page)).toHaveText("all 3 agree");
  await expect(answer(page)).toHaveText("Maple, all three say.");
  await page.getByRole("button", { name: "Network" }).click();
  await expect(sheet.getByRole("region", { name: "The last messages" })).toContainText(/D to A: \w+, \d+ bytes/);
  expect(problems).toEqual([]);
});

test("break it: schedules are tried in workers, and each can be looked at", async ({ page }) => {
  await opened(page, "#bad-day");
  await page.getByRole("button", { name: "Break it" }).click();
  const sheet = page.getByRole("dialog", { name: "Break it" });
  await sheet.getByRole("button", { name: "Start" }).click();
  await expect(sheet.getByTestId("tried")).toContainText(/^[1-9][\d,]* schedules?, 0 failed, \d+ a second$/);
  await sheet.getByRole("button", { name: "Stop" }).click();
  await expect(sheet.getByText(/^Seed \d+: .* agree/)).toBeVisible();
  await sheet.getByRole("button", { name: "Show this one" }).click();
  await expect(sheet).toBeHidden();
  await expect(seen(page)).toContainText("The link was made at this moment.");
  expect(page.url()).toMatch(/#world\/1\/[\w-]+\.\w+$/);
});

test("wrong numbers are refused with words at their fields, and nothing happens", async ({ page }) => {
  await opened(page, "#build-your-own");
  await page.getByRole("button", { name: /^Edit/ }).click();
  await page.getByLabel("From key").fill("1001");
  await page.getByLabel("To (not included)").fill("x");
  await page.getByRole("textbox", { name: "Node" }).fill("");
  await page.getByRole("button", { name: "Register" }).click();
  await expect(page.getByText("Keys here go from 0 to 1000.")).toBeVisible();
  await expect(page.getByText("A whole number, digits only.")).toBeVisible();
  await expect(page.getByText("A name is needed.")).toBeVisible();
  await page.getByRole("textbox", { name: "Node" }).fill("x".repeat(256));
  await page.getByRole("button", { name: "Release" }).click();
  await expect(page.getByText("256 bytes; at most 255 fit.")).toBeVisible();
});
