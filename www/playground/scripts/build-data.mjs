// @ts-check
/**
 * Writes what the scenarios start from into src/generated/: for each one encoded delta, and a small JSON with facts on
 * it. Run by `npm run dev` and `npm run build`.
 */
import { mkdir, writeFile } from "node:fs/promises";
import init from "crdt-range-map";
import { readCountries, cutToLargeRanges, examplesOf, LEAST_ADDRESSES, SOURCE } from "./ipv4.mjs";
import { encodeSeed } from "./seed.mjs";
import { smallKeySpace } from "./small.mjs";

const generated = new URL("../src/generated/", import.meta.url);

await init();
await mkdir(generated, { recursive: true });

const small = encodeSeed("small", smallKeySpace);
await write("small", small.delta, { replica: small.replica, registrations: smallKeySpace.length });

const { version, ranges } = await readCountries();
const large = cutToLargeRanges(ranges);
const ipv4 = encodeSeed(
  "ipv4",
  large.map(({ country, start, end }) => ({ node: country, start, end, priority: 1 })),
);
await write("ipv4", ipv4.delta, {
  replica: ipv4.replica,
  source: { package: SOURCE, version },
  cut: {
    leastAddresses: LEAST_ADDRESSES,
    ranges: large.length,
    rangesInSource: ranges.length,
    addresses: addressesOf(large),
    addressesInSource: addressesOf(ranges),
    countries: new Set(large.map(({ country }) => country)).size,
  },
  examples: examplesOf(large),
});

/** @param {readonly import("./ipv4.mjs").CountryRange[]} ranges */
function addressesOf(ranges) {
  return ranges.reduce((sum, { start, end }) => sum + end - start, 0);
}

/**
 * @param {string} name
 * @param {Uint8Array} delta
 * @param {object} facts
 */
async function write(name, delta, facts) {
  await writeFile(new URL(`${name}.delta`, generated), delta);
  await writeFile(
    new URL(`${name}.json`, generated),
    `${JSON.stringify({ ...facts, bytes: delta.length }, null, 2)}\n`,
  );
  console.log(`src/generated/${name}.delta: ${delta.length} bytes`);
}
