/** WebKitGTK by WebDriver: its own driver, and its own small browser. */
import { buttonNamed, PATIENCE_MS, textOf, type Engine, type Tab } from "./engine";
import { startDriver, type Driver } from "./webkit-driver";

/** By this name WebDriver tells elements from other objects. */
const ELEMENT = "element-6066-11e4-a52e-4f735466cecf";

export async function launchWebKit(): Promise<Engine> {
  const driver = await startDriver();
  try {
    const timeouts = { script: PATIENCE_MS, pageLoad: PATIENCE_MS };
    const { sessionId, capabilities } = (await driver.send("POST", "/session", {
      capabilities: { alwaysMatch: { timeouts } },
    })) as { sessionId: string; capabilities: { browserVersion: string } };
    // The window that was there from the beginning stays empty: whoever closes the chosen one has to choose another.
    const home = (await driver.send("GET", `/session/${sessionId}/window`)) as string;
    return new WebKit(driver, `/session/${sessionId}`, home, `WebKitGTK/${capabilities.browserVersion}`);
  } catch (error) {
    driver.stop();
    throw error;
  }
}

class WebKit implements Engine {
  readonly #driver: Driver;
  readonly #session: string;
  readonly #home: string;
  readonly #tabs = new Set<WebKitTab>();
  readonly #complaints: string[] = [];
  #chosen = "";

  constructor(
    driver: Driver,
    session: string,
    home: string,
    readonly version: string,
  ) {
    this.#driver = driver;
    this.#session = session;
    this.#home = home;
  }

  /** Commands go to one tab, which has to be chosen before. */
  async send(handle: string, method: "GET" | "POST" | "DELETE", path: string, body?: unknown): Promise<unknown> {
    if (handle !== this.#chosen) await this.#driver.send("POST", `${this.#session}/window`, { handle });
    this.#chosen = handle;
    return this.#driver.send(method, this.#session + path, body);
  }

  async open(url: string): Promise<Tab> {
    // A window, as this browser draws only the tab in front, whichever WebDriver has chosen.
    const { handle } = (await this.send(this.#home, "POST", "/window/new", { type: "window" })) as { handle: string };
    const tab = new WebKitTab(handle, this);
    this.#tabs.add(tab);
    await this.send(handle, "POST", "/url", { url });
    return tab;
  }

  /** The driver does not tell them: pages are served with an ear, see server.ts. */
  async complaints(): Promise<string[]> {
    for (const tab of this.#tabs) await this.gather(tab);
    return this.#complaints;
  }

  async gather(tab: WebKitTab): Promise<void> {
    this.#complaints.push(...(await tab.evaluate(() => window.complaints?.splice(0) ?? ["the page has no ear"])));
  }

  async closeTab(tab: WebKitTab): Promise<void> {
    await this.gather(tab);
    this.#tabs.delete(tab);
    await this.send(tab.handle, "DELETE", "/window");
    this.#chosen = "";
  }

  async close(): Promise<void> {
    await this.#driver.send("DELETE", this.#session).finally(() => this.#driver.stop());
  }
}

class WebKitTab implements Tab {
  constructor(
    readonly handle: string,
    readonly engine: WebKit,
  ) {}

  text(selector: string): Promise<string | null> {
    return this.evaluate(textOf, selector);
  }

  /** Whatever it is asked, its window is chosen before. */
  async show(): Promise<void> {
    await this.evaluate(() => null);
  }

  async press(name: string): Promise<void> {
    const script = `return (${buttonNamed.toString()})(...arguments)`;
    const found = await this.engine.send(this.handle, "POST", "/execute/sync", { script, args: [name] });
    if (found === null) throw new Error(`there is no button "${name}"`);
    const element = (found as Record<typeof ELEMENT, string>)[ELEMENT];
    await this.engine.send(this.handle, "POST", `/element/${element}/click`, {});
  }

  async evaluate<A extends unknown[], R>(script: (...args: A) => R | Promise<R>, ...args: A): Promise<R> {
    const wrapped = `
      const done = arguments[arguments.length - 1];
      new Promise((resolve) => resolve((${script.toString()})(...[...arguments].slice(0, -1))))
        .then((value) => done({ value }), (error) => done({ error: String(error) }));`;
    const answer = await this.engine.send(this.handle, "POST", "/execute/async", { script: wrapped, args });
    const { value, error } = answer as { value: R; error?: string };
    if (error !== undefined) throw new Error(error);
    return value;
  }

  close(): Promise<void> {
    return this.engine.closeTab(this);
  }
}
