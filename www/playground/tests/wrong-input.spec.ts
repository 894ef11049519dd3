import { expect, test, type Locator } from "@playwright/test";
import { Playground, type ReplicaPanel } from "./playground";

/** The answer stands with the field, is tied to it for screen readers, and what was typed is still there. */
async function expectProblem(field: Locator, words: string | RegExp, typed: string): Promise<void> {
  await expect(field).toHaveAttribute("aria-invalid", "true");
  await expect(field).toHaveAccessibleDescription(words);
  await expect(field).toHaveValue(typed);
  const says = await field.getAttribute("aria-describedby");
  const message = field.page().locator(`[id="${says}"]`);
  await expect(message).toBeVisible();
  await expect(message).toHaveAttribute("aria-live", "polite");
  const [fieldBox, messageBox] = [await field.boundingBox(), await message.boundingBox()];
  expect(messageBox?.x).toBe(fieldBox?.x);
  expect((messageBox?.y ?? Infinity) - (fieldBox?.y ?? 0) - (fieldBox?.height ?? 0)).toBeLessThan(8);
}

const fine = { node: "a", start: "100", end: "300" } as const;

let replica: ReplicaPanel;
let playground: Playground;

test.beforeEach(async ({ page }) => {
  page.on("dialog", (dialog) => {
    throw new Error(`a dialog opened: ${dialog.message()}`);
  });
  playground = await Playground.at(page);
  replica = playground.replica("A");
});

test("an empty node, a node that is too long", async () => {
  await replica.edit("Register", { ...fine, node: "" });
  await expectProblem(replica.field("Node"), "A name is needed.", "");
  await expect(replica.field("Node")).toBeFocused();

  await replica.field("Node").fill("é".repeat(128));
  await expectProblem(replica.field("Node"), "256 bytes; at most 255 fit.", "é".repeat(128));
  await replica.field("Node").fill("é".repeat(127));
  await expect(replica.field("Node")).not.toHaveAttribute("aria-invalid");
  await replica.button("Register").click();
  await expect(replica.note).toContainText("Registered, priority 1.");
});

test("keys that are none", async () => {
  await replica.edit("Register", { ...fine, start: "12.5", end: "-1" });
  await expectProblem(replica.field("Start"), "A whole number, digits only.", "12.5");
  await expectProblem(replica.field("End"), "A whole number, digits only.", "-1");
  await replica.edit("Register", { ...fine, end: "1001" });
  await expectProblem(replica.field("End"), "Keys here go from 0 to 1000.", "1001");
  await replica.edit("Register", { ...fine, end: "" });
  await expectProblem(replica.field("End"), "A key is needed.", "");
});

test("a range that is empty or backwards", async () => {
  for (const start of ["300", "301"]) {
    await replica.edit("Register", { ...fine, start });
    await expectProblem(replica.field("End"), `Must be after the start, ${start}.`, "300");
    await expect(replica.field("End")).toBeFocused();
  }
  await expect(replica.note).not.toContainText("Registered");
});

test("an amount that is none, too small or too large", async () => {
  for (const [by, words] of [
    ["", "A whole number."],
    ["two", "A whole number."],
    ["0", "At least 1."],
    ["4294967296", "At most 4294967295."],
  ] as const) {
    await replica.edit("Increase", { ...fine, by });
    await expectProblem(replica.field("By"), words, by);
  }
  await replica.edit("Increase", { ...fine, by: "4294967295" });
  await expect(replica.note).toContainText("Increased to priority 4294967295.");
});

test("tightening needs a selection, and a smaller range within it", async () => {
  await replica.edit("Tighten", fine);
  await expectProblem(replica.field("Start"), "Select a registration to tighten first.", "100");

  await replica.registrations();
  await replica.panel.getByRole("button", { name: "d", exact: true }).click();
  await expect(replica.note).toContainText("Selected: d, 560 – 790, priority 2.");
  await replica.button("Tighten").click();
  await expectProblem(replica.field("End"), "Must be a smaller part of the selected one.", "790");
  await replica.field("Start").fill("500");
  await expectProblem(replica.field("Start"), "Must be a smaller part of the selected one.", "500");
  await replica.field("Start").fill("600");
  await replica.button("Tighten").click();
  await expect(replica.note).toContainText("Selected: d, 600 – 790, priority 2. Tightened, priority 2.");
});

test("an operation that finds nothing says so", async () => {
  await replica.edit("Release", { ...fine, node: "nobody" });
  await expect(replica.note).toContainText("Nothing to release: it is not registered here.");
  await replica.edit("Decrease", { ...fine, node: "nobody" });
  await expect(replica.note).toContainText("Nothing to decrease: it is not registered here.");
});

test("a look-up of something that is no key", async ({ page }) => {
  await playground.lookUp("abc");
  const field = page.getByRole("textbox", { name: "Key", exact: true });
  await expectProblem(field, "A whole number, digits only.", "abc");

  await page.goto("./workbench.html#ipv4");
  for (const [typed, words] of [
    ["1.2.3", "Four numbers with dots, like 203.0.113.7."],
    ["1.2.3.x", "Four numbers with dots, like 203.0.113.7."],
    ["1.2.3.256", "256 is over 255."],
    ["", "An address is needed."],
  ] as const) {
    await playground.lookUp(typed);
    await expectProblem(field, words, typed);
  }
  await playground.lookUp("1.2.3.4");
  await expect(field).not.toHaveAttribute("aria-invalid");
});
