// Everything that is measured in one JavaScript runtime.

/** @import { Bench } from "./benches.js" */
/** @import { Drawn } from "./workload.js" */
import { compared, own } from "./benches.js";
import { scene, sizes } from "./scene.js";
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
 */

/** @typedef {{ system: string, state: number, increase: number, register: number, synchronise: number }} Sizes */

/** @typedef {{ drawn: Drawn[], sizedOn: number, budgetMs: number }} Options `budgetMs`: about how long a bench may take */

/**
 * @param {Packages} packages
 * @param {Options} options
 * @param {(what: string) => void} progress
 */
export async function run(packages, { drawn, sizedOn, budgetMs }, progress) {
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
  for (const workload of drawn.map(w)) {
    const { n } = workload;
    /** @type {(Bench & { system: string })[]} */
    const benches = [];
    for (const system of all.filter(({ nMax }) => n <= nMax)) {
      progress(`W(${n}): ${system.name}`);
      // Its methods take documents of its own kind only, which are what they get.
      const any = /** @type {import("./system.js").System<any>} */ (system);
      const from = scene(any, workload);
      const ofSystem = compared(any, workload, from);
      if (system === map) ofSystem.push(...own(map, workload, from));
      benches.push(...ofSystem.map((bench) => ({ ...bench, system: system.name })));
      if (n === sizedOn) bytes.push({ system: system.name, ...(await sizes(any, workload, from)) });
    }
    for (const name of new Set(benches.map((bench) => bench.name))) {
      progress(`W(${n}): ${name}`);
      const sameName = benches.filter((bench) => bench.name === name);
      await inTurn(sameName, budgetMs);
      for (const { system, unit, units, samples } of sameName) {
        const samplesNs = samples.map((ms) => (ms * 1e6) / units);
        rows.push({ n, bench: name, system, unit, units, medianNs: median(samplesNs), samplesNs });
      }
    }
  }
  return { rows, bytes };
}
