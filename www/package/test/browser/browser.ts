import { test as base, type BrowserContext, chromium, expect, type Page } from "@playwright/test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { RangeMap } from "../../dist/crdt_range_map.js";
import type { OpenOptions, PersistentRangeMap, PersistentStatus } from "../../persistent.js";

/** What page.html gives its tests. */
declare global {
  var replica: PersistentRangeMap;
  var statuses: PersistentStatus[];
  var openRangeMap: (options?: Partial<OpenOptions>) => Promise<PersistentRangeMap>;
  var RangeMap: new (replica?: bigint) => RangeMap;
  var isReady: boolean;
}

export { expect };

/** A profile, which outlives the browsers that use it. */
export interface Profile {
  /** Starts a browser, if none is running. */
  start(): Promise<BrowserContext>;
  /** Ends it. */
  end(): Promise<void>;
  /** Opens a page that opens the map. */
  open(query?: string): Promise<Page>;
}

const args = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--disable-dev-shm-usage",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

export const test = base.extend<{ profile: Profile }>({
  profile: async ({ baseURL }, use) => {
    const folder = mkdtempSync(join(tmpdir(), "crdt-range-map-profile-"));
    let context: BrowserContext | undefined;
    const profile: Profile = {
      async start() {
        context ??= await chromium.launchPersistentContext(folder, {
          executablePath: process.env["CHROMIUM_PATH"] ?? "/usr/bin/chromium",
          args,
          // Pages that are left may be kept, as they are for users.
          ignoreDefaultArgs: ["--disable-back-forward-cache"],
          ...(baseURL === undefined ? {} : { baseURL }),
        });
        return context;
      },
      async end() {
        await context?.close();
        context = undefined;
      },
      async open(query = "") {
        const page = await (await profile.start()).newPage();
        await page.goto(`/test/browser/page.html${query}`);
        await ready(page);
        return page;
      },
    };
    await use(profile);
    await profile.end();
    rmSync(folder, { recursive: true, force: true });
  },
});

/** Waits until the page has opened its map. */
export const ready = (page: Page) => page.waitForFunction(() => globalThis.isReady === true);

/** The registrations, in short: `a 0 10 1`. */
export const registrations = (page: Page) =>
  page.evaluate(() =>
    replica.map.registrations().map(({ node, start, end, priority }) => `${node} ${start} ${end} ${priority}`),
  );

export const replicaOf = (page: Page) => page.evaluate(() => String(replica.replica));

/** Registers `node` on [0, 10) and waits until that is acknowledged. */
export const register = (page: Page, node: string) =>
  page.evaluate(async (node) => {
    replica.map.register(node, 0, 10);
    await replica.saved();
  }, node);

/** Waits until all pages hold the same, and returns its registrations. */
export async function agreed(...pages: Page[]): Promise<string[]> {
  await expect
    .poll(
      async () => {
        const prints = await Promise.all(pages.map((page) => page.evaluate(() => String(replica.map.fingerprint()))));
        return new Set(prints).size;
      },
      { timeout: 40_000 },
    )
    .toBe(1);
  const all = await Promise.all(pages.map((page) => page.evaluate(() => String(replica.map.state()))));
  expect(new Set(all).size, "equal fingerprints, and so equal states").toBe(1);
  return registrations(pages[0]!);
}
