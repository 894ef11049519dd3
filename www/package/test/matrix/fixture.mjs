// A folder of a new user: the tarball and exact versions of what it is tried with, installed, and ways to run and look at it.
import assert from "node:assert/strict";
import { execFile, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { chromium } from "@playwright/test";

/** They bound a hang and nothing else: the machine may be busy. */
const patienceMs = 300_000;
const flags = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"];
const environment = { ...process.env, NEXT_TELEMETRY_DISABLED: "1", CI: "true" };
// Set by the test runner, and not for those who run tests in here.
delete environment.NODE_TEST_CONTEXT;

let browser;

export async function closeBrowser() {
  await (await browser)?.close();
}

export class Fixture {
  /** What ends with the check. */
  #ends = [];

  constructor(tarball, packages) {
    this.folder = mkdtempSync(join(tmpdir(), "crdt-range-map-fixture-"));
    const dependencies = { "crdt-range-map": `file:${tarball}`, ...packages };
    writeFileSync(join(this.folder, "package.json"), JSON.stringify({ private: true, dependencies }));
    execFileSync("npm", ["install", "--no-audit", "--no-fund", "--loglevel", "error"], {
      cwd: this.folder,
      env: environment,
      stdio: ["ignore", "ignore", "inherit"],
    });
  }

  /** Leaves nothing but what was installed, and copies the files, which then import that entry. */
  begin(files, entry) {
    const installed = ["node_modules", "package.json", "package-lock.json"];
    for (const name of readdirSync(this.folder)) {
      if (!installed.includes(name)) rmSync(join(this.folder, name), { recursive: true });
    }
    rmSync(join(this.folder, "node_modules/.vite"), { recursive: true, force: true });
    for (const name of files) {
      cpSync(fileURLToPath(new URL(`files/${name}`, import.meta.url)), this.folder, { recursive: true });
    }
    if (entry === "lean") {
      const names = readdirSync(this.folder).filter((name) => /\.[cm]?js$/.test(name));
      const using = names.filter((name) => readFileSync(join(this.folder, name), "utf8").includes('"crdt-range-map"'));
      assert(using.length > 0);
      for (const name of using) this.#replace(name, '"crdt-range-map"', '"crdt-range-map/lean"');
    }
  }

  tools() {
    return {
      run: (...command) => this.#run(command),
      start: (...command) => this.#start(command),
      serve: (folder) => this.#serve(folder),
      browse: (url) => this.#browse(url),
      copy: (from, to) => cpSync(join(this.folder, from), join(this.folder, to)),
      replace: (...args) => this.#replace(...args),
      fetchText: async (url) => {
        const response = await fetch(url);
        const text = await response.text();
        assert.equal(response.status, 200, text);
        return text;
      },
    };
  }

  async end() {
    for (const end of this.#ends.splice(0).reverse()) await end();
  }

  remove() {
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
  }

  /** The program and arguments of an installed command. */
  #command([name, ...args]) {
    return name === "node" ? [process.execPath, args] : [join(this.folder, "node_modules/.bin", name), args];
  }

  /** Runs a command to its end, and returns what it printed. */
  async #run(command) {
    const options = { cwd: this.folder, env: environment, timeout: patienceMs, maxBuffer: 2 ** 26 };
    const { stdout } = await promisify(execFile)(...this.#command(command), options).catch((error) =>
      assert.fail(`${error.message}\n${error.stdout}\n${error.stderr}`),
    );
    return stdout;
  }

  /** Starts a server, in whose arguments PORT stands for a free port, and returns its address when it answers. */
  async #start(command) {
    const free = createServer().listen(0, "localhost");
    await once(free, "listening");
    const { port } = free.address();
    free.close();
    const [program, args] = this.#command(command.map((word) => word.replace("PORT", String(port))));
    // A group of its own, since a server may have children.
    const server = spawn(program, args, { cwd: this.folder, env: environment, detached: true, stdio: "pipe" });
    let printed = "";
    for (const stream of [server.stdout, server.stderr]) stream.on("data", (data) => (printed += data));
    const exited = once(server, "exit");
    this.#ends.push(async () => {
      if (server.exitCode === null) process.kill(-server.pid, "SIGKILL");
      await exited;
    });
    const url = `http://localhost:${port}/`;
    const deadline = Date.now() + patienceMs;
    while (!(await fetch(url).catch(() => undefined))) {
      assert(server.exitCode === null && Date.now() < deadline, `${command.join(" ")} does not serve:\n${printed}`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    return url;
  }

  /** Serves a folder as a strict server of files does, and returns its address. */
  async #serve(folder) {
    const headers = { "content-security-policy": "script-src 'self' 'unsafe-inline' 'wasm-unsafe-eval'" };
    const types = { ".html": "text/html", ".js": "text/javascript", ".wasm": "application/wasm" };
    const server = createServer(async ({ url }, response) => {
      const path = normalize(decodeURIComponent(new URL(url, "http://localhost").pathname)).replace(
        /\/$/,
        "/index.html",
      );
      try {
        const body = await readFile(join(this.folder, folder, path));
        response.writeHead(200, { ...headers, "content-type": types[extname(path)] ?? "application/octet-stream" });
        response.end(body);
      } catch {
        response.writeHead(404).end();
      }
    }).listen(0, "localhost");
    await once(server, "listening");
    this.#ends.push(() => new Promise((resolve) => server.close(resolve).closeAllConnections()));
    return `http://localhost:${server.address().port}/`;
  }

  /** Opens the page in Chromium, with a profile of its own, and asserts what its title says at last. */
  async #browse(url) {
    browser ??= chromium.launch({ executablePath: process.env.CHROMIUM_PATH, args: flags });
    const context = await (await browser).newContext();
    const errors = [];
    try {
      const page = await context.newPage();
      page.on("pageerror", (error) => errors.push(String(error.stack ?? error)));
      page.on("requestfailed", (request) => errors.push(`${request.url()}: ${request.failure()?.errorText}`));
      await page.goto(url, { timeout: patienceMs });
      const title = await page
        .waitForFunction(() => document.title, null, { timeout: patienceMs })
        .then((handle) => handle.jsonValue())
        .catch((error) => `no answer: ${error.message}`);
      assert.equal(title, "node-a true", errors.join("\n"));
    } finally {
      await context.close();
    }
  }

  #replace(name, from, to) {
    const path = join(this.folder, name);
    const text = readFileSync(path, "utf8");
    assert(text.includes(from));
    writeFileSync(path, text.replace(from, to));
  }
}
