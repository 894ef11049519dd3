/** The built page does in Firefox and WebKitGTK what it does in Chromium: all are compared with what Node finds. */
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { linkOf, readLink, type Shared } from "../src/link/link";
import { readRegistry } from "../src/link/registry";
import { wordingOf } from "../src/player/wording";
import { eightTabs, sandbox, stories as written } from "../src/stories/index";
import { withRegistry } from "../src/stories/internet";
import { beginOf, endOf, type Story } from "../src/stories/story";
import { PINNED } from "../src/world/pins";
import { sampleLog } from "../src/world/samples";
import { launchChromium, launchFirefox } from "./bidi";
import { PATIENCE_MS, type Engine, type Tab } from "./engine";
import { fingerprintsIn, logOf } from "./moment";
import { serve, WORLD_PATH, type Served } from "./server";
import { expected, shown, type Shown } from "./shown";
import { launchWebKit } from "./webkit";

declare const World: typeof import("../scripts/world-entry");

const all = [
  { name: "chromium", launch: launchChromium, hasEar: false },
  { name: "firefox", launch: launchFirefox, hasEar: false },
  { name: "webkit", launch: launchWebKit, hasEar: true },
];
const wanted = process.env["ENGINES"]?.split(/[ ,]+/) ?? all.map(({ name }) => name);
for (const name of wanted) if (!all.some((one) => one.name === name)) throw new Error(`There is no engine ${name}.`);

/** What the page fetches when a story needs it, read from the same file. */
const { registry, problem } = readRegistry(readFileSync(new URL("../src/generated/ipv4.bin", import.meta.url)));
if (registry === undefined) throw new Error(problem);
const stories = written.map((story) => (story.isIncomplete ? withRegistry(story, registry) : story));

/** Moments on the way, and not only ends: of each step of each story, and of worlds in which all kinds of things happen. */
const moments: { name: string; link: string; shared: Shared }[] = [
  // A link to tabs leads to no moment.
  ...stories
    .filter((story) => story !== eightTabs)
    .flatMap((story) =>
      story.steps.map((last, step): Shared => {
        const begin = beginOf(story, step);
        const nowMs = Math.floor(begin + 0.62 * (last.untilMs - begin));
        return { kind: "story", story, step, nowMs, cursor: story.cursor + 11 * step };
      }),
    ),
  ...[2, 19, 40].map((seed): Shared => {
    const log = sampleLog(seed, { replicas: 4, inputs: 60, pauseMs: 700, keys: 900 });
    return { kind: "world", log, limit: 2000, nowMs: (log.inputs.at(-1)?.at ?? 0) - 777, cursor: 400 + seed };
  }),
].map((shared) => {
  const link = linkOf(shared) ?? "";
  return { name: link.length > 50 ? `${link.slice(0, 50)}…` : link, link, shared };
});

