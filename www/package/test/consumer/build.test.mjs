// The installed package type-checks as users compile it, is well-formed, goes through Vite, and holds only what it should.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, gzipSync } from "node:zlib";

const tools = process.env.TOOLS;

function run(tool, args) {
  try {
    execFileSync(process.execPath, [join(tools, tool), ...args], { encoding: "utf8", stdio: "pipe" });
  } catch (error) {
    assert.fail(error.stdout + error.stderr);
  }
}

/** Builds a page of that script with Vite; returns the script, and the names of the .wasm files. */
function build(source) {
  writeFileSync("index.html", '<script type="module" src="/page.js"></script>');
  writeFileSync("page.js", source);
  run("vite/bin/vite.js", ["build", "--logLevel", "error", "--target", "es2022"]);
  const assets = readdirSync("dist/assets");
  const scripts = assets.filter((name) => name.endsWith(".js"));
  assert.equal(scripts.length, 1, assets.join(" "));
  const script = readFileSync(join("dist/assets", scripts[0]), "utf8");
  return { script, wasm: assets.filter((name) => name.endsWith(".wasm")) };
}

const strict = ["--noEmit", "--strict", "--exactOptionalPropertyTypes", "--target", "es2022"];

const browser = ["--lib", "es2022,dom"];

test("types: strict, for a bundler, without Node's types", () => {
  run("typescript/bin/tsc", [...strict, ...browser, "--module", "esnext", "--moduleResolution", "bundler", "types.ts"]);
});

test("types: strict, for Node, without a browser's types", () => {
  mkdirSync("node_modules/@types", { recursive: true });
  for (const name of ["@types/node", "undici-types"]) symlinkSync(join(tools, name), join("node_modules", name));
  // The same program as an ES module and as CommonJS.
  copyFileSync("types.ts", "types.cts");
  for (const module of ["node16", "nodenext"]) {
    const node = ["--lib", "es2022", "--types", "node", "--module", module];
    run("typescript/bin/tsc", [...strict, ...node, "types.ts", "types.cts"]);
  }
});

test("types: strict, for a resolver that knows no exports", () => {
  const old = ["--module", "commonjs", "--moduleResolution", "node10", "--ignoreDeprecations", "6.0"];
  run("typescript/bin/tsc", [...strict, ...browser, ...old, "types.ts"]);
});

test("publint and Are The Types Wrong have no complaint about the tarball", () => {
  run("publint/src/cli.js", [process.env.TARBALL, "--strict"]);
  // The .wasm file is nobody's script, and has no types.
  run("@arethetypeswrong/cli/dist/index.js", [process.env.TARBALL, "--exclude-entrypoints", "crdt_range_map_bg.wasm"]);
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

test("a page that Vite builds contains the module, once, and nothing of what saves", () => {
  const { script, wasm } = build(
    'import init, { RangeMap } from "crdt-range-map";\nawait init();\nconsole.log(new RangeMap().splits());\n',
  );
  assert.deepEqual(wasm, [], "no file that nobody would load");
  assert(script.length > 250_000, "the module is in the script");
  assert(!script.includes("indexedDB"), "whoever saves nothing does not load what saves");
});

test("a lean page with a saved map names the file of the module once", () => {
  const { script, wasm } = build(
    'import init from "crdt-range-map/lean";\nimport { openRangeMap } from "crdt-range-map/persistent";\n' +
      'import { RangeMap } from "crdt-range-map";\nawait init();\nnew RangeMap();\n' +
      'console.log((await openRangeMap({ name: "n" })).map.splits());\n',
  );
  assert.equal(wasm.length, 1);
  assert.equal(script.split(wasm[0]).length, 2);
  assert(script.includes("indexedDB"));
  assert(script.length < 100_000, "a class of the default entry alone does not bring its module along");
});

test("a server compresses the default entry to hardly more than its module", () => {
  const file = (name) => fileURLToPath(new URL(name, import.meta.resolve("crdt-range-map/crdt_range_map_bg.wasm")));
  for (const compress of [brotliCompressSync, gzipSync]) {
    const [script, module] = ["inlined.js", "crdt_range_map_bg.wasm"].map(
      (name) => compress(readFileSync(file(name))).length,
    );
    assert(script < 1.03 * module, `${script} bytes for a module of ${module}`);
  }
});

test("the tarball holds what is needed and nothing else", () => {
  const common = ["crdt_range_map", "index", "lean", "persistent"];
  assert.deepEqual(
    JSON.parse(process.env.PACKED_FILES).sort(),
    [
      ...["LICENSE-APACHE", "LICENSE-MIT", "README.md", "dist/LICENSE-idb"],
      ...common.flatMap((name) => [`dist/${name}.js`, `dist/${name}.cjs`, `dist/${name}.d.cts`]),
      ...[
        "connection",
        "errors",
        "journal",
        "living",
        "operations",
        "queries",
        "range_map",
        "types",
        "versions",
      ].flatMap((name) => [`dist/${name}.d.ts`, `dist/${name}.d.cts`]),
      ...["dist/crdt_range_map.d.ts", "dist/crdt_range_map_bg.wasm", "dist/inlined.js"],
      ...["dist/edge-light.js", "dist/workerd.js"],
      ...["dist/load.cjs", "dist/load.js", "index.d.ts", "package.json"],
      ...["lean", "persistent"].flatMap((name) => [`${name}.d.ts`, `${name}.js`]),
    ].sort(),
  );
});

test("the README lists what `make test-package` tries, with its versions", async () => {
  const { rows } = await import(process.env.CELLS);
  const readme = readFileSync("node_modules/crdt-range-map/README.md", "utf8");
  const lines = readme.split("\n").filter((line) => line.startsWith("| ") && !line.startsWith("| --"));
  const written = lines.map((line) => line.replace(/ +/g, " "));
  assert.deepEqual(written.slice(1), rows);
});
