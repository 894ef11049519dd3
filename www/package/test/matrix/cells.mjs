// What the package is tried with: exact versions, as a new user would install them, and how each is run.
//
// `checks` are named functions. Each gets a fresh copy of `files` with the installed packages, and these: `run` runs an installed
// command to its end, `start` one that serves until the check is over, `serve` a folder; `browse` opens a page that asserts by itself.

/** Checks that a page works, with the default entry and, where `lean` says so, with the lean one. */
const page = ({ lean, ...rest }) => ({ files: ["page"], entries: lean ? ["default", "lean"] : ["default"], ...rest });

const vite = (version, lean) =>
  page({
    packages: { vite: version },
    lean,
    checks: {
      dev: async ({ start, browse }) => browse(await start("vite", "--strictPort", "--port", "PORT")),
      build: async ({ run, serve, browse }) => {
        await run("vite", "build");
        await browse(await serve("dist"));
      },
    },
  });

/** A bundler of one script, whose command line is given; it leaves dist/page.js. */
const bundler = (packages, lean, ...command) =>
  page({
    packages,
    lean,
    checks: {
      build: async ({ run, copy, serve, browse }) => {
        await run(...command);
        await copy("index.html", "dist/index.html");
        await browse(await serve("dist"));
      },
    },
  });

const next = (...flags) => ({
  build: async ({ run, start, fetchText, assert, browse }) => {
    await run("next", "build", ...flags);
    const url = await start("next", "start", "--port", "PORT");
    assert.match(await fetchText(url), /<main>node-a/);
    assert.deepEqual(JSON.parse(await fetchText(`${url}api/owners`)), [{ node: "node-a", priority: 1 }]);
    await browse(url);
  },
});

const node = (...args) => ({
  run: async ({ run, assert }) => assert.equal(await run("node", ...args), "node-a function\n"),
});

const typescript = (version, resolutions) => ({
  packages: { typescript: version },
  files: ["typescript"],
  checks: Object.fromEntries(
    Object.entries(resolutions).map(([name, args]) => [
      name,
      ({ run }) => run("tsc", "--noEmit", "--strict", "--target", "es2022", "--lib", "es2022,dom", ...args, "program.ts"),
    ]),
  ),
});
const bundlerResolution = ["--module", "esnext", "--moduleResolution", "bundler"];

const jest = { jest: "30.5.2" };
const vitest = { vitest: "4.1.12" };
const tested = (...command) => ({ run: ({ run }) => run(...command) });

export const cells = {
  "Vite 5": vite("5.4.21", false),
  "Vite 6": vite("6.4.6", false),
  "Vite 7": vite("7.3.8", false),
  "Vite 8": vite("8.4.0", true),
  "webpack 5": bundler(
    { webpack: "5.113.0", "webpack-cli": "7.3.1" },
    true,
    ...["webpack", "--mode", "production", "--entry", "./page.js", "--output-path", "dist", "--output-filename", "page.js"],
  ),
  "Next 16, Turbopack": {
    packages: { next: "16.4.6", react: "19.3.1", "react-dom": "19.3.1" },
    files: ["page", "next"],
    checks: next("--turbopack"),
  },
  "Next 16, webpack": {
    packages: { next: "16.4.6", react: "19.3.1", "react-dom": "19.3.1" },
    files: ["page", "next"],
    checks: next("--webpack"),
  },
  esbuild: bundler(
    { esbuild: "0.28.2" },
    false,
    ...["esbuild", "page.js", "--bundle", "--format=esm", "--outfile=dist/page.js"],
  ),
  Rollup: bundler(
    { rollup: "4.68.8", "@rollup/plugin-node-resolve": "16.0.3" },
    false,
    ...["rollup", "page.js", "--plugin", "node-resolve", "--file", "dist/page.js"],
  ),
  Rolldown: bundler({ rolldown: "1.3.3" }, false, "rolldown", "page.js", "--file", "dist/page.js"),
  "Bun's bundler": bundler({ bun: "1.4.5" }, false, "bun", "build", "page.js", "--outdir", "dist"),
  Bun: { packages: { bun: "1.4.5" }, files: ["node"], checks: { run: async ({ run, assert }) => {
    for (const name of ["program.mjs", "program.cjs"]) assert.equal(await run("bun", name), "node-a function\n");
  } } },
  Parcel: page({
    packages: { parcel: "2.16.4" },
    lean: true,
    checks: {
      build: async ({ run, serve, browse }) => {
        await run("parcel", "build", "index.html", "--no-cache", "--dist-dir", "dist");
        await browse(await serve("dist"));
      },
    },
  }),
  "no bundler": page({
    packages: {},
    lean: true,
    checks: {
      page: async ({ serve, replace, browse }) => {
        const map = (entry) => `"crdt-range-map${entry && `/${entry}`}": "./node_modules/crdt-range-map/dist/${entry || "index"}.js"`;
        const imports = ["", "lean", "persistent"].map(map).join();
        await replace("index.html", "<script", `<script type="importmap">{"imports": {${imports}}}</script><script`);
        await browse(await serve("."));
      },
    },
  }),
  "Node, import": { packages: {}, files: ["node"], checks: node("program.mjs") },
  "Node, require": { packages: {}, files: ["node"], checks: node("program.cjs") },
  "TypeScript 5": typescript("5.9.3", {
    node10: ["--module", "commonjs", "--moduleResolution", "node10"],
    node16: ["--module", "node16"],
    bundler: bundlerResolution,
  }),
  "TypeScript 7": typescript("7.0.2", { nodenext: ["--module", "nodenext"], bundler: bundlerResolution }),
  "Jest, CommonJS": { packages: jest, files: ["jest"], checks: tested("jest", "required") },
  "Jest, jsdom": {
    packages: { ...jest, "jest-environment-jsdom": "30.5.2" },
    files: ["jest"],
    checks: tested("jest", "--env", "jsdom", "required"),
  },
  "Jest, ES modules": {
    packages: jest,
    files: ["jest"],
    checks: tested("node", "--experimental-vm-modules", "node_modules/jest/bin/jest.js", "--testMatch", "**/*.test.mjs"),
  },
  Vitest: { packages: vitest, files: ["vitest"], checks: tested("vitest", "run", "map") },
  "Vitest, jsdom": {
    packages: { ...vitest, jsdom: "27.4.0" },
    files: ["vitest"],
    checks: tested("vitest", "run", "--environment", "jsdom", "map"),
  },
  "Vitest, fake-indexeddb": {
    packages: { ...vitest, "fake-indexeddb": "6.2.8" },
    files: ["vitest"],
    checks: tested("vitest", "run", "saved"),
  },
};
