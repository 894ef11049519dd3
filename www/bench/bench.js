// Everything: in Node and in Chromium; then the tables, and target/web-bench.json. Node is to be told --expose-gc.
import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { cpus, release, type } from "node:os";
import { fileURLToPath } from "node:url";
import * as automerge from "@automerge/automerge";
import init, * as ours from "crdt-range-map";
import * as loro from "loro-crdt";
import * as yjs from "yjs";
import { inChromium } from "./chromium.js";
import { run } from "./src/run.js";
import { lines } from "../report/web.js";

const sizes = process.argv.length > 2 ? process.argv.slice(2).map(Number) : [1_000, 10_000, 100_000];
const target = fileURLToPath(new URL("../../target/", import.meta.url));
const progress = (/** @type {string} */ what) => console.error(`  ${what}`);
/** @type {(program: string, args: (string | number)[]) => string} */
const output = (program, args) =>
  execFileSync(program, args.map(String), {
    encoding: "utf8",
    maxBuffer: 2 ** 28,
    stdio: ["ignore", "pipe", "inherit"],
  });

/** @param {import("./src/run.js").Options} options */
async function inNode(options) {
  await init();
  const result = await run({ ours: { ...ours, default: init }, yjs, loro, automerge }, options, progress);
  return { name: `Node ${process.versions.node}`, ...result };
}

const cargo = ["run", "--release", "--quiet", "--package", "native-bench", "--bin", "range-bench", "--"];
const drawn = JSON.parse(output("cargo", [...cargo, "workloads", ...sizes]));
const options = { drawn, sizedOn: sizes.includes(10_000) ? 10_000 : sizes[0], budgetMs: 2_000 };
const runtimes = [];
for (const measure of [inNode, inChromium]) {
  console.error(measure.name);
  runtimes.push(await measure(options, progress));
}
const report = {
  format: 2,
  date: new Date().toISOString(),
  commit: output("git", ["describe", "--always", "--exclude=*", "--dirty=+"]).trim(),
  machine: { cpu: cpus()[0].model, cores: cpus().length, kernel: `${type()} ${release()}` },
  runtimes,
};
mkdirSync(target, { recursive: true });
writeFileSync(`${target}web-bench.json`, JSON.stringify(report, null, 2) + "\n");
console.log(lines(report).join("\n"));
console.error("Every result is right. Report: target/web-bench.json");
// Some of the packages leave something behind that would keep the process alive.
process.exit();
