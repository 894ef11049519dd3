// bundle.mjs INPUT [OUTPUT]: makes one small file of a module and all that it imports, in its place if no output is named. The
// documentation stands in the type declarations.
import { rmSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

const [input, file = input] = process.argv.slice(2);
const { build } = await import(createRequire(join(process.cwd(), "www/")).resolve("rolldown"));
// The glue is loaded once, whoever imports it: the others import it from beside them.
const glue = {
  name: "glue",
  resolveId: (id) => (id.endsWith("/crdt_range_map.js") ? { id: "./crdt_range_map.js", external: true } : null),
};
const { output } = await build({
  input,
  output: { file, minify: true, comments: false },
  // The module's address is the user's bundler's to resolve.
  external: /\.wasm$/,
  plugins: file === input ? [] : [glue],
});
if (output.length !== 1) throw new Error(`${input}: bundled into ${output.length} files`);
if (file === input) rmSync(join(dirname(file), "snippets"), { recursive: true });
