import { expect, test } from "@playwright/test";
import { Playground } from "./playground";

test("an operation in one tab shows in the other", async ({ context }) => {
  const here = await Playground.open(context);
  const there = await Playground.open(context);
  const before = await there.agreedSplits();
  expect(before).toContain("790 860 gap");

  await here.replica("A").edit("Register", { node: "z", start: "790", end: "860" });

  for (const letter of ["A", "B", "C"]) {
    await expect.poll(() => there.replica(letter).splits()).toContain("790 860 z 1");
  }
  await there.lookUp("800");
  await expect(there.answers.getByRole("listitem")).toHaveText([/z\s+1/, /z\s+1/, /z\s+1/]);
});

test("replicas that part and meet again agree on the splits", async ({ context }) => {
  const here = await Playground.open(context);
  const there = await Playground.open(context);
  await expect(here.overall).toHaveText("3 replicas online, all in sync; 3 in other tabs.");

  const away = here.replica("A");
  await away.setOnline(false);
  await expect(away.agreement).toHaveText("offline, nothing missed");

  // Concurrently: A releases what the other tab increases, and each registers something.
  await away.edit("Release", { node: "e", start: "400", end: "600" });
  await away.edit("Register", { node: "y", start: "0", end: "40" });
  await there.replica("B").edit("Increase", { node: "e", start: "400", end: "600", by: "3" });
  await there.replica("C").edit("Register", { node: "x", start: "790", end: "860" });

  await expect(away.agreement).toHaveText("offline, apart");
  await expect.poll(() => here.replica("B").splits()).toContain("790 860 x 1");
  expect(await away.splits()).toContain("790 860 gap");
  await here.lookUp("500");
  await expect(here.answers).toContainText("The replicas disagree on this key.");
  await expect(here.answers.getByRole("listitem").filter({ hasText: "differs" })).toHaveText([/Replica A.*differs/s]);

  await away.setOnline(true);
  await expect(here.overall).toHaveText("3 replicas online, all in sync; 3 in other tabs.");
  await expect(there.overall).toHaveText("3 replicas online, all in sync; 3 in other tabs.");
  const splits = await here.agreedSplits();
  expect(await there.agreedSplits()).toEqual(splits);
  expect(splits).toContain("0 40 y 1");
  expect(splits).toContain("790 860 x 1");
  // The release had not seen the increase by 3: that part, and only that part, is left.
  expect(await here.replica("A").registrations()).toContainEqual(expect.stringMatching(/^e 400 600 3/));
  await expect(here.answers).toContainText("All 3 replicas here give the same answer.");
});

test("a tab that opens late catches up", async ({ context }) => {
  const first = await Playground.open(context);
  const second = await Playground.open(context);
  await first.replica("A").edit("Register", { node: "late", start: "800", end: "850" });
  await second.replica("B").edit("Decrease", { node: "c", start: "300", end: "640", by: "3" });
  await second.replica("C").edit("Release", { node: "d", start: "560", end: "790" });

  const third = await Playground.open(context);
  await expect(third.overall).toHaveText("3 replicas online, all in sync; 6 in other tabs.");
  const splits = await third.agreedSplits();
  expect(splits).toContain("800 850 late 1");
  expect(splits.join("\n")).not.toMatch(/\bd\b/);
  expect(await first.agreedSplits()).toEqual(splits);
  expect(await second.agreedSplits()).toEqual(splits);
});

test("a tab that missed operations of a closed tab gets them from the others", async ({ context }) => {
  const first = await Playground.open(context);
  const second = await Playground.open(context);
  await first.replica("A").edit("Register", { node: "legacy", start: "790", end: "860" });
  await expect.poll(() => second.replica("A").splits()).toContain("790 860 legacy 1");
  await first.page.close();

  const third = await Playground.open(context);
  await expect.poll(() => third.replica("B").splits()).toContain("790 860 legacy 1");
});

test("tabs with different scenarios stay apart", async ({ context }) => {
  const small = await Playground.open(context, "small");
  const empty = await Playground.open(context, "empty");
  await empty.replica("A").edit("Register", { node: "q", start: "0", end: "10" });
  await expect.poll(() => empty.replica("C").splits()).toContain("0 10 q 1");
  await expect(small.page.getByText("None yet.")).toBeVisible();
  expect((await small.replica("A").splits()).join()).not.toContain("q");
});

test("foreign messages on the channel are ignored", async ({ context }) => {
  const here = await Playground.open(context);
  const there = await Playground.open(context);
  await expect(here.otherTabs).toHaveCount(3);
  // Found out from the page's own traffic, so that the test hits the channel that is really in use.
  const channels = await there.page.evaluate(
    () =>
      new Promise<string[]>((resolve) => {
        const names = new Set<string>();
        const { postMessage } = BroadcastChannel.prototype;
        BroadcastChannel.prototype.postMessage = function (this: BroadcastChannel, message: unknown) {
          // Not the one on which tabs tell fingerprints.
          if (!this.name.endsWith("/reports")) {
            names.add(this.name);
            resolve([...names]);
          }
          postMessage.call(this, message);
        };
        document.querySelector<HTMLButtonElement>("form button[type=submit]")?.click();
      }),
  );
  expect(channels).toHaveLength(1);
  await there.page.evaluate((names) => {
    const foreign = [
      "hello",
      null,
      42,
      { kind: "here" },
      new Uint8Array([1, 2, 3, 255, 255, 255]),
      // The beginning of a presence message, and then nonsense.
      new Uint8Array([0x63, 0x72, 0x6d, 0x11, 5, 0, 0, 0, 0, 0, 0, 0, 9, 1, 200, 60, 98, 62]),
      new Uint8Array(70_000),
    ];
    for (const name of names) {
      const channel = new BroadcastChannel(name);
      for (const message of foreign) channel.postMessage(message);
      channel.close();
    }
  }, channels);

  await there.replica("A").edit("Register", { node: "after", start: "790", end: "860" });
  await expect.poll(() => here.replica("C").splits()).toContain("790 860 after 1");
  // Counted at once: a made-up tab would vanish by itself after a while.
  expect(await here.otherTabs.count()).toBe(3);
  await expect(here.overall).toHaveText("3 replicas online, all in sync; 3 in other tabs.");
});
