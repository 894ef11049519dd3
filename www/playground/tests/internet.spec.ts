import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { expect, test, type Page } from "@playwright/test";
import { expectNoViolations } from "./axe";
import { readRegistry } from "../src/link/registry";

/** The other form of the source, dotted quads, so that a mistake in reading the numbers does not repeat itself in what is expected. */
const csv = createRequire(import.meta.url).resolve("@ip-location-db/asn-country/asn-country-ipv4.csv");
const rows = readFileSync(csv, "utf8")
  .trimEnd()
  .split("\n")
  .map((line) => {
    const [first = "", last = "", country = ""] = line.trim().split(",");
    return { first, last, country, start: valueOf(first), end: valueOf(last) + 1 };
  });
const shown = rows.filter(({ start, end }) => end - start >= 131_072);
const names = new Intl.DisplayNames(["en"], { type: "region" });
const number = new Intl.NumberFormat("en");

function valueOf(quad: string): number {
  return quad.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);
}

const answer = (page: Page) => page.getByTestId("answer");
const key = (page: Page) => page.getByRole("slider", { name: "Key" });
const country = (page: Page) => page.getByRole("combobox", { name: "Country" });
const address = (page: Page) => page.getByRole("textbox", { name: "Address" });
const told = (page: Page) => page.getByTestId("told");
const next = (page: Page) => page.locator("[aria-label=Steps] button.primary:not([aria-disabled=true])");

async function opened(page: Page, hash = "#internet"): Promise<void> {
  await page.goto(`./${hash}`);
  await expect(page.getByRole("button", { name: "About the data" })).toBeVisible();
}

async function lookUp(page: Page, quad: string): Promise<void> {
  await address(page).fill(quad);
  await address(page).press("Enter");
}

test("the file of the page has the source's ranges of a certain size, and no others", () => {
  const { registry } = readRegistry(readFileSync(new URL("../src/generated/ipv4.bin", import.meta.url)));
  expect(registry?.blocks).toEqual(shown.map(({ country, start, end }) => ({ country, start, end })));
  expect(registry?.facts).toMatchObject({
    leastAddresses: 131_072,
    rangesInSource: rows.length,
    addressesInSource: rows.reduce((sum, { start, end }) => sum + end - start, 0),
  });
});

test("the story: a block changes hands while C is cut off, then both claims are known, then one is left", async ({
  page,
}) => {
  const problems: string[] = [];
  page.on("console", (message) => message.type() === "error" && problems.push(message.text()));
  page.on("pageerror", (error) => problems.push(error.message));
  await opened(page);
  await expect(next(page)).toHaveText("Mend the links");
  await expect(answer(page)).toHaveText("Today they disagree.");
  await expect(page.getByTestId("says")).toHaveText("A and B say Iceland, C says United Kingdom.");
  await expect(page.getByTestId("differences")).toHaveText("C differs in 25.128.0.0/9.");
  await next(page).click();
  await expect(answer(page)).toHaveText("Iceland, all three say.");
  await expect(told(page)).toHaveText("25.128.0.0/9: Iceland, before Ireland, 8,388,608 addresses.");
  await expect(next(page)).toHaveText("Withdraw Ireland's claim");
  await next(page).click();
  await expect(told(page)).toHaveText("25.128.0.0/9: Iceland, 8,388,608 addresses.");
  await expect(page.getByTestId("agreement")).toHaveText("all 3 agree");
  expect(problems).toEqual([]);
});

test("addresses are answered as the source has them", async ({ page }) => {
  await opened(page, "#internet/0/1600");
  const some = shown.filter((_, place) => place % 270 === 5);
  expect(some.length).toBeGreaterThan(12);
  for (const [place, { first, last, country }] of some.entries()) {
    await lookUp(page, place % 2 === 0 ? first : last);
    await expect(answer(page)).toHaveText(`${names.of(country)}, all three say.`);
  }
  const [small] = rows.filter(({ start, end }) => end - start < 131_072);
  await lookUp(page, small?.first ?? "");
  await expect(answer(page)).toHaveText("Nobody, all three say.");
  await expect(told(page)).toHaveText("Nobody's: it is not assigned, or in a range that is too small to be here.");
  await lookUp(page, "10.1.2.3");
  await expect(told(page)).toHaveText("10.0.0.0/8: no country's, private use.");
});

