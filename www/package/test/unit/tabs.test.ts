// The example in the README: tabs that share out work. In a browser: ../browser/life.spec.ts.
import { readFileSync } from "node:fs";
import { expect, test, vi } from "vitest";
import { until } from "./kit.js";
import { FakeLocks } from "./locks.js";

interface Work {
  isMine(job: number): boolean;
  tabs(): string[];
  leave(): void;
}

const path = new URL("../../examples/tabs/share.js", import.meta.url);
const jobs = Array.from({ length: 200 }, (_, job) => job);

test("the README shows the example as it is", () => {
  const readme = readFileSync(new URL("../../README.md", import.meta.url), "utf8");
  expect(readme).toContain(`\`\`\`js\n${readFileSync(path, "utf8")}\`\`\`\n`);
});

test("each job is done by one tab, and the jobs of one that is gone by the others", async () => {
  const locks = new FakeLocks();
  vi.stubGlobal("navigator", { locks });
  const { takePart } = (await import(path.href)) as {
    takePart(channel: string, name: string, onshare: (tab: Work) => void): Promise<Work>;
  };
  // It may ask at once, also before it has what is returned.
  const shared = vi.fn((tab: Work) => tab.tabs());
  const names = ["ada", "grace", "joan"];
  const tabs = await Promise.all(names.map((name) => takePart("jobs", name, shared)));
  const owners = (of: Work[]) => jobs.map((job) => of.flatMap((tab, at) => (tab.isMine(job) ? [at] : [])));
  await until(() => tabs.every((tab) => tab.tabs().length === 3));
  const before = owners(tabs);
  expect(before.every((by) => by.length === 1)).toBe(true);
  for (const at of names.keys()) expect(before.filter(([by]) => by === at).length).toBeGreaterThan(jobs.length / 6);
  const calls = shared.mock.calls.length;

  const [ada, grace, joan] = tabs;
  joan!.leave();
  const left = [ada!, grace!];
  await until(() => left.every((tab) => tab.tabs().sort().join() === "ada,grace"));
  const after = owners(left);
  expect(after.every((by) => by.length === 1)).toBe(true);
  for (const [job, [by]] of before.entries()) if (by !== 2) expect(after[job]).toEqual([by]);
  expect(shared.mock.calls.length).toBeGreaterThan(calls);
  left.forEach((tab) => tab.leave());
});
