// The page of what `range-bench` measured natively. Field by field, what it reads is described in native-bench/src/report.rs.
import { bytes, digits, distinct, sized, table, time, whole } from "./figures.js";
import { lines } from "./plots.js";
import * as web from "./web.js";

/**
 * @typedef {object} Row
 * @property {string} workload
 * @property {number} n
 * @property {string} bench
 * @property {"map" | "reference" | "peer"} kind
 * @property {string} unit
 * @property {number} units
 * @property {number | null} median_ns
 * @property {number | null} instructions
 * @property {string | null} reference
 * @property {number | null} ratio
 * @property {number | null} bytes
 * @property {string} hash of the result
 */

/** @typedef {{ commit: string, rustc: string, target: string }} Build */
/** @typedef {{ model: string, kernel: string, cpu: string, cpus: number }} Machine */
/** @typedef {{ workload: string, n: number, state_bytes: number, indexed_bytes: number, peak_bytes: number, process_peak_bytes: number | null }} Memory */
/** @typedef {{ operation: string, bytes_min: number, bytes_mean: number, bytes_max: number }} DeltaSize */
/** @typedef {{ date: string, build: Build, machine: Machine | null, rows: Row[], memory: Memory[], deltas: DeltaSize[] }} Report */

/** @typedef {{ text: string[], plots: Map<string, string> }} Page */

/** Benches that are shown together, those by hand at the end. */
const groups = [
  {
    title: "Merging a whole state",
    file: "merge.svg",
    text: "One replica merges the other's whole state, which was encoded and decoded before.",
    y: "ns a registration",
    benches: ["merge A: disjoint", "merge B: mostly equal", "merge B10: 10 differ"],
    beside: ["two-pointer merge A", "two-pointer merge B", "memcpy of 40 bytes each"],
  },
  {
    title: "One change",
    file: "changes.svg",
    text: "A delta of one operation is merged; or a registration changes, and a key or all splits are asked for.",
    y: "ns a change",
    benches: ["merge C: 1,000 deltas", "look-up: after one change", "splits: after one change"],
    beside: [],
  },
  {
    title: "All splits from scratch",
    file: "splits.svg",
    text: "The first splits of a replica that was never asked for them. The sweep does not order owners, nor coalesce.",
    y: "ns a registration",
    benches: ["splits: from scratch", "splits: visited, flat output"],
    beside: ["sort and sweep"],
  },
  {
    title: "The owners of a random key",
    file: "look-up.svg",
    text: "All owners in their order. What it is compared with finds them unordered.",
    y: "ns a key",
    benches: ["look-up: random key"],
    beside: ["search in the sweep"],
  },
  {
    title: "Encoding and decoding",
    file: "codec.svg",
    text: "The whole state.",
    y: "ns a registration",
    benches: ["encode", "decode"],
    beside: [],
  },
];

/** @param {Row} row */
const isRandom = ({ workload, n }) => workload === `W(${n})`;

/** @param {Row} row */
const titled = (row) => (isRandom(row) ? sized(row.n) : `${row.workload}, ${whole(row.n)}`);

/** @param {Row} row */
const named = ({ kind, bench }) => (kind === "map" ? `**${bench}**` : bench);

/**
 * A time, with how it compares, and how fast bytes went through.
 *
 * @param {Row | undefined} row
 */
function timing(row) {
  if (row?.median_ns == null) return "";
  const notes = [];
  if (row.ratio !== null) notes.push(`${digits(row.ratio)}\u00a0×${row.kind === "peer" ? "\u00a0ours" : ""}`);
  if (row.bytes !== null) notes.push(`${digits((row.bytes * 1e3) / (row.median_ns * row.units))}\u00a0MB/s`);
  return notes.length > 0 ? `${time(row.median_ns)} (${notes.join(", ")})` : time(row.median_ns);
}

/**
 * @param {Report} report
 * @param {typeof groups[0]} group
 * @param {Page} page
 */
function section({ rows }, { title, file, text, y, benches, beside }, page) {
  const peers = rows.filter(({ kind, reference }) => kind === "peer" && benches.includes(reference ?? ""));
  const names = [...benches, ...beside, ...distinct(peers.map(({ bench }) => bench)).sort()];
  const shown = rows.filter(({ bench, median_ns }) => names.includes(bench) && median_ns !== null);
  if (shown.length === 0) return;
  const series = names.map((name) => ({
    name,
    isBeside: !benches.includes(name),
    points: shown
      .filter((row) => row.bench === name && isRandom(row))
      .map((row) => ({ x: row.n, y: row.median_ns ?? 0 })),
  }));
  page.plots.set(file, lines("registrations", y, series));
  const columns = distinct(shown.map(titled));
  const body = names.flatMap((name) => {
    const ofName = shown.filter(({ bench }) => bench === name);
    const cells = columns.map((column) => timing(ofName.find((row) => titled(row) === column)));
    return ofName.length > 0 ? [[named(ofName[0]), ofName[0].unit, ...cells]] : [];
  });
  page.text.push(
    "",
    `## ${title}`,
    "",
    text,
    "",
    `![${title}](${file})`,
    ...table(2, ["bench", "by", ...columns], body),
  );
}

