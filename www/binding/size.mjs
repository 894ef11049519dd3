// Prints what the given files weigh raw, with gzip -9 and with brotli 11, each compressed alone, as a browser loads them.
import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

function weigh(path) {
  const bytes = readFileSync(path);
  const params = { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length };
  return {
    name: basename(path),
    raw: bytes.length,
    gzip: gzipSync(bytes, { level: 9 }).length,
    brotli: brotliCompressSync(bytes, { params }).length,
  };
}

function print({ name, raw, gzip, brotli }) {
  const cells = [raw, gzip, brotli].map((bytes) => bytes.toLocaleString("en").padStart(10));
  console.log(name.padEnd(28) + cells.join(""));
}

const weights = process.argv.slice(2).map(weigh);
const sum = (column) => weights.reduce((total, weight) => total + weight[column], 0);
console.log("bytes".padEnd(28) + ["raw", "gzip", "brotli"].map((title) => title.padStart(10)).join(""));
weights.forEach(print);
print({ name: "what a browser loads", raw: sum("raw"), gzip: sum("gzip"), brotli: sum("brotli") });