describe.each(all.filter(({ name }) => wanted.includes(name)))("$name", ({ launch, hasEar }) => {
  let served: Served;
  let engine: Engine;

  beforeAll(async () => {
    served = await serve({ hasEar });
    engine = await launch();
  });
  afterAll(async () => {
    await engine?.close();
    await served?.close();
  });

  async function withTab<T>(path: string, use: (tab: Tab) => Promise<T>): Promise<T> {
    const tab = await engine.open(served.url + path);
    try {
      return await use(tab);
    } finally {
      await tab.close();
    }
  }

  const eventually = <T>(ask: () => Promise<T>) => expect.poll(ask, { timeout: PATIENCE_MS, interval: 100 });
  const primary = (tab: Tab) => tab.text("[aria-label=Steps] > button.primary:not([aria-disabled=true])");

  /** Until then the page shows a picture that it was built with, and is made behind it. */
  const hasCome = (tab: Tab) => eventually(() => tab.text("#app:not(.made) [aria-label=Key]")).not.toBeNull();

  /** The script of the world, in a page, with the very module that the page has fetched. */
  async function withWorld<T>(use: (tab: Tab) => Promise<T>): Promise<T> {
    return withTab("", async (tab) => {
      await hasCome(tab);
      await tab.evaluate(async (src) => {
        const script = Object.assign(document.createElement("script"), { src });
        await new Promise((resolve, reject) => {
          script.onload = resolve;
          script.onerror = () => reject(new Error(`${src} cannot be loaded`));
          document.head.append(script);
        });
        const fetched = performance.getEntriesByType("resource").map(({ name }) => name);
        const url = fetched.find((name) => /world_bg[^/]*\.wasm$/.test(name));
        if (url === undefined) throw new Error(`the page has fetched no module of the world: ${fetched.join()}`);
        World.initSync({ module: await (await fetch(url)).arrayBuffer() });
      }, WORLD_PATH);
      return use(tab);
    });
  }

  test("the same logs send the same bytes, and leave the same knowledge", async () => {
    await withWorld(async (tab) => {
      console.info(engine.version);
      expect(await tab.evaluate(() => World.pinnedHash())).toBe(PINNED);
      for (const { link } of moments) {
        expect(await tab.evaluate((link) => World.fingerprintsIn(link), link)).toEqual(fingerprintsIn(link));
      }
    });
  });

  test.each(stories.filter((story) => !story.isOpen))("$title: each step ends as in Node", async (story) => {
    await withTab(`#${story.id}`, async (tab) => {
      await hasCome(tab);
      await tab.press("Speed: 1×");
      await tab.press("Speed: 2×");
      for (const [step, { untilMs, ends }] of story.steps.entries()) {
        const begin = beginOf(story, step);
        if (step > 0) await tab.press(story.steps[step]?.action ?? "");
        await eventually(() => primary(tab)).toBe(nextOf(story, step));
        const end = expected({ kind: "story", story, step, nowMs: untilMs, cursor: story.cursor });
        await eventually(() => shown(tab)).toEqual(end);
        // And that is what the story's words rely on. Behind the first choices there may be more to disagree on.
        const [first = ""] = ends.answers;
        if (ends.answers.some((answer) => answer !== first)) expect(end.headline).toContain("they disagree");
        const name = wordingOf(story).name(first).toLowerCase();
        if (ends.isAgreed) expect(end.headline?.toLowerCase()).toContain(`? ${name},`);
        expect(/^(all \d|both) agree$/.test(end.agreement ?? "")).toBe(ends.isAgreed);
        // So that it was played, and not shown as it began.
        expect(end.counts).not.toBe(
          expected({ kind: "story", story, step, nowMs: begin, cursor: story.cursor }).counts,
        );
      }
    });
  });

  test(`${sandbox.title}: it plays, and goes on`, async () => {
    await withTab(`#${sandbox.id}`, async (tab) => {
      const untilMs = endOf(sandbox, 0);
      const now = () =>
        tab.evaluate(() => Number(document.querySelector("[aria-label=Time]")?.getAttribute("aria-valuenow")));
      await eventually(now).toBeGreaterThan(untilMs + 1000);
      const { headline, says, agreement } = expected({
        kind: "story",
        story: sandbox,
        step: 0,
        nowMs: untilMs,
        cursor: sandbox.cursor,
      });
      expect(await shown(tab)).toMatchObject({ headline, says, agreement });
    });
  });

  test.each(moments)("a link to $name shows that moment", async ({ link, shared }) => {
    expect(link).not.toBe("");
    await withTab(`#${link}`, async (tab) => {
      await eventually(() => shown(tab)).toEqual(expected(shared));
    });
  });

  test("a moment of an own world is shared: Node and another tab read the link as the page shows it", async () => {
    await withTab("#who-serves/1/7900/420", async (tab) => {
      await hasCome(tab);
      await tab.press("Cut the link between A and B");
      await tab.press("Share this moment");
      await eventually(() => tab.text("dialog[open] p")).toContain("this very moment");
      const address = await tab.evaluate(() => document.querySelector<HTMLInputElement>("[aria-label=Link]")?.value);
      const link = new URL(address ?? "").hash.slice(1);
      const { shared } = readLink(link);
      if (shared === undefined) throw new Error(`The link ${link} stands for nothing.`);
      expect(logOf(shared).inputs.at(-1)).toMatchObject({ at: 7900, kind: "cut", between: [0, 1] });
      const here: Shown = await shown(tab);
      expect(here).toEqual(expected(shared));
      await withTab(`#${link}`, async (other) => {
        await eventually(() => shown(other)).toEqual(here);
      });
    });
  });

  test("the address alone leads from one moment to another, and back", async () => {
    const [first, second] = [moments.at(1), moments.at(-1)];
    if (first === undefined || second === undefined) throw new Error("There are two moments.");
    await withTab(`#${first.link}`, async (tab) => {
      await eventually(() => shown(tab)).toEqual(expected(first.shared));
      await tab.evaluate((link) => void (location.hash = link), second.link);
      await eventually(() => shown(tab)).toEqual(expected(second.shared));
      await tab.evaluate(() => history.back());
      await eventually(() => shown(tab)).toEqual(expected(first.shared));
    });
  });

  test(`${eightTabs.title}: two tabs agree on what is done in either, and who is closed is gone`, async () => {
    await withTab(`#${eightTabs.id}`, async (here) => {
      // What is in the background draws nothing.
      const seen = async (tab: Tab, selector: string) => {
        await tab.show();
        return tab.text(selector);
      };
      const words = (tab: Tab) => eventually(() => seen(tab, "[data-testid=tabs]"));
      await words(here).toBe("This tab is A. No other is open yet.");
      await withTab(`#${eightTabs.id}`, async (there) => {
        await words(there).toBe("This tab is B. A knows the same.");
        await words(here).toBe("This tab is A. B knows the same.");
        await register(there, "willow", 115, 125, 9);
        await register(here, "cedar", 118, 121, 1);
        for (const tab of [here, there]) {
          await eventually(() => seen(tab, "[data-testid=answer]")).toBe("Willow, both say.");
          await eventually(() => seen(tab, "[data-testid=agreement]")).toBe("both agree");
        }
      });
      await words(here).toBe("This tab is A. No other is open yet.");
      expect(await seen(here, "[data-testid=answer]")).toBe("Willow.");
    });
  });

  test("the page complains of nothing, and if it did we would hear of it", async () => {
    expect(await engine.complaints()).toEqual([]);
    const made = ["on the console", "thrown", "rejected"].map((way) => `on purpose: ${way}`);
    await withTab("", (tab) =>
      tab.evaluate(
        (logged, thrown, rejected) => {
          console.error(logged);
          setTimeout(() => {
            throw new Error(thrown);
          });
          void Promise.reject(new Error(rejected));
          return new Promise<void>((resolve) => setTimeout(resolve, 200));
        },
        ...(made as [string, string, string]),
      ),
    );
    await eventually(async () =>
      (await engine.complaints()).map((it) => it.replace(/^.*(?=on purpose)/s, "").split("\n")[0]).sort(),
    ).toEqual([...made].sort());
  });
});

/** What the button says that leads on from the end of a step. */
function nextOf(story: Story, step: number): string {
  return story.steps[step + 1]?.action ?? `Next: ${stories[stories.indexOf(story) + 1]?.title}`;
}

/** In the form for exact numbers, with a priority. */
async function register(tab: Tab, node: string, start: number, end: number, priority: number): Promise<void> {
  await tab.press("Edit");
  await tab.evaluate(
    (...values) => {
      for (const [place, label] of ["Node", "From key", "To (not included)", "Increase or decrease by"].entries()) {
        const field = [...document.querySelectorAll("dialog[open] label")].find(
          (it) => it.textContent?.trim() === label,
        );
        const input = document.querySelector<HTMLInputElement>(`#${field?.getAttribute("for")}`);
        if (input === null) throw new Error(`there is no field ${label}`);
        input.value = String(values[place]);
        input.dispatchEvent(new Event("input", { bubbles: true }));
      }
    },
    node,
    start,
    end,
    priority,
  );
  await tab.press("Increase");
  await tab.press("Close");
}
