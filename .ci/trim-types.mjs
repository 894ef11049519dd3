// Cuts the loader's part out of the type declarations that wasm-bindgen wrote: it lists the module's raw exports, some of them
// with `any`. The package's own index.d.ts declares the loader instead. What is left must be free of `any`.
import { readFileSync, writeFileSync } from "node:fs";

const path = process.argv[2];
const text = readFileSync(path, "utf8");
const loader = text.search(/^export type InitInput\b/m);
if (loader < 0)
  throw new Error(`${path}: where the loader's types begin was not found; has wasm-bindgen changed its output?`);

const types = text.slice(0, loader).trimEnd() + "\n";
const code = types.replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, "");
const any = code.split("\n").find((line) => /\bany\b/.test(line.replace(/"[^"]*"/g, "")));
if (any !== undefined) throw new Error(`${path}: the type \`any\` in: ${any.trim()}`);

// `[Symbol.dispose]` is in every class; this spares users from having to name the library themselves.
writeFileSync(path, `/// <reference lib="esnext.disposable" />\n${types}`);
