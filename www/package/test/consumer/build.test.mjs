// The installed package type-checks as users compile it, goes through a bundler, and holds only what it should.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

const tools = process.env.TOOLS;

function run(tool, args) {
  try {
    execFileSync(process.execPath, [join(tools, tool), ...args], { encoding: "utf8", stdio: "pipe" });
  } catch (error) {
    assert.fail(error.stdout + error.stderr);
  }
}

/** Builds a page of that script; returns the script, and the name of the one .wasm file. */
function build(source) {
  writeFileSync("index.html", '<script type="module" src="/page.js"></script>');
  writeFileSync("page.js", source);
  run("vite/bin/vite.js", ["build", "--logLevel", "error", "--target", "es2022"]);
  const assets = readdirSync("dist/assets");
  const scripts = assets.filter((name) => name.endsWith(".js"));
  const wasm = assets.filter((name) => name.endsWith(".wasm"));
  assert.deepEqual([scripts.length, wasm.length], [1, 1], assets.join(" "));
  return { script: readFileSync(join("dist/assets", scripts[0]), "utf8"), wasm: wasm[0] };
}

const strict = ["--noEmit", "--strict", "--exactOptionalPropertyTypes", "--target", "es2022"];

test("types: strict, for a bundler, without Node's types", () => {
  run("typescript/bin/tsc", [
    ...strict,
    "--lib",
    "es2022,dom",
    "--module",
    "esnext",
    "--moduleResolution",
    "bundler",
    "types.ts",
  ]);
});

test("types: strict, for Node, without a browser's types", () => {
  mkdirSync("node_modules/@types", { recursive: true });
  for (const name of ["@types/node", "undici-types"]) symlinkSync(join(tools, name), join("node_modules", name));
  run("typescript/bin/tsc", [...strict, "--lib", "es2022", "--types", "node", "--module", "nodenext", "types.ts"]);
});

test("types: no `any` in the declarations", () => {
  for (const file of JSON.parse(process.env.PACKED_FILES).filter((path) => path.endsWith(".d.ts"))) {
    const code = readFileSync(join("node_modules/crdt-range-map", file), "utf8").replace(
      /\/\*[\s\S]*?\*\/|\/\/.*/g,
      "",
    );
    assert.doesNotMatch(code, /[:<,|=(]\s*any\b/, file);
  }
});

test("a page that Vite builds contains the module, once, and none of Node", () => {
  const { script, wasm } = build(
    'import init, { RangeMap } from "crdt-range-map";\nawait init();\nconsole.log(new RangeMap().splits());\n',
  );
  assert(script.includes(wasm), "the script names the .wasm file");
  assert(!script.includes("node:fs"), "the browser's entry was taken");
  assert(!script.includes("indexedDB"), "whoever saves nothing does not load what saves");
});

test("a page with a saved map contains the module once as well", () => {
  const { script, wasm } = build(
    'import init from "crdt-range-map";\nimport { openRangeMap } from "crdt-range-map/persistent";\n' +
      'await init();\nconsole.log((await openRangeMap({ name: "n" })).map.splits());\n',
  );
  assert.equal(script.split(wasm).length, 2, "the script names the .wasm file once");
  assert(script.includes("indexedDB"));
});

test("the tarball holds what is needed and nothing else", () => {
  assert.deepEqual(JSON.parse(process.env.PACKED_FILES).sort(), [
    "LICENSE-APACHE",
    "LICENSE-MIT",
    "README.md",
    "dist/LICENSE-idb",
    "dist/crdt_range_map.d.ts",
    "dist/crdt_range_map.js",
    "dist/crdt_range_map_bg.wasm",
    "dist/persistent.js",
    "node.d.ts",
    "node.js",
    "once.js",
    "package.json",
    "persistent.d.ts",
    "web.d.ts",
    "web.js",
  ]);
});
