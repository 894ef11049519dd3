// Makes the package's entries of the module and its glue, which lie in dist/ already: the same classes for all of them, as ES modules
// and, for `require`, as CommonJS.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "rolldown";
import { asText } from "./text.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const dist = join(root, "dist");
const entry = (name) => join(root, "entries", `${name}.js`);

/** What is built already is imported from beside the entry, which will lie in dist/ too. */
const built = {
  name: "built",
  resolveId: (id) => (id.startsWith("../dist/") ? { id: id.replace("../dist/", "./"), external: true } : null),
};

/** Bundles entries into dist/. */
async function bundle(input, output, options = {}) {
  await build({ input, output: { dir: dist, comments: false, ...output }, logLevel: "warn", ...options });
}

/**
 * The glue would fetch the module by itself. Here the entries say where the module comes from, lest a bundler ship the file to those
 * whose script contains it.
 */
async function finishGlue() {
  const file = join(dist, "crdt_range_map.js");
  const glue = readFileSync(file, "utf8").replace(
    /new URL\([`'"]crdt_range_map_bg\.wasm[`'"], ?import\.meta\.url\)/,
    "void 0",
  );
  if (glue.includes("import.meta")) throw new Error(`${file}: where the glue finds the module was not found`);
  writeFileSync(file, glue);
  const names = Object.keys(await import(pathToFileURL(file).href));
  const virtual = {
    name: "virtual",
    resolveId: (id) => (id === "virtual:glue" ? id : null),
    load: (id) => (id === "virtual:glue" ? `export { ${names.join(", ")} } from ${JSON.stringify(file)};` : null),
  };
  const inject = { TextDecoder: [entry("text"), "TextDecoder"], TextEncoder: [entry("text"), "TextEncoder"] };
  // Not twice: this runs again when only an entry has changed.
  const transform = glue.includes("getBuiltinModule") ? {} : { inject };
  await bundle(
    { crdt_range_map: "virtual:glue" },
    { minify: true, keepNames: true },
    { plugins: [virtual], transform },
  );
}

async function inlineModule() {
  const module = readFileSync(join(dist, "crdt_range_map_bg.wasm"));
  const { text, digits, single, bytes } = asText(module);
  const define = {
    MODULE: JSON.stringify(text),
    MODULE_LENGTH: String(module.length),
    DIGITS: JSON.stringify(digits),
    SINGLE: String(single),
    BYTES: JSON.stringify(bytes),
  };
  await bundle({ inlined: entry("inlined") }, { minify: true }, { transform: { define } });
  const { unpacked } = await import(pathToFileURL(join(dist, "inlined.js")).href);
  if (!module.equals(unpacked())) throw new Error("the inlined module is not the module");
}

/** The types of a CommonJS entry are those of the ES module; only the files are others. */
function copyTypes(file) {
  const types = readFileSync(join(root, file), "utf8");
  const name = file.replace("dist/", "").replace(".d.ts", ".d.cts");
  writeFileSync(join(dist, name), types.replace(/(from "\.\/)(?:dist\/)?(\w+)\.js"/g, '$1$2.cjs"'));
}

await finishGlue();
await inlineModule();
const [index, lean] = ["index", "lean"].map(entry);
const [workerd, edge] = ["workerd", "edge-light"].map(entry);
await bundle({ index, lean, workerd, "edge-light": edge }, { chunkFileNames: "[name].js" }, { plugins: [built] });
const cjs = {
  format: "cjs",
  exports: "named",
  entryFileNames: "[name].cjs",
  chunkFileNames: "[name].cjs",
  minify: true,
};
await bundle({ index, lean, persistent: join(dist, "persistent.js") }, cjs, { platform: "node" });
const types = readdirSync(dist).filter((name) => name.endsWith(".d.ts"));
for (const file of [...types.map((name) => `dist/${name}`), "index.d.ts", "lean.d.ts", "persistent.d.ts"])
  copyTypes(file);
