/** What tests of one page look at and do again and again. */
import { expect, type Locator, type Page } from "@playwright/test";

export const answer = (page: Page) => page.getByTestId("answer");
export const says = (page: Page) => page.getByTestId("says");
export const agreement = (page: Page) => page.getByTestId("agreement");
export const key = (page: Page) => page.getByRole("slider", { name: "Key" });
export const seen = (page: Page) => page.getByRole("region", { name: "What is to be seen" });
export const mend = (page: Page) => page.getByRole("button", { name: "Mend the links" });

/** Opens a story, and waits until its first step has played. */
export async function opened(page: Page, hash = ""): Promise<void> {
  await page.goto(`./${hash}`);
  await expect(key(page)).toBeVisible();
}

/** Where its first step ends: opened there, nobody has to wait until it has played. */
export const DISAGREEMENT = "#who-serves/0/6000/420";

export async function played(page: Page): Promise<void> {
  await expect(page.getByRole("button", { name: "Play", exact: true })).toBeVisible();
}

/** Pairs of things to press in the page's head and foot that lie on each other. */
export async function overlapping(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const all = [...document.querySelectorAll(".bar > *, .caption nav > *, footer .tools button, #app > button")];
    const boxes = all.map((it) => ({ name: it.textContent, ...it.getBoundingClientRect().toJSON() }));
    const shown = boxes.filter(({ width, height, left }) => width > 1 && height > 1 && left >= 0);
    return shown.flatMap((one, place) =>
      shown
        .slice(place + 1)
        .filter(
          (other) =>
            one.left < other.right && other.left < one.right && one.top < other.bottom && other.top < one.bottom,
        )
        .map((other) => `${one.name} and ${other.name}`),
    );
  });
}

export async function pressed(button: Locator): Promise<void> {
  await button.focus();
  await button.press("Enter");
}
