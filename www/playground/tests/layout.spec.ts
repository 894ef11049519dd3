import { expect, test } from "@playwright/test";
import { Playground, type ScenarioId } from "./playground";

const WIDTHS = [360, 768, 1280, 2560];
const SCENARIOS: readonly ScenarioId[] = ["small", "ipv4"];

for (const scenario of SCENARIOS) {
  for (const width of WIDTHS) {
    test(`${scenario}: nothing overflows sideways at ${width} px`, async ({ page, context }) => {
      await page.setViewportSize({ width, height: 900 });
      const playground = await Playground.at(page, scenario);
      const other = await Playground.open(context, scenario);
      await expect(playground.otherTabs).toHaveCount(3);
      const replica = playground.replica("A");
      await replica.edit("Register", { node: "a-node-with-quite-a-long-name", start: "", end: "999999999999999" });
      await replica.registrations();
      await replica.splits();
      await page.locator("details summary").first().click();
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width);
      await other.page.close();
    });
  }
}

for (const width of WIDTHS) {
  test(`nothing moves when words come and go at ${width} px`, async ({ page, context }) => {
    await page.setViewportSize({ width, height: 900 });
    const playground = await Playground.at(page);
    const replica = playground.replica("A");
    const panels = page.locator("section.panel");
    const places = () =>
      panels.evaluateAll((all) => all.map((panel) => Math.round(panel.getBoundingClientRect().top + scrollY)));
    const before = await places();
    const stay = async (after: string) => expect(await places(), after).toEqual(before);

    await replica.band.focus();
    await page.keyboard.press("Home");
    await expect(replica.note).toContainText("Selected: a");
    await stay("a selection");
    await replica.edit("Register", { node: "", start: "x", end: "y" });
    await expect(replica.field("Node")).toHaveAttribute("aria-invalid", "true");
    await stay("problems beside the fields");
    await replica.edit("Register", { node: "new", start: "100", end: "300" });
    await expect(replica.note).toContainText("Registered");
    await stay("an operation, and one more lane");
    await replica.setOnline(false);
    await expect(replica.agreement).toContainText("offline");
    await stay("going offline");
    await playground.lookUp("nonsense");
    await expect(page.getByRole("textbox", { name: "Key", exact: true })).toHaveAttribute("aria-invalid", "true");
    await stay("a look-up of nonsense");
    const other = await Playground.open(context);
    await expect(playground.otherTabs).toHaveCount(3);
    await stay("another tab");
    await other.page.close();
  });
}
