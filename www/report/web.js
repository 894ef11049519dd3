// What the web bench wrote: the npm package in Node and in a browser, beside other packages.
import { bytes, distinct, sized, table, time } from "./figures.js";

const own = "crdt-range-map";

/**
 * @typedef {object} Runtime
 * @property {string} name
 * @property {{ n: number, bench: string, system: string, unit: string, units: number, medianNs: number }[]} rows times by unit
 * @property {{ system: string, state: number, increase: number, register: number, synchronise: number }[]} bytes
 */

/** @typedef {{ date: string, commit: string, runtimes: Runtime[] }} Web */

/** @param {Runtime} runtime */
function times({ name, rows }) {
  const systems = distinct(rows.map(({ system }) => system));
  const cell = (/** @type {Runtime["rows"][0] | undefined} */ row) => (row === undefined ? "" : time(row.medianNs));
  const benches = rows.filter(({ system }) => system === own);
  const line = (/** @type {Runtime["rows"][0]} */ { n, bench, unit }) => [
    `${bench}, ${sized(n)}`,
    unit,
    ...systems.map((system) => cell(rows.find((row) => row.n === n && row.bench === bench && row.system === system))),
  ];
  return table(2, [name, "by", ...systems], benches.map(line));
}

/**
 * The section, line by line.
 *
 * @param {Web} web
 */
export const lines = (web) => [
  "",
  "## In JavaScript",
  "",
  `The npm package of commit ${web.commit} on ${web.date}, and others with an equal model. Some of them have the last writer win instead of ` +
    "counting. Bytes are of W(10,000): the state by registration, deltas of one operation, and what goes over the wire until two replicas " +
    "are equal again after 10 changes on either side.",
  ...web.runtimes.flatMap(times),
  ...table(
    1,
    ["bytes", "state", "one increase", "one register", "until equal again"],
    web.runtimes[0].bytes.map(({ system, ...sizes }) => [
      system,
      ...[sizes.state, sizes.increase, sizes.register, sizes.synchronise].map(bytes),
    ]),
  ),
];
