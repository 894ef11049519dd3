// The results for people.

/** @import { NativeRow } from "./native.js" */
/** @import { Row, Sizes } from "./src/run.js" */
import { assertSame } from "./src/digest.js";

/** @typedef {{ name: string, rows: Row[], bytes: Sizes[], native: NativeRow[] }} Runtime */

/** @param {(string | number)[][]} lines the first is the title's */
function table(lines) {
  const texts = lines.map((line) => line.map(String));
  const widths = texts[0].map((_, column) => Math.max(...texts.map((line) => line[column].length)));
  return texts
    .map((line) => line.map((text, at) => (at === 0 ? text.padEnd(widths[at]) : text.padStart(widths[at]))).join("  "))
    .join("\n");
}

/** @param {number} ns */
const time = (ns) =>
  ns < 1e3 ? `${ns.toFixed(0)} ns` : ns < 1e6 ? `${(ns / 1e3).toFixed(1)} µs` : `${(ns / 1e6).toFixed(1)} ms`;

/** @param {Runtime} runtime */
function benches({ name, rows }) {
  const systems = [...new Set(rows.map((row) => row.system))];
  const names = [...new Set(rows.map(({ n, bench }) => `${n}\n${bench}`))];
  const lines = names.map((name) => {
    const ofName = rows.filter(({ n, bench }) => `${n}\n${bench}` === name);
    const [{ n, bench, unit }] = ofName;
    const cells = systems.map((system) => {
      const row = ofName.find((row) => row.system === system);
      return row === undefined ? "" : time(row.medianNs);
    });
    return [`W(${n}) ${bench}`, `by ${unit}`, ...cells];
  });
  return `${name}\n${table([["", "", ...systems], ...lines])}`;
}

/** @param {Runtime} runtime */
function sizes({ bytes }) {
  const lines = bytes.map(({ system, state, increase, register, synchronise }) => {
    return [system, state.toFixed(1), increase, register, synchronise];
  });
  const title = ["bytes on W(10000)", "state, a registration", "one increase", "one register", "until equal again"];
  return table([title, ...lines]);
}

/** @param {Runtime} runtime */
function besideNative({ name, rows, native }) {
  const lines = native.map(({ n, bench, medianNs, digest }) => {
    const row = rows.find((row) => row.n === n && row.bench === bench && row.system === "crdt-range-map");
    if (row === undefined) throw new Error(`${name} has no "${bench}" for W(${n})`);
    assertSame(`${bench}, ${name} and native`, row.digest, digest);
    const wasmNs = row.medianNs * row.units;
    return [`W(${n}) ${bench}`, time(medianNs), time(wasmNs), (wasmNs / medianNs).toFixed(2)];
  });
  return table([["the same calls, a whole run", "native", name, "ratio"], ...lines]);
}

/** @param {{ runtimes: Runtime[] }} report */
export const tables = ({ runtimes }) =>
  [...runtimes.map(benches), sizes(runtimes[0]), ...runtimes.map(besideNative)].join("\n\n") + "\n";