test("what is no address is refused with words at its field, and the key stays", async ({ page }) => {
  await opened(page, "#internet/0/1600");
  const before = (await key(page).getAttribute("aria-valuenow")) ?? "";
  for (const [text, words] of [
    ["8.8.8", "Four numbers with dots, like 203.0.113.7."],
    ["8.8.8.256", "256 is over 255."],
    ["256.0.0.0", "256 is over 255."],
    ["example.org", "Four numbers with dots, like 203.0.113.7."],
    ["", "An address is needed."],
  ] as const) {
    await lookUp(page, text);
    await expect(address(page)).toHaveAccessibleDescription(words);
    await expect(address(page)).toHaveAttribute("aria-invalid", "true");
    await expect(key(page)).toHaveAttribute("aria-valuenow", before);
  }
  await lookUp(page, "8.8.8.8");
  await expect(address(page)).not.toHaveAttribute("aria-invalid", "true");
  await expect(key(page)).toHaveAttribute("aria-valuetext", "8.8.8.8. United States, all three say. ");
});

test("a search by country finds all of its blocks, or says why there are none", async ({ page }) => {
  await opened(page, "#internet/0/1600");
  for (const [text, code] of [
    ["switzerland", "CH"],
    ["br", "BR"],
    ["korea", "KR"],
  ] as const) {
    await country(page).fill(text);
    const blocks = shown.filter((row) => row.country === code);
    const addresses = blocks.reduce((sum, { start, end }) => sum + end - start, 0);
    await expect(country(page)).toHaveAccessibleDescription(
      new RegExp(`^${names.of(code)}: ${number.format(blocks.length)} blocks, ${number.format(addresses)} addresses, `),
    );
    await expect(page.locator(".sought").first()).toBeAttached();
  }
  for (const [text, words] of [
    ["nobody", "There is no such country here."],
    ["united", "Which one: "],
    ["Liechtenstein", "Liechtenstein has no block here."],
  ] as const) {
    await country(page).fill(text);
    await expect(country(page)).toHaveAccessibleDescription(new RegExp(`^${words}`));
    await expect(page.locator(".sought")).toHaveCount(0);
  }
  await country(page).fill("");
  await expect(country(page)).toHaveAccessibleDescription("");
  await page.getByRole("button", { name: "Japan" }).click();
  await expect(country(page)).toHaveValue("Japan");
  await page
    .getByRole("button", { name: /^\d+\.\d+\.\d+\.\d+/ })
    .first()
    .click();
  await expect(answer(page)).toHaveText("Japan, all three say.");
});

test("by the keyboard: the key moves along the curve, a pixel or a block at a time, and looks closer", async ({
  page,
}) => {
  await opened(page, `#internet/0/1600/${8 * 2 ** 24}`);
  const is = (quad: string) => expect(key(page)).toHaveAttribute("aria-valuenow", `${valueOf(quad)}`);
  await key(page).focus();
  await page.keyboard.press("PageUp");
  await is("9.0.0.0");
  await page.keyboard.press("ArrowRight");
  await is("9.1.0.0");
  await page.keyboard.press("Shift+ArrowDown");
  await is("8.241.0.0");
  await page.keyboard.press("+");
  const part = (name: string) =>
    page.getByRole("navigation", { name: "Part of the map" }).getByRole("button", { name });
  await expect(part("8.0.0.0/8")).toHaveAttribute("aria-pressed", "true");
  await page.keyboard.press("ArrowLeft");
  await is("8.240.255.0");
  await page.keyboard.press("Enter");
  await expect(part("8.240.0.0/16")).toHaveAttribute("aria-pressed", "true");
  // Out of what is shown, the map follows.
  await page.keyboard.press("End");
  await is("255.255.255.255");
  await expect(part("255.255.0.0/16")).toHaveAttribute("aria-pressed", "true");
  await page.keyboard.press("Home");
  await is("0.0.0.0");
  await page.keyboard.press("Backspace");
  await page.keyboard.press("-");
  await expect(part("Whole")).toHaveAttribute("aria-pressed", "true");
});

