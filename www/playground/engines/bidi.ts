/** Firefox by WebDriver BiDi, and Chromium by its own protocol: both with Puppeteer. */
import { existsSync } from "node:fs";
import puppeteer, { type Browser, type ElementHandle, type Page } from "puppeteer-core";
import { buttonNamed, isMissing, PATIENCE_MS, textOf, type Engine, type Tab } from "./engine";

const CHROMIUM_ARGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--disable-dev-shm-usage",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

export function launchFirefox(): Promise<Engine> {
  const path = process.env["FIREFOX_PATH"] ?? "/usr/bin/firefox-esr";
  if (!existsSync(path)) throw isMissing(`Firefox at ${path}`, "setup-engines", "set FIREFOX_PATH to where it is");
  return launch("firefox", path, []);
}

export function launchChromium(): Promise<Engine> {
  const path = process.env["CHROMIUM_PATH"] ?? "/usr/bin/chromium";
  if (!existsSync(path)) throw isMissing(`Chromium at ${path}`, "setup-chromium", "set CHROMIUM_PATH to where it is");
  return launch("chrome", path, CHROMIUM_ARGS);
}

async function launch(browser: "firefox" | "chrome", executablePath: string, args: string[]): Promise<Engine> {
  return new Puppets(
    await puppeteer.launch({
      browser,
      executablePath,
      args,
      headless: true,
      defaultViewport: { width: 1280, height: 720 },
      timeout: PATIENCE_MS,
      protocolTimeout: PATIENCE_MS,
    }),
  );
}

class Puppets implements Engine {
  readonly #browser: Browser;
  readonly #complaints: string[] = [];
  version = "";

  constructor(browser: Browser) {
    this.#browser = browser;
  }

  async open(url: string): Promise<Tab> {
    this.version = await this.#browser.version();
    const page = await this.#browser.newPage();
    page.setDefaultTimeout(PATIENCE_MS);
    page.on("console", (message) => {
      if (message.type() === "error") this.#complaints.push(message.text());
    });
    page.on("pageerror", (error) => this.#complaints.push(String(error)));
    await page.goto(url);
    return new Puppet(page);
  }

  complaints(): Promise<string[]> {
    return Promise.resolve(this.#complaints);
  }

  close(): Promise<void> {
    return this.#browser.close();
  }
}

class Puppet implements Tab {
  readonly #page: Page;

  constructor(page: Page) {
    this.#page = page;
  }

  text(selector: string): Promise<string | null> {
    return this.evaluate(textOf, selector);
  }

  show(): Promise<void> {
    return this.#page.bringToFront();
  }

  async press(name: string): Promise<void> {
    await this.show();
    const handle = await this.#page.evaluateHandle(buttonNamed, name);
    const button = handle.asElement() as ElementHandle<Element> | null;
    if (button === null) throw new Error(`there is no button "${name}"`);
    await button.click();
    await handle.dispose();
  }

  async evaluate<A extends unknown[], R>(script: (...args: A) => R | Promise<R>, ...args: A): Promise<R> {
    return (await this.#page.evaluate(script as unknown as (...args: unknown[]) => unknown, ...args)) as R;
  }

  close(): Promise<void> {
    return this.#page.close();
  }
}
