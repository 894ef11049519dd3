// Pages that Playwright does not know: it tells every page of its own that it is visible and focused, and the browser does not
// freeze a visible page.
import { type Browser, type CDPSession, chromium, expect } from "@playwright/test";
import { executablePath, flags } from "./browser.js";

interface Reply {
  id?: number;
  result?: { result?: { value?: unknown }; exceptionDetails?: unknown };
  error?: { message: string };
}

/** A page, driven by messages of the DevTools protocol. */
export class RawPage {
  readonly #session: CDPSession;
  readonly #sessionId: string;
  readonly #waiting = new Map<number, (reply: Reply) => void>();
  #count = 0;

  private constructor(session: CDPSession, sessionId: string) {
    this.#session = session;
    this.#sessionId = sessionId;
    session.on("Target.receivedMessageFromTarget", ({ sessionId, message }) => {
      const reply = JSON.parse(message) as Reply;
      if (sessionId === this.#sessionId && reply.id !== undefined) this.#waiting.get(reply.id)?.(reply);
    });
  }

  /** Opens a page in a browser, in front of its others. */
  static async open(session: CDPSession, browserContextId: string, url: string): Promise<RawPage> {
    const { targetId } = await session.send("Target.createTarget", { url, browserContextId });
    // Not "flatten": Playwright's sessions cannot address sessions within them.
    const { sessionId } = await session.send("Target.attachToTarget", { targetId });
    const page = new RawPage(session, sessionId);
    // At first there is an empty page, whose end is an error.
    await expect(async () => expect(await page.evaluate(() => globalThis.isReady)).toBe(true)).toPass();
    return page;
  }

  async send(method: string, params: object = {}): Promise<Reply["result"]> {
    const id = (this.#count += 1);
    const replied = new Promise<Reply>((resolve) => this.#waiting.set(id, resolve));
    const message = JSON.stringify({ id, method, params });
    await this.#session.send("Target.sendMessageToTarget", { sessionId: this.#sessionId, message });
    const { result, error } = await replied;
    if (error || result?.exceptionDetails) throw new Error(JSON.stringify(error ?? result?.exceptionDetails));
    return result;
  }

  /** Runs a function in the page; it sees nothing from around it. */
  async evaluate<T>(run: () => T | Promise<T>): Promise<T> {
    const expression = `(${run})()`;
    const result = await this.send("Runtime.evaluate", { expression, awaitPromise: true, returnByValue: true });
    return result?.result?.value as T;
  }
}

/** A browser with an empty profile, and how to open raw pages in it. */
export async function launchRaw(baseURL: string): Promise<{ browser: Browser; open: () => Promise<RawPage> }> {
  const browser = await chromium.launch({ executablePath, args: flags });
  const session = await browser.newBrowserCDPSession();
  const { browserContextId } = await session.send("Target.createBrowserContext");
  const open = () => RawPage.open(session, browserContextId, `${baseURL}test/browser/page.html`);
  return { browser, open };
}
