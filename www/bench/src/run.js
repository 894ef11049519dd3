// Everything that is measured in one JavaScript runtime.

import * as compared from "./compared.js";
import * as own from "./own.js";
import { automerge } from "./systems/automerge.js";
import { loro } from "./systems/loro.js";
import { ours } from "./systems/ours.js";
import { yjs } from "./systems/yjs.js";
import { inTurn, median } from "./timer.js";
import { workload as w } from "./workload.js";

/**
 * @typedef {object} Packages
 * @property {typeof import("crdt-range-map")} ours
 * @property {typeof import("yjs")} yjs
 * @property {typeof import("loro-crdt")} loro
 * @property {typeof import("@automerge/automerge")} automerge
 */

/**
 * @typedef {object} Row
 * @property {number} n
 * @property {string} bench
 * @property {string} system
 * @property {string} unit what times are given by
 * @property {number} units how many of these a run handles
 * @property {number} medianNs by unit
 * @property {number[]} samplesNs by unit
 * @property {import("./digest.js").Digest} digest of the result
 */

/** @typedef {{ system: string, state: number, increase: number, register: number, synchronise: number }} Sizes */

/**
 * @param {Packages} packages
 * @param {{ sizes: number[], sizedOn: number, budgetMs: number, expected: import("../native.js").NativeRow[] }} options `budgetMs`: about how
 *   long a bench may take
 * @param {(what: string) => void} progress
 */
export async function run(packages, { sizes, sizedOn, budgetMs, expected }, progress) {
  const map = ours(packages.ours);
  const all = [
    map,
    yjs(packages.yjs),
    loro(packages.loro, "numbers"),
    loro(packages.loro, "counters"),
    automerge(packages.automerge),
  ];
  /** @type {Row[]} */
  const rows = [];
  /** @type {Sizes[]} */
  const bytes = [];
  for (const n of sizes) {
    const workload = w(n);
    /** @type {(import("./timer.js").Timed & { name: string, system: string, unit: string, units: number, digest: Row["digest"] })[]} */
    const benches = [];
    for (const system of all.filter(({ nMax }) => n <= nMax)) {
      progress(`W(${n}): ${system.name}`);
      // Its methods take documents of its own kind only, which are what they get.
      const any = /** @type {import("./system.js").System<any>} */ (system);
      const scene = compared.scene(any, workload);
      const named = (/** @type {any} */ bench) => ({ ...bench, system: system.name });
      benches.push(...compared.benches(any, workload, scene).map(named));
      if (system === map) benches.push(...own.benches(map, workload, scene, expected).map(named));
      if (n === sizedOn) bytes.push({ system: system.name, ...(await compared.sizes(any, workload, scene)) });
    }
    for (const name of new Set(benches.map((bench) => bench.name))) {
      progress(`W(${n}): ${name}`);
      const sameName = benches.filter((bench) => bench.name === name);
      await inTurn(sameName, budgetMs);
      for (const { system, unit, units, samples, digest } of sameName) {
        const samplesNs = samples.map((ms) => (ms * 1e6) / units);
        rows.push({ n, bench: name, system, unit, units, medianNs: median(samplesNs), samplesNs, digest });
      }
    }
  }
  return { rows, bytes };
}
