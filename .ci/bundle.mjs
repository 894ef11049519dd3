// Makes one small file of the glue that wasm-bindgen wrote and of the modules that it imports. Their documentation stands in the
// type declarations.
import { rmSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

const glue = process.argv[2];
const { build } = await import(createRequire(join(process.cwd(), "www/")).resolve("rolldown"));
const { output } = await build({
  input: glue,
  output: { file: glue, minify: true, comments: false },
  // The module's address is the user's bundler's to resolve.
  external: /\.wasm$/,
});
if (output.length !== 1) throw new Error(`${glue}: bundled into ${output.length} files`);
rmSync(join(dirname(glue), "snippets"), { recursive: true });
