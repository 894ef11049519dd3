// bundle.mjs INPUT OUTPUT: makes one small file of a module and all that it imports. The documentation stands in the type declarations.
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const [input, file] = process.argv.slice(2);
const { build } = await import(createRequire(join(here, "../")).resolve("rolldown"));
const glue = resolve(here, "../../target/binding/glue/crdt_range_map.js");
// The module is loaded once, whoever imports it: others import it from beside them.
const module = {
  name: "module",
  resolveId: (id) => (id.endsWith("/dist/crdt_range_map.js") ? { id: "./crdt_range_map.js", external: true } : null),
};
const { output } = await build({
  input,
  // Classes keep their names, which errors and consoles show.
  output: { file, minify: true, keepNames: true, comments: false },
  // The module's address is the user's bundler's to resolve.
  external: /\.wasm$/,
  resolve: { alias: { "#glue": glue }, extensionAlias: { ".js": [".ts", ".js"] } },
  plugins: [module],
  // Its paths are for the type checker.
  tsconfig: false,
});
if (output.length !== 1) throw new Error(`${input}: bundled into ${output.length} files`);
