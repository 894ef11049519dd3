// The page of what `sync-bench` counted. Field by field, what it reads is described in native-bench/src/sync.rs.
import { digits, distinct, table, whole } from "./figures.js";
import { lines } from "./plots.js";

/** @typedef {{ messages: number, bytes: number, virtual_ms: number, computed_ms: number[] }} Meeting */
/** @typedef {{ n: number, d: number, act: string, who: string, has_log: boolean, meeting: Meeting }} Row */
/** @typedef {{ what: string, n: number, whole_bytes: number, meeting: Meeting }} Great */
/** @typedef {{ what: string, replicas: number, posts: number, bytes: number, deliveries: number, virtual_ms: number }} Spread */
/**
 * @typedef {object} Reach
 * @property {number} replicas
 * @property {number} fan_in
 * @property {number} lost_percent
 * @property {"first" | "warm" | "many"} news
 * @property {number} most_ms
 * @property {number} all_ms
 * @property {number} messages_per_replica
 * @property {number} bytes_per_replica
 * @property {number} bytes_after_per_replica
 */
/** @typedef {{ operations: number, live: number, writers: number, bytes: number, fresh_bytes: number }} Sample */
/**
 * @typedef {object} Measured
 * @property {string} date
 * @property {import("./native.js").Build} build
 * @property {Row[]} rows
 * @property {Great[]} great
 * @property {Spread[]} spreads
 * @property {Reach[]} gossip
 * @property {Sample[]} churn
 * @property {Sample[]} unretired
 */

/** @type {Record<string, string>} */
const acts = { new: "new", own: "own increased", others: "others' increased", released: "released", mixed: "mixed" };
const news = { first: "first change", warm: "one change, warm", many: "100 changes at once, warm" };

/** @param {Meeting} meeting */
const computed = ({ computed_ms }) => computed_ms.map((ms) => ms.toFixed(1)).join(" + ");

/** @param {Row[]} rows */
function meetings(rows) {
  const text = [];
  for (const n of distinct(rows.map(({ n }) => n))) {
    for (const hasLog of [true, false]) {
      const shown = rows.filter((row) => row.n === n && row.has_log === hasLog);
      const columns = distinct(shown.map(({ d }) => d));
      const names = distinct(shown.map(({ act, who }) => `${acts[act]}, ${who}`));
      const cell = (/** @type {string} */ name, /** @type {number} */ d) => {
        const row = shown.find((row) => row.d === d && `${acts[row.act]}, ${row.who}` === name);
        return row === undefined
          ? ""
          : `${whole(row.meeting.bytes)} B · ${row.meeting.messages} · ${computed(row.meeting)} ms`;
      };
      text.push("", `**n = ${whole(n)}, ${hasLog ? "with log" : "without log"}**`);
      const heads = columns.map((d) => `d = ${whole(d)}`);
      text.push(
        ...table(
          1,
          ["", ...heads],
          names.map((name) => [name, ...columns.map((d) => cell(name, d))]),
        ),
      );
    }
  }
  return text;
}

/** @param {Measured} measured */
function plots({ rows, gossip, churn, unretired }) {
  const n = Math.max(...rows.map((row) => row.n));
  const byDifference = ["new", "released"].flatMap((act) =>
    [true, false].map((hasLog) => ({
      name: `${acts[act]}, ${hasLog ? "with log" : "without"}`,
      isBeside: act === "new" && hasLog,
      points: rows
        .filter((row) => row.n === n && row.act === act && row.has_log === hasLog && row.who === "comer")
        .map(({ d, meeting }) => ({ x: d, y: meeting.bytes })),
    })),
  );
  const byFanIn = (/** @type {"all_ms" | "bytes_per_replica"} */ figure) =>
    distinct(gossip.map(({ fan_in }) => fan_in)).map((fanIn) => ({
      name: `fan-in ${fanIn}`,
      points: gossip
        .filter((run) => run.fan_in === fanIn && run.news === "warm" && run.lost_percent === 0)
        .map((run) => ({ x: run.replicas, y: run[figure] })),
    }));
  const left = (
    /** @type {string} */ name,
    /** @type {Sample[]} */ samples,
    /** @type {"bytes" | "fresh_bytes"} */ of,
  ) => ({
    name,
    isBeside: of === "fresh_bytes",
    points: samples.map((sample) => ({ x: sample.operations, y: sample[of] })),
  });
  const ofChurn = [
    left("lost, not retired", unretired, "bytes"),
    left("lost and retired", churn, "bytes"),
    left("fresh", churn, "fresh_bytes"),
  ];
  return new Map([
    ["sync-bytes.svg", lines("registrations that differ", "bytes until both are equal", byDifference)],
    ["gossip-time.svg", lines("replicas", "virtual ms until everybody knows", byFanIn("all_ms"))],
    ["gossip-bytes.svg", lines("replicas", "bytes a replica", byFanIn("bytes_per_replica"))],
    ["sync-churn.svg", lines("operations", "bytes of the state", ofChurn, "linear")],
  ]);
}

