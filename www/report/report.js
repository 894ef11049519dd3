// Makes the pages of what was measured, as far as it was: node report.js [--from FOLDER] [--out FOLDER], from target/ into
// native-bench/report/. Or puts reports of range-bench side by side: node report.js compare A.json B.json ...
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
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

const json = (/** @type {string} */ path) => JSON.parse(readFileSync(path, "utf8"));

/**
 * What a run wrote, if it is there.
 *
 * @param {string} name
 */
function read(name) {
  const path = join(values.from, name);
  return existsSync(path) ? json(path) : undefined;
}

/**
 * @param {string} name
 * @param {native.Page} page
 */
function write(name, { text, plots }) {
  mkdirSync(values.out, { recursive: true });
  const files = new Map([...plots, [name, `${text.join("\n")}\n`]]);
  for (const [file, content] of files) writeFileSync(join(values.out, file), content);
  console.error(`The page: ${join(values.out, name)}`);
}

if (positionals[0] === "compare") {
  const paths = positionals.slice(1);
  const names = paths.map((path) => basename(path, ".json"));
  console.log(native.sideBySide(paths.map(json), names).join("\n"));
} else {
  const [measured, counted] = [read("range-bench.json"), read("sync-bench.json")];
  const instructions = readdirSync(values.from).filter((name) => /^instructions-.*\.json$/.test(name));
  const inJavaScript = read("web-bench.json");
  if (measured !== undefined) {
    write("report.md", native.page(measured, instructions.sort().reverse().map(read), inJavaScript));
  }
  if (counted !== undefined) write("sync.md", sync.page(counted));
}
