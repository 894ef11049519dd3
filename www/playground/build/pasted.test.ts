/**
 * The programs are run: those in JavaScript here, against the npm package, and those in Rust by `tests/pasted.rs` of the crate, which has
 * them as files.
 */
import { execFile } from "node:child_process";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { stories } from "../src/stories/index";
import { inputsUpTo } from "../src/stories/story";
import { at, join } from "../src/stories/write";
import type { Input } from "../src/world/input";
import { Log } from "../src/world/log";
import { sampleLog } from "../src/world/samples";
import { javascript } from "../src/code/javascript";
import { OPERATIONS_IN_CODE_MAX, programOf, type Program } from "../src/code/program";
import { rust } from "../src/code/rust";

// Beside the page, so that the package is found as by anybody who depends on it.
const FOLDER = new URL("../test-results/pasted/", import.meta.url);
const run = promisify(execFile);

beforeAll(() => mkdir(FOLDER, { recursive: true }));
afterAll(() => rm(FOLDER, { recursive: true, force: true }));

function logOf(seed: number, inputs: readonly Input[]): Log {
  const { log, fault } = Log.of(seed, inputs);
  if (log === undefined) throw new Error(fault);
  return log;
}

function program(log: Log, nowMs: number, key: bigint): Program {
  const found = programOf(log, nowMs, key);
  if (found === null) throw new Error("it is not too long");
  return found;
}

/** Runs programs one after the other; returns what went wrong. */
async function faultsOf(programs: ReadonlyMap<string, string>): Promise<string> {
  const names = [...programs.keys()].map((name) => `${name}.mjs`);
  for (const [name, text] of programs) await writeFile(new URL(`${name}.mjs`, FOLDER), text);
  const all = new URL("all.mjs", FOLDER);
  const tried = names.map((name) => `await import("./${name}").catch((error) => console.log("${name}: " + error));`);
  await writeFile(all, tried.join("\n"));
  return (await run(process.execPath, [all.pathname])).stdout;
}

const NAMES = ['a "quoted" \\ name', "line\nbreak", "Zürich 東京 🚂", "${code}", "\u202eevil", "'; //"];

test("a program in JavaScript answers what the page shows: all steps of all stories, and 200 random worlds at random moments", async () => {
  const programs = new Map<string, string>();
  for (const story of stories) {
    story.steps.forEach(({ untilMs }, step) => {
      const log = logOf(story.seed, inputsUpTo(story, step));
      const key = BigInt(story.cursor);
      programs.set(`${story.id}-${step}`, javascript(program(log, untilMs, key), key));
    });
  }
  for (let seed = 0; seed < 200; seed++) {
    const log = sampleLog(seed);
    const last = log.inputs.at(-1)?.at ?? 0;
    const key = BigInt(seed % 40);
    programs.set(`seed-${seed}`, javascript(program(log, Math.floor((last * ((seed * 37) % 100)) / 90), key), key));
  }
  expect(await faultsOf(programs)).toBe("");
});

test("a program that answers otherwise would be noticed", async () => {
  const [story] = stories;
  if (story === undefined) throw new Error("there is a story");
  const text = javascript(program(logOf(story.seed, inputsUpTo(story, 0)), 6000, 420n), 420n);
  expect(await faultsOf(new Map([["wrong", text.replaceAll("priority: 5", "priority: 6")]]))).toContain("wrong.mjs: ");
});

test("names of any letters, keys of any size and ranges without an end are written so that they are read back", async () => {
  const odd = NAMES.flatMap((node, place) =>
    at(10 + place, 0, [{ op: "register", node, start: 2 ** 53, end: Infinity }]),
  );
  const made = program(logOf(1, [...join(0, 0, 1), ...odd]), 2000, 2n ** 60n);
  expect(await faultsOf(new Map([["names", javascript(made, 2n ** 60n)]]))).toBe("");
  await expect(rust(made, 2n ** 60n)).toMatchFileSnapshot("../../../tests/pasted/odd_names.rs");
});

test("the programs in Rust are those that the crate's own tests run", async () => {
  for (const story of stories) {
    const step = story.steps.length - 1;
    const key = BigInt(story.cursor);
    const made = program(logOf(story.seed, inputsUpTo(story, step)), story.steps[step]?.untilMs ?? 0, key);
    const name = story.id.replaceAll("-", "_");
    await expect(rust(made, key)).toMatchFileSnapshot(`../../../tests/pasted/${name}.rs`);
  }
  for (const seed of [3, 14, 159]) {
    const log = sampleLog(seed);
    const made = program(log, log.inputs.at(-1)?.at ?? 0, 20n);
    await expect(rust(made, 20n)).toMatchFileSnapshot(`../../../tests/pasted/seed_${seed}.rs`);
  }
});

test("a world with too much in it is no program", () => {
  const many = (count: number) =>
    logOf(1, [
      ...join(0, 0),
      ...Array.from({ length: count }, (_, place) =>
        at(place, 0, [{ op: "register" as const, node: "oak", start: place, end: place + 1 }]),
      ).flat(),
    ]);
  expect(programOf(many(OPERATIONS_IN_CODE_MAX), 5000, 0n)).not.toBeNull();
  expect(programOf(many(OPERATIONS_IN_CODE_MAX + 1), 5000, 0n)).toBeNull();
});
