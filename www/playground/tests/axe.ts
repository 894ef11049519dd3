/** What axe finds in a page that is open, in both themes, wide and narrow. */
import { AxeBuilder } from "@axe-core/playwright";
import { expect, type Page } from "@playwright/test";

const SIZES = [
  { width: 1280, height: 720 },
  { width: 360, height: 740 },
];

/** All rules for each size; and since a theme changes nothing but colours, only the rules on colours for the second one. */
export async function expectNoViolations(
  page: Page,
  atSize: (size: { readonly width: number }) => Promise<void> = () => Promise.resolve(),
): Promise<void> {
  for (const size of SIZES) {
    await page.setViewportSize(size);
    await atSize(size);
    await page.emulateMedia({ colorScheme: "light" });
    expect(await violationsIn(new AxeBuilder({ page }))).toEqual([]);
    await page.emulateMedia({ colorScheme: "dark" });
    expect(await violationsIn(new AxeBuilder({ page }).withTags("cat.color"))).toEqual([]);
  }
}

async function violationsIn(builder: AxeBuilder): Promise<string[]> {
  const { violations } = await builder.analyze();
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join()}`);
}