test("by the pointer: a press asks, a drag follows, and two presses look closer", async ({ page }) => {
  await opened(page, "#internet/0/1600");
  const box = await page.locator(".map-picture").boundingBox();
  if (box === null) throw new Error("the map has a place");
  // The first row of the grid begins with 0, 1, 14 and 15.
  const cell = (place: number) => [box.x + ((place + 0.5) * box.width) / 16, box.y + box.width / 32] as const;
  await page.mouse.move(...cell(1));
  await expect(told(page)).toContainText(/^1\.|^Nobody/);
  await page.mouse.down();
  await expect(key(page)).toHaveAttribute("aria-valuetext", /^1\./);
  await page.mouse.move(...cell(3), { steps: 4 });
  await expect(key(page)).toHaveAttribute("aria-valuetext", /^15\./);
  await page.mouse.up();
  await page.mouse.dblclick(...cell(2));
  await expect(page.getByRole("button", { name: "14.0.0.0/8" })).toHaveAttribute("aria-pressed", "true");
  await page.getByRole("button", { name: "Whole" }).click();
  await expect(page.getByRole("button", { name: "Whole" })).toHaveAttribute("aria-pressed", "true");
});

test("each copy can be drawn, and a link has the moment, the key and the country", async ({ page, context }) => {
  await opened(page);
  await expect(next(page)).toHaveText("Mend the links");
  await page.getByRole("group", { name: "Copy of" }).getByRole("button", { name: "C" }).click();
  await expect(told(page)).toHaveText("25.128.0.0/9: United Kingdom, before Ireland, 8,388,608 addresses.");
  await country(page).fill("Iceland");
  await expect(country(page)).toHaveAccessibleDescription("Iceland has no block here.");
  await country(page).fill("Ireland");
  await page.getByRole("button", { name: /^Share/ }).click();
  const link = await page.getByRole("textbox", { name: "Link" }).inputValue();
  expect(link).toMatch(/#internet\/0\/7000\/432537601\/IE$/);
  const other = await context.newPage();
  await other.goto(link);
  await expect(country(other)).toHaveValue("Ireland");
  await expect(answer(other)).toHaveText("Today they disagree.");
  await expect(key(other)).toHaveAttribute("aria-valuetext", (await key(page).getAttribute("aria-valuetext")) ?? "");
});

test("a visitor does more: a link is cut, a block registered by numbers, and taken back", async ({ page }) => {
  await opened(page, "#internet/2/14500");
  const cut = page.getByRole("button", { name: "Cut the link between A and C" });
  await cut.focus();
  await cut.press("Enter");
  await page.getByRole("button", { name: "Edit" }).click();
  await expect(page.getByLabel("From key")).toHaveValue("25.200.0.0");
  await expect(page.getByLabel("To (not included)")).toHaveValue("25.201.0.0");
  await page.getByRole("textbox", { name: "Node" }).fill("AQ");
  await page.getByRole("button", { name: "Register" }).click();
  await page.getByLabel("Increase or decrease by").fill("3");
  await page.getByRole("button", { name: "Increase" }).click();
  await page.getByRole("button", { name: "Close" }).click();
  await expect(answer(page)).toHaveText("Antarctica, all three say.");
  await expect(told(page)).toHaveText("25.200.0.0/16: Antarctica, before Iceland, 65,536 addresses.");
  await page.locator("footer").getByRole("button", { name: "Why?" }).click();
  await expect(page.getByTestId("reasons").filter({ visible: true })).toContainText(
    "its priority is 4, and Iceland has 2.",
  );
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: /^Share/ }).click();
  await expect(page.getByRole("dialog", { name: "Share this moment" })).toContainText("too long for a link");
  const download = page.waitForEvent("download");
  await page.getByRole("button", { name: "Save the picture as SVG" }).click();
  const svg = readFileSync(await (await download).path(), "utf8");
  expect(svg).toContain("Who has 25.200.0.1? Antarctica, all three say.");
  expect(svg).toContain("Data: NRO, CC BY 4.0");
  expect(svg).toContain("area land-1");
  expect(svg).not.toMatch(/(href|src)=|url\((?!#)|@import/);
  await page.getByRole("button", { name: "Close" }).click();
  for (let times = 0; times < 2; times++) await page.getByRole("button", { name: "Undo" }).click();
  await expect(answer(page)).toHaveText("Iceland, all three say.");
});

test("the same world as rows: the key, the words and the moment stay, and a link has it", async ({ page, context }) => {
  await opened(page);
  await expect(next(page)).toHaveText("Mend the links");
  const before = await key(page).getAttribute("aria-valuetext");
  const shape = (where: Page, which: "rows" | "map") => where.getByRole("button", { name: `Show as ${which}` });
  await shape(page, "rows").focus();
  await page.keyboard.press("Enter");
  await expect(shape(page, "map")).toBeFocused();
  await expect(page.locator(".map-picture")).toHaveCount(0);
  // All blocks, and the one that Iceland got.
  await expect(page.getByTestId("sums")).toContainText(`${number.format(shown.length + 1)} ranges`);
  await expect(key(page)).toHaveAttribute("aria-valuetext", before ?? "");
  await expect(page.getByRole("button", { name: "About the data" })).toBeVisible();
  // From near, each block is there, and can be taken.
  const closer = page.getByRole("button", { name: "Zoom in at the key" });
  for (let press = 0; press < 9; press++) await closer.click();
  await expect(page.getByTestId("sums")).toBeHidden();
  await key(page).focus();
  await page.keyboard.press("Enter");
  await expect(page.getByRole("toolbar")).toHaveAttribute("aria-label", "Iceland, 25.128.0.0/9, at A");
  await page.getByRole("button", { name: /^Share/ }).click();
  const link = await page.getByRole("textbox", { name: "Link" }).inputValue();
  expect(link).toMatch(/&rows&view=[\d.]+-[\d.]+&taken=0,/);
  await page.keyboard.press("Escape");
  await lookUp(page, "8.8.8.8");
  await expect(answer(page)).toHaveText("United States, all three say, but others differ.");
  await key(page).focus();
  await page.keyboard.press("PageUp");
  await expect(key(page)).toHaveAttribute("aria-valuetext", /^20\.212\.212\.213\./);
  await shape(page, "map").click();
  await expect(shape(page, "rows")).toBeFocused();
  await expect(page.locator(".map-picture")).toBeVisible();
  const other = await context.newPage();
  await other.goto(link);
  await expect(other.getByRole("toolbar")).toHaveAttribute("aria-label", "Iceland, 25.128.0.0/9, at A");
  await expect(shape(other, "map")).toBeVisible();
});

test("why, and what messages carry, is told of countries and addresses", async ({ page }) => {
  await opened(page);
  await expect(next(page)).toHaveText("Mend the links");
  const reasons = page.getByTestId("reasons").filter({ visible: true });
  await page.locator("footer").getByRole("button", { name: "Why?" }).click();
  await expect(reasons).toContainText("A and B have not heard that C registered Ireland");
  await expect(reasons).toContainText("C has not heard that B registered Iceland");
  await expect(reasons).toContainText("C has not heard that A released United Kingdom");
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: "Network" }).click();
  const messages = page.getByRole("region", { name: "The last messages" });
  await expect(messages).toContainText("with Ireland 25.128.0.0/9 +1; stopped by a cut.");
  await expect(messages).not.toContainText(/\b(GB|IE|IS)\b|\d{6}/);
  await page.keyboard.press("Escape");
  await next(page).click();
  await expect(answer(page)).toHaveText("Iceland, all three say.");
  await page.locator("footer").getByRole("button", { name: "Why?" }).click();
  await expect(reasons).toContainText("Iceland comes before Ireland: its priority is 2, and Ireland has 1.");
  await expect(reasons).toContainText("Iceland: Priority 2: B registered it and added 1");
});