/**
 * @param {Report} report
 * @param {Report[]} counted
 * @param {Page} page
 */
function sizes({ rows, memory, deltas, build }, counted, page) {
  const encoded = rows.filter(({ bench }) => bench === "encode");
  page.text.push(
    "",
    "## Bytes",
    "",
    "Memory is what a replica has allocated that wrote one half, merged the other, and was asked for splits.",
  );
  const all = [{ build, memory }, ...counted].flatMap(({ build, memory }) => memory.map((it) => ({ ...it, build })));
  page.text.push(
    ...table(
      1,
      ["memory", "state, by registration", "with the index", "most allocated", "most of the process"],
      all.map(({ n, state_bytes, indexed_bytes, peak_bytes, process_peak_bytes, build }) => [
        `${sized(n)}, ${build.target}`,
        bytes(state_bytes / n),
        bytes(indexed_bytes / n),
        bytes(peak_bytes),
        process_peak_bytes === null ? "" : bytes(process_peak_bytes),
      ]),
    ),
    ...table(
      1,
      ["encoded state", "by registration"],
      encoded.map((row) => [titled(row), bytes((row.bytes ?? 0) / row.n)]),
    ),
    ...table(
      1,
      ["a delta of one operation", "least", "mean", "most"],
      deltas.map(({ operation, ...it }) => [operation, ...[it.bytes_min, it.bytes_mean, it.bytes_max].map(bytes)]),
    ),
  );
}

/**
 * The figures of several reports side by side, and the last divided by the first: machines, or before and after a change. Times, or where
 * there are none, instructions. A row of which the results differ says so.
 *
 * @param {Report[]} reports
 * @param {string[]} names of the reports
 */
export function sideBySide(reports, names) {
  const keyOf = (/** @type {Row} */ row) => `${row.workload}\u00a0 ${named(row)}`;
  const found = reports.map(({ rows }) => new Map(rows.map((row) => [keyOf(row), row])));
  const body = distinct(found.flatMap((rows) => [...rows.keys()])).map((key) => {
    const rows = found.map((rows) => rows.get(key));
    const figures = rows.map((row) => row?.median_ns ?? row?.instructions ?? NaN);
    const shown = figures.map((figure) => (Number.isNaN(figure) ? "" : digits(figure)));
    const ratio = figures[figures.length - 1] / figures[0];
    const isSame = distinct(rows.flatMap((row) => row?.hash ?? [])).length === 1;
    const last = Number.isNaN(ratio) ? "" : digits(ratio);
    return [key, rows.find((row) => row)?.unit ?? "", ...shown, isSame ? last : `${last} another result`];
  });
  return table(2, ["bench", "by", ...names, `${names[names.length - 1]} / ${names[0]}`], body);
}

/**
 * Instructions on each architecture, on the largest workload.
 *
 * @param {Report[]} counted
 * @param {Page} page
 */
function instructions(counted, page) {
  if (counted.length === 0) return;
  const n = Math.max(...counted[0].rows.map(({ n }) => n));
  const largest = counted.map((report) => ({ ...report, rows: report.rows.filter((row) => row.n === n) }));
  page.text.push(
    "",
    "## Instructions on ARM and x86_64",
    "",
    `How many instructions commit ${counted[0].build.commit} executes on ${sized(n)}, counted under qemu. They leave out what memory costs and ` +
      "are no times; an emulator's times would say nothing.",
    ...sideBySide(
      largest,
      counted.map(({ build }) => build.target.split("-")[0]),
    ),
  );
}

/**
 * @param {Report} report
 * @param {Report[]} counted what was counted under an emulator, by architecture
 * @param {web.Web | undefined} inJavaScript
 * @returns {Page}
 */
export function page(report, counted, inJavaScript) {
  const { date, build, machine } = report;
  const made = `${date}: commit ${build.commit}; ${build.target}, ${build.rustc}.`;
  const where = machine === null ? "" : ` ${machine.cpus} × ${machine.cpu}; ${machine.kernel}.`;
  /** @type {Page} */
  const page = {
    text: [
      "# Measured",
      "",
      `Made by \`make report\` of one run on ${made}${where}`,
      "",
      "Times are processor times, medians of samples that are taken in turn with those of the reference. W(n) is n registrations on 2^32 " +
        "keys, 4.5 of which overlap on average, written by two replicas; each result was checked before it was timed. In brackets, 3 × " +
        "compares with the loop by hand that does the bare minimum of the same work. [How it is measured](../README.md), and how to run it " +
        "on a board of your own.",
    ],
    plots: new Map(),
  };
  for (const group of groups) section(report, group, page);
  sizes(report, counted, page);
  instructions(counted, page);
  if (inJavaScript !== undefined) page.text.push(...web.lines(inJavaScript));
  return page;
}
