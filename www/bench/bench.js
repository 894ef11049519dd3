// Everything: in Node, in Chromium, and natively; then the tables, and target/web-bench.json.
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { cpus, release, type } from "node:os";
import { fileURLToPath } from "node:url";
import { inChromium } from "./chromium.js";
import { natively } from "./native.js";
import { assertSame } from "./src/digest.js";
import { lines } from "../report/web.js";

const sizes = process.argv.slice(2).map(Number);
const options = {
  sizes: sizes.length > 0 ? sizes : [1_000, 10_000, 100_000],
  sizedOn: Math.min(10_000, sizes[0] ?? 10_000),
  budgetMs: 2_000,
  /** What is expected, as the native build has it, which checks itself. @type {import("./native.js").NativeRow[]} */
  expected: [],
};
const target = fileURLToPath(new URL("../../target/", import.meta.url));
const progress = (/** @type {string} */ what) => console.error(`  ${what}`);

const packages = ["crdt-range-map", "yjs", "loro-crdt", "@automerge/automerge"];
const require = createRequire(import.meta.url);
const versions = Object.fromEntries(
  packages.map((name) => {
    // Not all packages let their package.json be imported.
    const path = require.resolve.paths(name)?.map((folder) => `${folder}/${name}/package.json`);
    return [name, JSON.parse(readFileSync(path?.find(existsSync) ?? "", "utf8")).version];
  }),
);

function inNode() {
  const path = `${target}web-bench-node.json`;
  const program = fileURLToPath(new URL("node.js", import.meta.url));
  const { status } = spawnSync(process.execPath, ["--expose-gc", program, JSON.stringify(options), path], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  if (status !== 0) throw new Error("the measurements in Node failed");
  const result = JSON.parse(readFileSync(path, "utf8"));
  rmSync(path);
  return { name: `Node ${process.versions.node}`, ...result };
}

mkdirSync(target, { recursive: true });
// Natively before each of the runtimes, so that what is compared was measured close together.
const runtimes = [];
for (const measure of [inNode, () => inChromium(options, progress)]) {
  console.error("natively");
  const native = natively(options.sizes);
  options.expected = native.map((row) => ({ ...row, samplesNs: [] }));
  console.error(measure === inNode ? "in Node" : "in Chromium");
  const runtime = await measure();
  for (const { n, bench, digest } of native) {
    const row = runtime.rows.find(
      (/** @type {import("./src/run.js").Row} */ row) =>
        row.n === n && row.bench === bench && row.system === packages[0],
    );
    assertSame(`${bench}, ${runtime.name} and native`, row?.digest ?? { count: 0, sum: 0, hash: 0 }, digest);
  }
  runtimes.push({ ...runtime, native });
}
const git = (/** @type {string[]} */ ...args) => execFileSync("git", args, { encoding: "utf8" }).trim();
const report = {
  format: 1,
  date: new Date().toISOString(),
  commit: git("rev-parse", "--short", "HEAD") + (git("status", "--porcelain") === "" ? "" : "+"),
  machine: { cpu: cpus()[0].model, cores: cpus().length, kernel: `${type()} ${release()}` },
  versions,
  runtimes,
};
writeFileSync(`${target}web-bench.json`, JSON.stringify(report, null, 2) + "\n");
console.log(lines(report).join("\n"));
console.error("Every result is right. Report: target/web-bench.json");