test("what was left out and whom to thank is said", async ({ page }) => {
  await opened(page);
  await page.getByRole("button", { name: "About the data" }).click();
  const sheet = page.getByRole("dialog", { name: "About the data" });
  await expect(sheet).toContainText(`${number.format(shown.length)} of ${number.format(rows.length)} ranges`);
  await expect(sheet).toContainText("so a gap may hide some");
  await expect(sheet).toContainText("don't locate anyone by it");
  await expect(sheet).toContainText("Number Resource Organization (nro.net), CC BY 4.0");
});

test.describe("its file", () => {
  test.use({ serviceWorkers: "block" });

  test("is fetched once the story is opened, and kept for when there is no network", async ({ page, request }) => {
    const fetched: string[] = [];
    page.on("request", (one) => one.url().endsWith(".bin") && fetched.push(one.url()));
    await page.goto("./");
    await expect(key(page)).toBeVisible();
    expect(fetched).toEqual([]);
    await page.getByRole("combobox", { name: "Story" }).selectOption("internet");
    await expect(page.getByRole("button", { name: "About the data" })).toBeVisible();
    expect(fetched.length).toBe(1);
    const worker = await (await request.get("./service-worker.js")).text();
    expect(worker).toContain(fetched[0]?.split("/").at(-1));
  });

  test("may be damaged or not come: a sentence, another try, and the page goes on", async ({ page }) => {
    let reply: { status: number; body: string } | null = { status: 200, body: "<!doctype html>" };
    await page.route(/\.bin$/, (route) => (reply === null ? route.continue() : route.fulfill(reply)));
    await page.goto("./#internet");
    const words = page.locator(".caption .words");
    await expect(words).toHaveText(/^The (registry's )?file .*\.$/);
    reply = { status: 503, body: "" };
    await page.getByRole("button", { name: "Try again" }).click();
    await expect(words).toHaveText("The registry did not come: the server answered 503.");
    await page.getByRole("combobox", { name: "Story" }).selectOption("fills-up");
    await expect(answer(page)).toHaveText("Maple, all three say.");
    reply = null;
    await page.getByRole("combobox", { name: "Story" }).selectOption("internet");
    await expect(page.getByRole("button", { name: "About the data" })).toBeVisible();
  });
});

test("what is done while there is no registry is refused, and does not happen later", async ({ page }) => {
  await page.route(/\.bin$/, (route) => route.fulfill({ status: 500, body: "no" }));
  await page.goto("./#internet");
  await expect(page.getByRole("button", { name: "Try again" })).toBeVisible();
  const offline = page.getByRole("button", { name: "Take A offline" });
  await offline.click();
  await page.getByRole("button", { name: "Step" }).click();
  await expect(page.locator(".caption .words")).not.toHaveText("");
  await expect(offline).toHaveAttribute("aria-pressed", "false");
  await page.unroute(/\.bin$/);
  await page.getByRole("button", { name: "Try again" }).click();
  await expect(page.getByRole("button", { name: "About the data" })).toBeVisible();
  await offline.click();
  await expect(offline).toHaveAttribute("aria-pressed", "true");
});

test("an address is looked up by the button, too, and a wrong one is said", async ({ page }) => {
  await opened(page, "#internet/0/7000");
  await address(page).fill("8.8.8.8");
  await page.getByRole("button", { name: "Look up" }).click();
  await expect(page.getByRole("heading", { level: 1 })).toContainText("Who has 8.8.8.8? United States");
  await address(page).fill("999.1.1.1");
  await page.getByRole("button", { name: "Look up" }).click();
  await expect(page.getByText("999 is over 255.")).toBeVisible();
  await expect(address(page)).toHaveValue("999.1.1.1");
  await page.getByRole("button", { name: "Back to the story's key" }).click();
  await expect(page.getByRole("heading", { level: 1 })).toContainText("Who has 25.200.0.1?");
});

test("the keyboard goes on from where the map was pressed", async ({ page }) => {
  await opened(page, "#internet/0/7000");
  await page.locator(".map").click({ position: { x: 30, y: 150 } });
  const slider = page.getByRole("slider", { name: "Key" });
  await expect(slider).toBeFocused();
  const before = await slider.getAttribute("aria-valuenow");
  await page.keyboard.press("ArrowRight");
  await expect(slider).not.toHaveAttribute("aria-valuenow", before ?? "");
});

test("the map, the key and the time are on one screen of each size", async ({ page }) => {
  await opened(page, "#internet/0/7000/432537601/US");
  for (const [width, height] of [
    [1024, 640],
    [1280, 720],
    [1920, 1080],
    [820, 1100],
    [360, 740],
    [320, 740],
  ] as const) {
    await page.setViewportSize({ width, height });
    const scrolled = () =>
      page.evaluate(() => [document.documentElement.scrollWidth, document.documentElement.scrollHeight]);
    await expect.poll(scrolled).toEqual([width, height]);
    for (const name of ["A", "B", "C"]) {
      await expect(page.getByRole("button", { name: `Take ${name} offline` })).toBeInViewport({ ratio: 1 });
    }
    await expect(page.locator(".map")).toBeInViewport({ ratio: 1 });
    const box = await page.locator(".map").boundingBox();
    expect(box?.width).toBeGreaterThanOrEqual(160);
    await expect(page.getByText(/^United States: [\d,]+ blocks/)).toBeInViewport({ ratio: 1 });
    for (const field of [country(page), address(page), page.getByRole("slider", { name: "Time" })]) {
      await expect(field).toBeInViewport({ ratio: 1 });
    }
  }
});

for (const hash of ["#internet/0/7000", "#internet/1/11000/432537601/US", "#internet/0/7000/432537601&rows"]) {
  test(`axe finds nothing in ${hash}, light and dark, wide and narrow`, async ({ page }) => {
    await opened(page, hash);
    await expectNoViolations(page);
  });
}

test("as rows, the blocks of a country that is searched for are underlined, and others are not", async ({ page }) => {
  await opened(page, "#internet/0/1600");
  await page.getByRole("button", { name: "Rows" }).click();
  /** How many pixels have the colour of what is searched for. */
  const underlined = () =>
    page.evaluate(() => {
      const canvas = document.querySelector("#stage canvas") as HTMLCanvasElement;
      const probe = document.body.appendChild(document.createElement("i"));
      probe.style.color = "var(--sought)";
      const [red, green, blue] = getComputedStyle(probe).color.match(/\d+/g)?.map(Number) ?? [];
      probe.remove();
      const { data } = canvas.getContext("2d")!.getImageData(0, 0, canvas.width, canvas.height);
      let count = 0;
      for (let at = 0; at < data.length; at += 4)
        if (data[at] === red && data[at + 1] === green && data[at + 2] === blue) count++;
      return count;
    });
  await expect(page.getByTestId("sums")).toBeVisible();
  expect(await underlined()).toBe(0);
  await country(page).fill("switzerland");
  await expect(country(page)).toHaveAccessibleDescription(/^Switzerland: .* Underlined in blue\.$/);
  // In each of three rows.
  await expect.poll(underlined).toBeGreaterThan(3 * 20);
  await country(page).fill("");
  await expect.poll(underlined).toBe(0);
});
