// @ts-check
/** Writes what a story fetches when it is opened into src/generated. Run by `npm run dev`, `npm run build`, and before the tests. */
import { mkdir, writeFile } from "node:fs/promises";
import { bundleWorld } from "./bundle-world.mjs";
import { cutToLargeRanges, LEAST_ADDRESSES, readCountries, SOURCE } from "./ipv4.mjs";

const generated = new URL("../src/generated/", import.meta.url);
const code = await bundleWorld("esm", "data-entry.ts");
/** @type {typeof import("./data-entry")} */
const { writeRegistry } = await import(`data:text/javascript;base64,${Buffer.from(code).toString("base64")}`);

const { version, ranges } = await readCountries();
const blocks = cutToLargeRanges(ranges);
const file = writeRegistry({
  facts: {
    source: SOURCE,
    version,
    leastAddresses: LEAST_ADDRESSES,
    rangesInSource: ranges.length,
    addressesInSource: ranges.reduce((sum, { start, end }) => sum + end - start, 0),
  },
  blocks,
});
await mkdir(generated, { recursive: true });
await writeFile(new URL("ipv4.bin", generated), file);
console.log(`src/generated/ipv4.bin: ${blocks.length} blocks, ${file.length} bytes`);
