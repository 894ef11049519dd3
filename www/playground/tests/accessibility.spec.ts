import AxeBuilder from "@axe-core/playwright";
import { expect, test } from "@playwright/test";
import { Playground, type ScenarioId } from "./playground";

for (const colorScheme of ["light", "dark"] as const) {
  for (const scenario of ["small", "ipv4"] satisfies ScenarioId[]) {
    test(`axe finds nothing wrong: ${scenario}, ${colorScheme}`, async ({ browser }) => {
      const context = await browser.newContext({ colorScheme });
      const playground = await Playground.open(context, scenario);
      await Playground.open(context, scenario);
      await expect(playground.otherTabs).toHaveCount(3);
      const replica = playground.replica("A");
      await replica.registrations();
      await replica.splits();
      await replica.band.focus();
      await playground.page.keyboard.press("ArrowRight");
      await playground.replica("B").setOnline(false);
      await playground.replica("B").edit("Register", { node: "", start: "x", end: "y" });
      const { violations } = await new AxeBuilder({ page: playground.page }).analyze();
      expect(
        violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 160)).join(" | ")}`),
      ).toEqual([]);
      await context.close();
    });
  }
}

test("the box for no end is large enough to be hit, wherever the page is scrolled to", async ({ page }) => {
  await page.setViewportSize({ width: 1280, height: 800 });
  const playground = await Playground.at(page);
  await playground.replica("A").edit("Register", { node: "", start: "x", end: "y" });
  for (let top = 360; top < 440; top += 12) {
    await page.evaluate((top) => scrollTo(0, top), top);
    const { violations } = await new AxeBuilder({ page }).withRules(["target-size"]).include("form").analyze();
    expect(violations.flatMap(({ nodes }) => nodes.map(({ html }) => html.slice(0, 160)))).toEqual([]);
  }
});
