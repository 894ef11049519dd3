// What the package is tried with: exact versions, as a new user would install them, and how each is run.
//
// Each of the `checks` runs in a fresh copy of `files` beside the installed packages, with the default entry and, if `lean` names it,
// with the lean one. It gets these: `run` runs an installed command to its end, `start` one that serves until the check is over,
// `serve` a folder; `browse` opens a page in Chromium and asserts what it answers. PORT in a command is a free port.

const vite = (version, lean) => ({
  packages: { vite: version },
  files: ["page"],
  lean,
  checks: {
    dev: async ({ start, browse }) => browse(await start("vite", "--strictPort", "--port", "PORT")),
    build: async ({ run, serve, browse }) => {
      await run("vite", "build");
      await browse(await serve("dist"));
    },
  },
});

/** A bundler that makes dist/page.js by that command. */
const bundler = (packages, lean, ...command) => ({
  packages,
  files: ["page"],
  lean,
  checks: {
    build: async ({ run, copy, serve, browse }) => {
      await run(...command);
      copy("index.html", "dist/index.html");
      await browse(await serve("dist"));
    },
  },
});

/** A server component, a route handler, another in the edge runtime, and a client component. */
const next =
  (flag) =>
  async ({ run, start, fetchText, assert, browse }) => {
    await run("next", "build", flag);
    const url = await start("next", "start", "--port", "PORT");
    assert.match(await fetchText(url), /<main>node-a/);
    for (const route of ["owners", "edge"]) {
      assert.deepEqual(JSON.parse(await fetchText(`${url}api/${route}`)), [{ node: "node-a", priority: 1 }]);
    }
    await browse(url);
  };

const prints =
  (...command) =>
  async ({ run, assert }) =>
    assert.equal(await run(...command), "node-a function\n");

const succeeds =
  (...command) =>
  ({ run }) =>
    run(...command);

const compiles = (...options) =>
  succeeds("tsc", "--noEmit", "--strict", "--target", "es2022", "--lib", "es2022,dom", ...options, "program.ts");
const compilesForBundler = compiles("--module", "esnext", "--moduleResolution", "bundler");

const webpack = "webpack --mode production --entry ./page.js --output-path dist --output-filename page.js";
const jestOfModules = "node --experimental-vm-modules node_modules/jest/bin/jest.js --testMatch **/*.test.mjs";

export const cells = {
  "no bundler": {
    packages: {},
    files: ["page"],
    lean: ["page"],
    checks: {
      page: async ({ serve, replace, browse }) => {
        const entries = { "": "index", "/lean": "lean", "/persistent": "persistent" };
        const imports = Object.entries(entries).map(([path, name]) => [
          `crdt-range-map${path}`,
          `./node_modules/crdt-range-map/dist/${name}.js`,
        ]);
        const map = JSON.stringify({ imports: Object.fromEntries(imports) });
        replace("index.html", "<script", `<script type="importmap">${map}</script><script`);
        await browse(await serve("."));
      },
    },
  },
  "Vite 5": vite("5.4.21", ["build"]),
  "Vite 6": vite("6.4.6", ["build"]),
  "Vite 7": vite("7.3.8", ["build"]),
  "Vite 8": vite("8.4.0", ["dev", "build"]),
  "webpack 5": bundler({ webpack: "5.113.0", "webpack-cli": "7.3.1" }, ["build"], ...webpack.split(" ")),
  "Next 16": {
    packages: { next: "16.4.6", react: "19.3.1", "react-dom": "19.3.1" },
    files: ["page", "next"],
    checks: { Turbopack: next("--turbopack"), webpack: next("--webpack") },
  },
  esbuild: bundler(
    { esbuild: "0.28.2" },
    [],
    ...["esbuild", "page.js", "--bundle", "--format=esm", "--outfile=dist/page.js"],
  ),
  Rollup: bundler(
    { rollup: "4.68.8", "@rollup/plugin-node-resolve": "16.0.3" },
    [],
    ...["rollup", "page.js", "--plugin", "node-resolve", "--file", "dist/page.js"],
  ),
  Rolldown: bundler({ rolldown: "1.3.3" }, [], "rolldown", "page.js", "--file", "dist/page.js"),
  Parcel: {
    packages: { parcel: "2.16.4" },
    files: ["page"],
    lean: ["build"],
    checks: {
      build: async ({ run, serve, browse }) => {
        await run("parcel", "build", "index.html", "--no-cache", "--dist-dir", "dist");
        await browse(await serve("dist"));
      },
    },
  },
  "Bun, bundler": bundler({ bun: "1.4.5" }, [], "bun", "build", "page.js", "--outdir", "dist"),
  "Bun, runtime": {
    packages: { bun: "1.4.5" },
    files: ["node"],
    lean: ["import", "require"],
    checks: { import: prints("bun", "program.mjs"), require: prints("bun", "program.cjs") },
  },
  Node: {
    packages: {},
    files: ["node"],
    lean: ["import", "require"],
    checks: { import: prints("node", "program.mjs"), require: prints("node", "program.cjs") },
  },
  workerd: {
    packages: { workerd: "1.20261117.1", esbuild: "0.28.2" },
    files: ["workerd"],
    checks: {
      "bundled by esbuild": async ({ run, start, fetchText, assert }) => {
        const options = ["--bundle", "--format=esm", "--conditions=workerd", "--outfile=dist/worker.js"];
        await run("esbuild", "worker.js", ...options, "--loader:.wasm=copy", "--asset-names=[name]");
        const url = await start("workerd", "serve", "config.capnp", "--socket-addr", "http=localhost:PORT");
        assert.equal(await fetchText(url), "node-a function");
      },
    },
  },
  "TypeScript 5": {
    packages: { typescript: "5.9.3" },
    files: ["typescript"],
    checks: {
      node10: compiles("--module", "commonjs", "--moduleResolution", "node10"),
      node16: compiles("--module", "node16"),
      bundler: compilesForBundler,
    },
  },
  "TypeScript 7": {
    packages: { typescript: "7.0.2" },
    files: ["typescript"],
    checks: { nodenext: compiles("--module", "nodenext"), bundler: compilesForBundler },
  },
  Jest: {
    packages: { jest: "30.5.2", "jest-environment-jsdom": "30.5.2" },
    files: ["jest"],
    lean: ["CommonJS", "CommonJS and jsdom", "ES modules"],
    checks: {
      CommonJS: succeeds("jest", "required"),
      "CommonJS and jsdom": succeeds("jest", "--env", "jsdom", "required"),
      "ES modules": succeeds(...jestOfModules.split(" ")),
    },
  },
  Vitest: {
    packages: { vitest: "4.1.12", jsdom: "27.4.0", "happy-dom": "21.0.4", "fake-indexeddb": "6.2.8" },
    files: ["vitest"],
    lean: ["Node", "jsdom", "happy-dom", "fake-indexeddb"],
    checks: {
      Node: succeeds("vitest", "run", "map"),
      jsdom: succeeds("vitest", "run", "--environment", "jsdom", "map"),
      "happy-dom": succeeds("vitest", "run", "--environment", "happy-dom", "map"),
      "fake-indexeddb": succeeds("vitest", "run", "saved"),
    },
  },
};

/** The rows of the README's table. */
export const rows = Object.entries(cells).map(([name, { packages, lean = [], checks }]) => {
  const versions = Object.entries(packages).map(([name, version]) => `${name} ${version}`);
  return `| ${[name, versions.join(", "), Object.keys(checks).join(", "), lean.join(", ")].join(" | ")} |`.replaceAll(
    "  ",
    " ",
  );
});
