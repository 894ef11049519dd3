import { expect, test, type Page } from "@playwright/test";
import { Playground, type ReplicaPanel } from "./playground";

/** Where a key lies on a band of the small key space, given the lane counted from the top. */
async function pointAt(replica: ReplicaPanel, key: number, y: number): Promise<{ x: number; y: number }> {
  await replica.band.scrollIntoViewIfNeeded();
  const box = await replica.band.boundingBox();
  if (box === null) throw new Error("the band is not visible");
  const gutter = 36;
  return { x: box.x + gutter + ((box.width - gutter) * key) / 1000, y: box.y + y };
}

async function drag(page: Page, from: { x: number; y: number }, to: { x: number; y: number }): Promise<void> {
  await page.mouse.move(from.x, from.y);
  await page.mouse.down();
  await page.mouse.move((from.x + to.x) / 2, (from.y + to.y) / 2, { steps: 3 });
  await page.mouse.move(to.x, to.y, { steps: 3 });
  await page.mouse.up();
}

const AXIS = 22;
const LANE = 18;
const laneY = (lane: number) => AXIS + lane * LANE + LANE / 2;
const SPLITS_Y = AXIS + 132 + 18 + 10;

test("dragging on the free lane registers for the chosen node, dragging an end tightens", async ({ page }) => {
  const playground = await Playground.at(page);
  const replica = playground.replica("A");
  await replica.field("Node").fill("drawn");
  await drag(page, await pointAt(replica, 600, laneY(6)), await pointAt(replica, 850, laneY(6)));
  await expect(replica.note).toContainText("Registered, priority 1.");
  await expect(replica.note).toContainText("Selected: drawn, 600 – 850");

  const end = await replica.band.getByRole("slider", { name: /^End of drawn/ }).boundingBox();
  if (end === null) throw new Error("the selected registration has no handle");
  const grip = { x: end.x + end.width / 2, y: end.y + end.height / 2 };
  await drag(page, grip, { x: (await pointAt(replica, 700, 0)).x, y: grip.y });
  await expect(replica.note).toContainText("Selected: drawn, 600 – 700, priority 1. Tightened, priority 1.");
  await expect
    .poll(() => playground.replica("C").registrations())
    .toContainEqual(expect.stringMatching(/^drawn 600 700 1/));
});

test("dragging in a node's own lane registers for that node", async ({ page }) => {
  const playground = await Playground.at(page);
  const replica = playground.replica("A");
  await drag(page, await pointAt(replica, 850, laneY(2)), await pointAt(replica, 950, laneY(2)));
  await expect(replica.note).toContainText("Selected: b, 850 – 950, priority 1. Registered, priority 1.");
});

test("a click on a bar selects it, a click on a split looks its key up", async ({ page }) => {
  const playground = await Playground.at(page);
  const replica = playground.replica("B");
  const bar = await pointAt(replica, 200, laneY(2));
  await page.mouse.click(bar.x, bar.y);
  await expect(replica.note).toContainText("Selected: b, 120 – 480, priority 2.");
  await expect(replica.field("End")).toHaveValue("480");
  const split = await pointAt(replica, 830, SPLITS_Y);
  await page.mouse.click(split.x, split.y);
  await expect(page.getByRole("textbox", { name: "Key", exact: true })).toHaveValue(/^8(29|30|31)$/);
  await expect(playground.answers.getByRole("listitem").first()).toContainText("a gap");
});

test("a plain wheel scrolls the page, with Ctrl it zooms all bands", async ({ page }) => {
  const playground = await Playground.at(page);
  const view = page.getByTestId("view");
  const at = await pointAt(playground.replica("A"), 500, laneY(1));
  await page.mouse.move(at.x, at.y);
  const scrolledBefore = await page.evaluate(() => scrollY);
  await page.mouse.wheel(0, 120);
  await expect.poll(() => page.evaluate(() => scrollY)).toBeGreaterThan(scrolledBefore);
  await expect(view).toHaveText("0 – 1000");

  const again = await pointAt(playground.replica("A"), 500, laneY(1));
  await page.mouse.move(again.x, again.y);
  await page.keyboard.down("Control");
  await page.mouse.wheel(0, -200);
  await page.keyboard.up("Control");
  await expect(view).not.toHaveText("0 – 1000");
});
