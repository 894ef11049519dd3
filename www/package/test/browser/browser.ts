import { test as base, type BrowserContext, chromium, expect, type Page } from "@playwright/test";
import { spawnSync } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { RangeMap } from "../../dist/crdt_range_map.js";
import type { OpenOptions, PersistentRangeMap, PersistentStatus } from "../../persistent.js";

/** What page.html gives its tests. */
declare global {
  var replica: PersistentRangeMap;
  var statuses: PersistentStatus[];
  var openRangeMap: (options?: Partial<OpenOptions>) => Promise<PersistentRangeMap>;
  var RangeMap: new (
    ...given: ConstructorParameters<typeof import("../../dist/crdt_range_map.js").RangeMap>
  ) => RangeMap;
  var isReady: boolean;
}

export { expect };

/** A profile, which outlives the browsers that use it. */
export interface Profile {
  /** Starts a browser, if none is running. */
  start(): Promise<BrowserContext>;
  /** Ends it. */
  end(): Promise<void>;
  /** Ends it as a crash would. */
  kill(): Promise<void>;
  /** Opens a page that opens the map. */
  open(query?: string): Promise<Page>;
}

export const executablePath = process.env["CHROMIUM_PATH"] ?? "/usr/bin/chromium";

export const flags = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--disable-dev-shm-usage",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** Bounds a hang, where the configuration does not reach. */
const patienceMs = 300_000;

/** The processes of the browser that uses a profile: the main one first. */
function processesOf(folder: string): number[] {
  // It fails if there are none.
  const { stdout } = spawnSync("pgrep", ["-af", "--", `--user-data-dir=${folder}( |$)`], { encoding: "utf8" });
  const lines = stdout.split("\n").filter((line) => line !== "");
  const isMain = (line: string) => !line.includes(" --type=");
  return [...lines.filter(isMain), ...lines.filter((line) => !isMain(line))].map((line) => parseInt(line));
}

export const test = base.extend<{ profile: Profile }>({
  profile: async ({ baseURL }, use) => {
    const folder = mkdtempSync(join(tmpdir(), "crdt-range-map-profile-"));
    let context: BrowserContext | undefined;
    const profile: Profile = {
      async start() {
        context ??= await chromium.launchPersistentContext(folder, {
          executablePath,
          args: flags,
          // Pages that are left may be kept, as they are for users.
          ignoreDefaultArgs: ["--disable-back-forward-cache"],
          timeout: patienceMs,
          ...(baseURL === undefined ? {} : { baseURL }),
        });
        context.setDefaultTimeout(patienceMs);
        return context;
      },
      async end() {
        await context?.close();
        context = undefined;
      },
      async kill() {
        const closed = context?.waitForEvent("close");
        process.kill(processesOf(folder)[0]!, "SIGKILL");
        await closed;
        context = undefined;
        // Its children notice by themselves, and may write until then.
        await expect.poll(() => processesOf(folder)).toEqual([]);
        // It names a process that is no more, and another may have got its number.
        await rm(join(folder, "SingletonLock"), { force: true });
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
    await expect.poll(() => processesOf(folder)).toEqual([]);
    await rm(folder, { recursive: true, force: true, maxRetries: 50, retryDelay: 100 });
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
    .poll(async () => {
      const prints = await Promise.all(pages.map((page) => page.evaluate(() => String(replica.map.fingerprint()))));
      return new Set(prints).size;
    })
    .toBe(1);
  const all = await Promise.all(pages.map((page) => page.evaluate(() => String(replica.map.state()))));
  expect(new Set(all).size, "equal fingerprints, and so equal states").toBe(1);
  return registrations(pages[0]!);
}

/** The rows of the database, by store: keys, and values without their bytes. */
export const stored = (page: Page) =>
  page.evaluate(
    () =>
      new Promise<Stored>((resolve, reject) => {
        const opening = indexedDB.open("crdt-range-map/test");
        opening.onerror = () => reject(opening.error);
        opening.onsuccess = () => {
          const database = opening.result;
          const names = ["deltas", "received", "snapshots", "slots", "sizes"];
          const transaction = database.transaction(names);
          const found: Record<string, { key: IDBValidKey; bytes: number }[]> = {};
          for (const name of names) {
            const rows: { key: IDBValidKey; bytes: number }[] = (found[name] = []);
            transaction.objectStore(name).openCursor().onsuccess = ({ target }) => {
              const cursor = (target as IDBRequest<IDBCursorWithValue | null>).result;
              if (!cursor) return;
              rows.push({ key: cursor.key, bytes: cursor.value.bytes?.length ?? 0 });
              cursor.continue();
            };
          }
          transaction.oncomplete = () => {
            database.close();
            resolve(found as unknown as Stored);
          };
        };
      }),
  );

export type Stored = Record<
  "deltas" | "received" | "snapshots" | "slots" | "sizes",
  { key: IDBValidKey; bytes: number }[]
>;

/** The ids under which something is saved. */
export async function writers(page: Page): Promise<Set<string>> {
  const { deltas } = await stored(page);
  return new Set(deltas.map(({ key }) => (key as [string, number])[0]));
}

/** Waits until the map's status says that. */
export const until = (page: Page, storage: PersistentStatus["storage"]) =>
  expect.poll(() => page.evaluate(() => replica.status.storage)).toBe(storage);

/** A page of the same origin that has nothing open. */
export async function elsewhere(profile: Profile): Promise<Page> {
  const page = await (await profile.start()).newPage();
  await page.goto("/test/browser/other.html");
  return page;
}

/** Keeps the database from everybody else until the returned function is called. */
export async function occupy(page: Page): Promise<() => Promise<void>> {
  await page.evaluate(
    () =>
      new Promise<void>((resolve) => {
        const opening = indexedDB.open("crdt-range-map/test");
        opening.onsuccess = () => {
          let isOver = false;
          Object.assign(globalThis, { letGo: () => (isOver = true) });
          const store = opening.result
            .transaction([...opening.result.objectStoreNames], "readwrite")
            .objectStore("sizes");
          const goOn = () => {
            if (isOver) return;
            store.get("sizes").onsuccess = goOn;
            resolve();
          };
          goOn();
        };
      }),
  );
  return () => page.evaluate(() => void (Reflect.get(globalThis, "letGo") as () => void)());
}
