// The installed package's entries, each in a process of its own, since a process loads the module once.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

const use = 'const map = new RangeMap();\nmap.register("node-a", 0, 1000);\nconsole.log(map.owners(700)[0].node);\n';

/** Runs a program of that name in that folder, and asserts what it prints. */
function prints(expected, source, { name = "program.mjs", args = [], cwd = "." } = {}) {
  writeFileSync(join(cwd, name), source);
  const { stdout, stderr } = spawnSync(process.execPath, [...args, name], { cwd, encoding: "utf8" });
  assert.deepEqual([stdout, stderr], [`${expected}\n`, ""]);
}

/** As it is for Jest, and for a Node that cannot require ES modules. */
const commonjs = { name: "program.cjs", args: ["--no-experimental-require-module"] };

for (const entry of ["crdt-range-map", "crdt-range-map/lean"]) {
  test(`${entry} is imported`, () => {
    prints("node-a", `import init, { RangeMap } from "${entry}";\nawait init();\n${use}`);
  });

  test(`${entry} is required, as CommonJS`, () => {
    const source = `const { default: init, RangeMap } = require("${entry}");\ninit().then(() => {\n${use}});\n`;
    prints("node-a", source, commonjs);
  });
}

const entries = '["crdt-range-map", "crdt-range-map/lean", "crdt-range-map/persistent"].map(require)';

test("all entries have the same classes, and load one module, imported and required", () => {
  const source = `
    import { createRequire } from "node:module";
    import init, { RangeMap } from "crdt-range-map";
    import other, { RangeMap as Other } from "crdt-range-map/lean";
    const require = createRequire(import.meta.url);
    const [first, second] = ${entries};
    const [, loaded] = [other(), init({ module_or_path: "file:///nowhere.wasm" })];
    await loaded;
    console.log(RangeMap === Other, [first, second].every((entry) => entry.RangeMap === RangeMap));`;
  prints("true true", source);
  const required = `
    const [first, second, { openRangeMap }] = ${entries};
    globalThis.indexedDB = { open() { throw new Error("no database here") } };
    first.default().then(second.default).then(() => openRangeMap({ name: "n", channel: null })).then(({ map }) => {
      console.log(first.RangeMap === second.RangeMap, map instanceof first.RangeMap);
      process.exit();
    });`;
  prints("true true", required, commonjs);
});

test("init takes a file: URL and bytes, and may be tried again", () => {
  const wasm = 'new URL(import.meta.resolve("crdt-range-map/crdt_range_map_bg.wasm"))';
  const begin = 'import { readFileSync } from "node:fs";\nimport init, { RangeMap } from "crdt-range-map";\n';
  for (const given of [wasm, `${wasm}.href`, `readFileSync(${wasm})`]) {
    prints("node-a", `${begin}await init({ module_or_path: ${given} });\n${use}`);
  }
  const typo = "await init({ module: 1 }).catch(({ code }) => console.log(code));\n";
  prints("invalid-options\nnode-a", `${begin}${typo}await init();\n${use}`);
  const missing = 'await init({ module_or_path: "file:///nowhere.wasm" }).catch(({ code }) => console.log(code));\n';
  prints("ENOENT\nnode-a", `${begin}${missing}await init();\n${use}`);
});

test("the default entry is content with little, as in Jest's jsdom", () => {
  const lacking = ["Headers", "Request", "Response", "TextDecoder", "TextEncoder", "fetch"];
  const remove = `for (const name of ${JSON.stringify(lacking)}) delete globalThis[name];\n`;
  const load = 'const { default: init, RangeMap } = await import("crdt-range-map");\nawait init();\n';
  prints("node-a", remove + load + use);
});

test("a bundle of esbuild's needs no file beside it", async () => {
  const { buildSync } = createRequire(join(process.env.TOOLS, "."))("esbuild");
  writeFileSync("bundled.mjs", `import init, { RangeMap } from "crdt-range-map";\ninit().then(() => {\n${use}});\n`);
  for (const [platform, format] of Object.entries({ browser: "iife", node: "cjs", neutral: "esm" })) {
    const options = { entryPoints: ["bundled.mjs"], bundle: true, write: false, minify: true, platform, format };
    const { outputFiles, warnings } = buildSync(options);
    assert.deepEqual(warnings, []);
    const cwd = mkdtempSync(join(tmpdir(), "crdt-range-map-bundled-"));
    try {
      prints("node-a", outputFiles[0].text, { name: format === "esm" ? "program.mjs" : "program.cjs", cwd });
    } finally {
      rmSync(cwd, { recursive: true });
    }
  }
});