/**
 * @param {Measured} measured
 * @returns {import("./native.js").Page}
 */
export function page(measured) {
  const { date, build, rows, great, spreads, gossip, churn, unretired } = measured;
  const text = [
    "# What synchronisation costs",
    "",
    `Counted by \`make bench-sync\` at commit ${build.commit} on ${date}, in virtual time, between nodes as users have them: messages and bytes ` +
      "are the same on every machine. Milliseconds of processor time are this machine's. In the end of each row all replicas are equal and " +
      "show what merging what they had shows, which is checked.",
    "",
    "## Two replicas that meet",
    "",
    "Both hold W(n) and share no memory; one or both did something to d registrations since, each to as many: announced *new* ones, " +
      "increased its *own* or those that the *others* wrote, *released* any, or increased, released and announced in turn (*mixed*). Then one " +
      "comes to a medium where the other is, a millisecond away. *Without log*: neither remembers its latest changes. Each cell: bytes in " +
      "both directions, heads and checksums and what either drops in answer included; messages; and processor time of who was there and of " +
      "who came, the median of five meetings.",
    "",
    "![Bytes by difference](sync-bytes.svg)",
    ...meetings(rows),
    "",
    "### Great differences",
    "",
    "With logs that do not reach back. *Whole*: the encoded state of who knows more, or of one half.",
    ...table(
      1,
      ["what", "n", "whole, bytes", "bytes", "messages", "virtual ms", "ms computed"],
      great.map(({ what, n, whole_bytes, meeting }) => [
        what,
        ...[n, whole_bytes, meeting.bytes, meeting.messages, meeting.virtual_ms].map(whole),
        computed(meeting),
      ]),
    ),
    "",
    "## Many replicas on one medium",
    "",
    "All hold W(1000). *Opening*: one comes with its registrations, the others with nothing, all at once. *Joiner*: one more comes, with " +
      "nothing. *Idle*: an hour without anything to do. Questions and answers wait for up to 40 ms at random, so that one asks and one answers.",
    ...table(
      1,
      ["", "replicas", "posts", "bytes", "deliveries", "virtual ms until the last had it"],
      spreads.map(({ what, replicas, posts, bytes, deliveries, virtual_ms }) => [
        what,
        ...[replicas, posts, bytes, deliveries].map(whole),
        what === "idle" ? "–" : virtual_ms,
      ]),
    ),
    "",
    "## A thousand replicas with links to a few",
    "",
    "All hold W(10,000), and have links to 8 others on average, two of them in a ring. A message takes 5 to 50 ms. Each wants news at once " +
      "from as many neighbours as the *fan-in* says. Somebody makes the *first* change; after 10 of them, 10 more, one after the other by " +
      "anybody: the slowest, and the mean of what they cost; and at last 100 replicas make one each at the same moment. Messages and bytes " +
      "are what a replica sends on average until all know, digests included; *after*: in the second after that.",
    "",
    "![Time until everybody knows a change](gossip-time.svg)",
    "",
    "![Bytes that it takes](gossip-bytes.svg)",
    ...table(
      0,
      [
        "replicas",
        "fan-in",
        "% lost",
        "",
        "virtual ms until 99 % know",
        "all know",
        "messages a replica",
        "bytes a replica",
        "bytes after",
      ],
      gossip.map((it) => [
        ...[it.replicas, it.fan_in, it.lost_percent].map(whole),
        news[it.news],
        ...[it.most_ms, it.all_ms].map(whole),
        ...[it.messages_per_replica, it.bytes_per_replica, it.bytes_after_per_replica].map(digits),
      ]),
    ),
    "",
    `## What is left of ${whole(churn.at(-1)?.operations ?? 0)} operations`,
    "",
    `Four replicas write at random to 2,000 registrations, half of the operations releases, and hear of each other every 100 operations. ` +
      `${(churn.at(-1)?.writers ?? 4) - 4} times, one of them is lost for good and another comes in its place. *Retired*: whoever is lost is ` +
      "retired and maintenance is done then. *Fresh* is the state of a replica that holds the same registrations, each written once.",
    "",
    "![Bytes of the state by operations](sync-churn.svg)",
    ...table(
      0,
      ["operations", "live", "writers so far", "bytes, retired", "bytes, not retired", "bytes, fresh"],
      churn.map((it, at) =>
        [it.operations, it.live, it.writers, it.bytes, unretired[at].bytes, it.fresh_bytes].map(whole),
      ),
    ),
  ];
  return { text, plots: plots(measured) };
}
