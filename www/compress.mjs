// Writes a .gz and a .br beside each file of a folder that gets smaller: node compress.mjs FOLDER.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, gzipSync } from "node:zlib";

const folder = process.argv[2];
if (folder === undefined) throw new Error("Which folder? node compress.mjs FOLDER");
for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
  if (!entry.isFile() || !/\.(html|js|css|svg|json|wasm|delta)$/.test(entry.name)) continue;
  const path = join(entry.parentPath, entry.name);
  const content = readFileSync(path);
  for (const [ending, compressed] of /** @type {const} */ ([
    ["gz", gzipSync(content, { level: 9 })],
    ["br", brotliCompressSync(content)],
  ])) {
    if (compressed.length < content.length) writeFileSync(`${path}.${ending}`, compressed);
  }
}
