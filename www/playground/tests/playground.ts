/** The page as tests see it: by roles, names and words, as people do. */
import { expect, type BrowserContext, type Locator, type Page } from "@playwright/test";

export type ScenarioId = "small" | "ipv4" | "empty";
export type Operation = "Register" | "Release" | "Increase" | "Decrease" | "Tighten";

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
  readonly network: NetworkPanel;

  private constructor(page: Page) {
    this.page = page;
    this.overall = page.getByTestId("overall");
    this.answers = page.getByTestId("answers");
    this.otherTabs = page.getByTestId("other-tabs").getByRole("listitem");
    this.network = new NetworkPanel(page.getByRole("region", { name: "Network", exact: true }));
  }

  static async open(context: BrowserContext, scenario: ScenarioId = "small"): Promise<Playground> {
    return Playground.at(await context.newPage(), scenario);
  }

  static async at(page: Page, scenario: ScenarioId = "small"): Promise<Playground> {
    await page.goto(`./workbench.html#${scenario}`);
    const playground = new Playground(page);
    await expect(playground.replica("A").band).toBeVisible();
    return playground;
  }

  /** A page that is there already. */
  static of(page: Page): Playground {
    return new Playground(page);
  }

  replica(letter: string): ReplicaPanel {
    // In other tabs than the first the tab's number follows.
    return new ReplicaPanel(this.page.getByRole("region", { name: new RegExp(`^Replica ${letter}\\d*$`) }));
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
    }).toPass();
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

export type Preset = "Perfect" | "Lossy" | "Slow" | "Split in two" | "Heal";

export class NetworkPanel {
  readonly panel: Locator;
  readonly toggle: Locator;
  readonly conditions: Locator;
  /** The rows of the list of messages, the newest first. */
  readonly posts: Locator;
  /** The row for all links, and one for each. */
  readonly links: Locator;

  constructor(panel: Locator) {
    this.panel = panel;
    this.toggle = panel.getByRole("button", { name: "Network", exact: true });
    this.conditions = panel.getByTestId("conditions");
    this.posts = panel.getByTestId("posts").locator("tbody tr");
    this.links = panel.getByTestId("links").locator("tbody tr");
  }

  async open(): Promise<void> {
    await this.toggle.click();
    await expect(this.toggle).toHaveAttribute("aria-expanded", "true");
  }

  /** A setting of a link, such as `Loss in percent, A – B`. */
  field(name: string): Locator {
    return this.panel.getByRole("spinbutton", { name, exact: true });
  }

  /** Types it, as a person does: what is no number can be tried too. */
  async set(name: string, text: string): Promise<void> {
    await this.field(name).selectText();
    await this.field(name).pressSequentially(text);
  }

  async preset(title: Preset): Promise<void> {
    await this.panel.getByRole("button", { name: title, exact: true }).click();
  }

  async traffic(): Promise<Record<"posts" | "deliveries" | "faults", number>> {
    const text = (await this.panel.getByTestId("traffic").innerText()).replaceAll(",", "");
    const count = (what: string) => Number(new RegExp(`${what}\\s+(\\d+)`).exec(text)?.[1]);
    return { posts: count("posts"), deliveries: count("deliveries"), faults: count("faults") };
  }

  kind(kind: string): Locator {
    return this.panel.getByTestId("kinds").locator("tr").filter({ hasText: kind });
  }

  /** How many messages of that kind were posted. */
  async count(kind: string): Promise<number> {
    return Number((await this.kind(kind).locator("td").first().innerText()).replaceAll(",", ""));
  }

  /** Waits until somebody posts a digest, before which nothing else was posted for a while. */
  async nextDigest(): Promise<void> {
    const before = await this.count("digest");
    await expect.poll(() => this.count("digest")).toBeGreaterThan(before);
  }

  fault(fault: string): Locator {
    return this.panel
      .getByTestId("faults")
      .locator("tr")
      .filter({ hasText: new RegExp(`^${fault}`) });
  }
}
