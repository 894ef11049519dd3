import { expect, test, type Page } from "@playwright/test";
import { Playground } from "./playground";

/** Tabs on until the focus is on what is called `name`, and checks that each stop on the way can be seen. */
async function tabTo(page: Page, role: string, name: string | RegExp, key = "Tab"): Promise<void> {
  const target = page
    .getByRole("main")
    .getByRole(role as "button", { name, exact: true })
    .first();
  for (let stops = 0; stops < 80; stops++) {
    await page.keyboard.press(key);
    const outline = await page.evaluate(() => {
      const focused = document.activeElement;
      if (focused === null || focused === document.body) return "nothing has the focus";
      const seen = [focused, focused.parentElement].some(
        (element) => element !== null && getComputedStyle(element).outlineStyle !== "none",
      );
      return seen ? "seen" : `no outline on ${focused.outerHTML.slice(0, 120)}`;
    });
    if (outline !== "nothing has the focus") expect(outline).toBe("seen");
    if (await target.evaluate((element) => element === document.activeElement)) return;
  }
  throw new Error(`${role} "${String(name)}" is not reached by ${key}`);
}

test("register, increase, tighten and release with the keyboard alone", async ({ page }) => {
  const playground = await Playground.at(page);
  const replica = playground.replica("A");

  await tabTo(page, "application", "Key space of Replica A");
  await page.keyboard.press("Enter");
  await expect(replica.field("Start")).toBeFocused();
  await page.keyboard.press("Shift+Tab");
  await expect(replica.field("Node")).toBeFocused();
  await page.keyboard.type("k");
  await page.keyboard.press("Tab");
  await page.keyboard.type("790");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Tab");
  await expect(replica.field("End")).toBeFocused();
  await page.keyboard.type("860");
  await page.keyboard.press("Enter");
  await expect(replica.note).toContainText("k, 790 – 860: Registered, priority 1.");

  await tabTo(page, "application", "Key space of Replica A", "Shift+Tab");
  await page.keyboard.press("End");
  await expect(replica.note).toContainText("Selected: e, 860 and on, priority 1.");
  await page.keyboard.press("ArrowLeft");
  await expect(replica.note).toContainText("Selected: k, 790 – 860, priority 1.");
  await page.keyboard.press("+");
  await page.keyboard.press("+");
  await expect(replica.note).toContainText("Increased to priority 3.");
  await page.keyboard.press("-");
  await expect(replica.note).toContainText("Decreased to priority 2.");

  await page.keyboard.press("Tab");
  const start = replica.band.getByRole("slider", { name: /^Start of k/ });
  await expect(start).toBeFocused();
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("ArrowRight");
  await expect(start).not.toHaveAttribute("aria-valuetext", "790");
  await page.keyboard.press("Escape");
  await expect(start).toHaveAttribute("aria-valuetext", "790");
  await page.keyboard.press("ArrowRight");
  const moved = await start.getAttribute("aria-valuetext");
  await page.keyboard.press("Enter");
  await expect(replica.note).toContainText(`Selected: k, ${moved} – 860, priority 2.`);

  await tabTo(page, "application", "Key space of Replica A", "Shift+Tab");
  await page.keyboard.press("Delete");
  await expect(replica.note).toContainText("Released.");
  await expect.poll(() => playground.replica("B").splits()).toContain("790 860 gap");
});

test("zoom and pan with the keyboard", async ({ page }) => {
  await Playground.at(page);
  const view = page.getByTestId("view");
  await tabTo(page, "application", "Key space of Replica B");
  await page.keyboard.press("Shift+ArrowUp");
  await expect(view).toHaveText("188 – 813");
  await page.keyboard.press("Shift+ArrowRight");
  await expect(view).toHaveText("313 – 938");
  await page.keyboard.press("Shift+ArrowDown");
  await expect(view).toHaveText("0 – 1000");
});

test("the switch, the scenarios and the theme with the keyboard", async ({ page }) => {
  const playground = await Playground.at(page);
  await tabTo(page, "switch", "Replica A online");
  await page.keyboard.press("Space");
  await expect(playground.replica("A").agreement).toHaveText("offline, nothing missed");

  await page.getByRole("radio", { name: "Auto" }).focus();
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("ArrowRight");
  await expect(page.getByRole("radio", { name: "Dark" })).toBeChecked();
  await page.reload();
  await expect(page.getByRole("radio", { name: "Dark" })).toBeChecked();
});
