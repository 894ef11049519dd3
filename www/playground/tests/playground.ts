/** The page as tests see it: by roles, names and words, as people do. */
import { expect, type BrowserContext, type Locator, type Page } from "@playwright/test";

export type ScenarioId = "small" | "ipv4" | "empty";
export type Operation = "Register" | "Release" | "Raise" | "Lower" | "Tighten";

export interface Edit {
  readonly node: string;
  readonly start: string;
  /** `null`: no end. */
  readonly end: string | null;
  readonly by?: string;
}

export class Playground {
  readonly page: Page;
  readonly overall: Locator;
  readonly answers: Locator;
  readonly otherTabs: Locator;

  private constructor(page: Page) {
    this.page = page;
    this.overall = page.getByTestId("overall");
    this.answers = page.getByTestId("answers");
    this.otherTabs = page.getByTestId("other-tabs").getByRole("listitem");
  }

  static async open(context: BrowserContext, scenario: ScenarioId = "small"): Promise<Playground> {
    return Playground.at(await context.newPage(), scenario);
  }

  static async at(page: Page, scenario: ScenarioId = "small"): Promise<Playground> {
    await page.goto(`./#${scenario}`);
    const playground = new Playground(page);
    await expect(playground.replica("A").band).toBeVisible();
    return playground;
  }

  replica(letter: string): ReplicaPanel {
    return new ReplicaPanel(this.page.getByRole("region", { name: `Replica ${letter}`, exact: true }));
  }

  async replicas(): Promise<ReplicaPanel[]> {
    return (await this.page.locator("section.panel").all()).map((panel) => new ReplicaPanel(panel));
  }

  async lookUp(key: string): Promise<void> {
    await this.page.getByRole("textbox", { name: "Key", exact: true }).fill(key);
  }

  /** The splits of all replicas as text, which are expected to become equal: they are returned once. */
  async agreedSplits(): Promise<string[]> {
    let agreed: string[] = [];
    await expect(async () => {
      const [first, ...others] = await Promise.all((await this.replicas()).map((replica) => replica.splits()));
      expect(first).toBeDefined();
      for (const other of others) expect(other).toEqual(first);
      agreed = first ?? [];
    }).toPass({ timeout: 15_000 });
    return agreed;
  }
}

export class ReplicaPanel {
  readonly panel: Locator;
  readonly band: Locator;
  readonly note: Locator;
  readonly agreement: Locator;
  readonly switch: Locator;

  constructor(panel: Locator) {
    this.panel = panel;
    this.band = panel.getByRole("application");
    this.note = panel.getByTestId("note");
    this.agreement = panel.getByTestId("agreement");
    this.switch = panel.getByRole("switch");
  }

  field(label: "Node" | "Start" | "End" | "By"): Locator {
    return this.panel.getByLabel(label, { exact: true });
  }

  button(operation: Operation): Locator {
    return this.panel.getByRole("group", { name: "Operations" }).getByRole("button", { name: operation, exact: true });
  }

  async fill({ node, start, end, by = "1" }: Edit): Promise<void> {
    await this.field("Node").fill(node);
    await this.field("Start").fill(start);
    await this.panel.getByRole("checkbox", { name: "no end" }).setChecked(end === null);
    if (end !== null) await this.field("End").fill(end);
    await this.field("By").fill(by);
  }

  async edit(operation: Operation, edit: Edit): Promise<void> {
    await this.fill(edit);
    await this.button(operation).click();
  }

  async setOnline(online: boolean): Promise<void> {
    if ((await this.switch.getAttribute("aria-checked")) !== String(online)) await this.switch.click();
    await expect(this.switch).toHaveAttribute("aria-checked", String(online));
  }

  /** Each row of the table of splits as `start end owners`. */
  async splits(): Promise<string[]> {
    return this.#rows("Splits as a table", "splits");
  }

  async registrations(): Promise<string[]> {
    return this.#rows("Registrations as a table", "registrations");
  }

  async #rows(summary: string, testId: string): Promise<string[]> {
    const table = this.panel.getByTestId(testId);
    if (!(await table.isVisible())) await this.panel.getByText(summary).click();
    const rows = await table.locator("tbody tr").allInnerTexts();
    return rows.map((row) => row.replace(/\s+/g, " ").trim());
  }
}
