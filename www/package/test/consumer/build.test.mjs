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
  writeFileSync("index.html", '<script type="module" src="/page.js"></script>');
  writeFileSync(
    "page.js",
    'import init, { RangeMap } from "crdt-range-map";\nawait init();\nconsole.log(new RangeMap().splits());\n',
  );
  run("vite/bin/vite.js", ["build", "--logLevel", "error"]);
  const assets = readdirSync("dist/assets");
  const wasm = assets.filter((name) => name.endsWith(".wasm"));
  assert.equal(wasm.length, 1, assets.join(" "));
  const script = readFileSync(
    join(
      "dist/assets",
      assets.find((name) => name.endsWith(".js")),
    ),
    "utf8",
  );
  assert(script.includes(wasm[0]), "the script names the .wasm file");
  assert(!script.includes("node:fs"), "the browser's entry was taken");
});

test("the tarball holds what is needed and nothing else", () => {
  assert.deepEqual(JSON.parse(process.env.PACKED_FILES).sort(), [
    "LICENSE-APACHE",
    "LICENSE-MIT",
    "README.md",
    "dist/crdt_range_map.d.ts",
    "dist/crdt_range_map.js",
    "dist/crdt_range_map_bg.wasm",
    "node.d.ts",
    "node.js",
    "once.js",
    "package.json",
    "web.d.ts",
    "web.js",
  ]);
});
