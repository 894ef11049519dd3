// The two programs at the end of the README, as they stand there.
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";

const example = (name: string) => fileURLToPath(new URL(`../../examples/${name}`, import.meta.url));
const run = async (name: string) => (await promisify(execFile)(process.execPath, [example(name)])).stdout;

test("the README shows the programs as they are", () => {
  const readme = readFileSync(new URL("../../README.md", import.meta.url), "utf8");
  for (const name of ["on_call_roster.mjs", "shard_map/shard.mjs"]) {
    expect(readme).toContain(`\`\`\`js\n${readFileSync(example(name), "utf8")}\`\`\`\n`);
  }
});

test("a roster has holes and overlaps, and then none", async () => {
  const said = await run("on_call_roster.mjs");
  expect(said).toContain("'Wed 18:00 to Thu 08:00'");
  expect(said).toContain("more than one is: [ 'Sat 08:00 to Sat 20:00' ]");
  expect(said).toContain("nobody is on call: []");
  expect(said).toContain("{ dentist: [ 'ben' ], friday: [ 'ben' ], saturday: [ 'cleo', 'ben' ] }");
});

test("ten processes keep every shard served while one is drained, one is killed, and one comes late", async () => {
  const said = await run("shard_map/run.mjs");
  expect(said).toMatch(/^shard-9 came late, and has its share/m);
  const [, lookups, nobody] = /^(\d+) look-ups: (\d+) found nobody/m.exec(said)!.map(Number);
  expect(lookups).toBeGreaterThan(100);
  // Not none: a process that a busy machine lets wait for seconds takes the others for dead.
  expect(nobody! * 100).toBeLessThan(lookups!);
});
