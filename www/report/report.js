// Makes the pages: node report.js [--from FOLDER] [--out FOLDER] [native|sync]... By default both, from target/ into native-bench/report/.
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import * as native from "./native.js";
import * as sync from "./sync.js";

const root = fileURLToPath(new URL("../../", import.meta.url));
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    from: { type: "string", default: join(root, "target") },
    out: { type: "string", default: join(root, "native-bench/report") },
  },
});

/**
 * What a run wrote, if it is there.
 *
 * @param {string} name
 */
function read(name) {
  const path = join(values.from, name);
  return existsSync(path) ? JSON.parse(readFileSync(path, "utf8")) : undefined;
}

/**
 * @param {string} name
 * @param {string} content
 */
function write(name, content) {
  mkdirSync(values.out, { recursive: true });
  writeFileSync(join(values.out, name), content);
}

/** @type {[page: string, source: string, make: (source: any) => native.Page][]} */
const pages = [
  [
    "report.md",
    "range-bench.json",
    (report) => {
      const counted = readdirSync(values.from).filter((name) => /^instructions-.*\.json$/.test(name));
      return native.page(report, counted.sort().reverse().map(read), read("web-bench.json"));
    },
  ],
  ["sync.md", "sync-bench.json", sync.page],
];
const wanted = positionals.length > 0 ? positionals : ["native", "sync"];
for (const [at, [name, source, make]] of pages.entries()) {
  const measured = wanted.includes(["native", "sync"][at]) ? read(source) : undefined;
  if (measured !== undefined) {
    const { text, plots } = make(measured);
    write(name, `${text.join("\n")}\n`);
    for (const [file, svg] of plots) write(file, svg);
    console.error(`The page: ${join(values.out, name)}`);
  }
}
