/**
 * What marks look like, as files that a browser shows: when one changes, look at it before it is accepted (`npx vitest run build/snapshots -u`).
 * They are the marks themselves, so no font and no screen makes noise in them.
 */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { decimalKeys } from "../src/model/keys";
import { NodeColors } from "../src/model/node-color";
import { wholeSpace } from "../src/model/viewport";
import { framesOf } from "../src/picture/frames";
import { heatMarks } from "../src/picture/heat";
import { landMarks, labelMarks } from "../src/picture/map";
import type { Mark } from "../src/picture/mark";
import { Splits } from "../src/picture/ranges";
import { stageMarks } from "../src/picture/stage";
import { svgText } from "../src/picture/svg";
import { traceLayout, traceMarks } from "../src/picture/trace";
import { badDay } from "../src/stories/index";
import { fillsUp } from "../src/stories/fills-up";
import { minusEverything } from "../src/stories/minus-everything";
import { inputsUpTo, nodesOf, type Story } from "../src/stories/story";
import { tenThousand } from "../src/stories/ten-thousand";
import { whoServes } from "../src/stories/who-serves";
import { Log } from "../src/world/log";
import { Timeline } from "../src/world/timeline";
import { flightsOf, linksOf, rowsOf, traceOf } from "../src/player/moment";
import { OwnersOverTime } from "../src/player/owners-over-time";

const [pageRules, rules] = ["page", "picture"].map((name) =>
  readFileSync(new URL(`../src/screen/${name}.css`, import.meta.url), "utf8"),
);
/** Of the page's rules only the colours: what else they say is of no mark. */
const COLOURS = /:root \{[^}]*\}/.exec(pageRules ?? "")?.[0] ?? "";
const LEGEND = { name: (node: string) => node, keys: "keys: 0 at the top, 999 at the bottom, 510 dotted" };
const WIDE = { width: 1000, height: 380 };

function file(marks: readonly Mark[], width: number, height: number): string {
  const svg = svgText(marks, width, height, "snapshot").replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ');
  const style = `<style>${COLOURS} ${rules} svg { background: var(--paper); }</style>`;
  return `${svg.replace(/>/, `>${style}`).replaceAll("><", ">\n<")}\n`;
}

/** A moment of a story in which its first steps happened. */
function moment(story: Story, step: number, nowMs: number) {
  const { log, fault } = Log.of(story.seed, inputsUpTo(story, step));
  if (log === undefined) throw new Error(fault);
  const timeline = new Timeline(log);
  const view = timeline.stateAt(nowMs);
  const colors = new NodeColors();
  colors.note(nodesOf(log.inputs));
  const rows = rowsOf(view);
  return { timeline, view, colors, rows };
}

function stageOf(story: Story, step: number, nowMs: number, { width, height } = WIDE): string {
  const { timeline, view, colors, rows } = moment(story, step, nowMs);
  const { limit, cursor } = story;
  const stage = { rows, frames: framesOf(rows), links: linksOf(view, rows), view: wholeSpace(limit), limit, cursor };
  const marks = stageMarks(stage, flightsOf(view, rows, nowMs), width, height, decimalKeys(limit), colors);
  timeline.free();
  return file(marks, width, height);
}

function timeOf(story: Story, step: number, nowMs: number, kind: "messages" | "keys"): string {
  const { timeline, view, colors, rows } = moment(story, step, nowMs);
  const history = timeline.history(nowMs);
  const trace = traceOf(history, view, 0, nowMs, nowMs);
  const layout = traceLayout(1000, 160, 168, rows.length);
  const owners = new OwnersOverTime();
  const read = () => owners.read(timeline, history.learnt, trace, wholeSpace(story.limit), story.cursor);
  let heat = read();
  while (!heat.isWhole) heat = read();
  const marks =
    kind === "messages" ? traceMarks(layout, trace, colors) : heatMarks(layout, trace, heat, colors, LEGEND);
  timeline.free();
  return file(marks, 1000, 160);
}

const SCENES: Readonly<Record<string, () => string>> = {
  "links-cut-and-rows-that-differ": () => stageOf(whoServes, 0, 6000),
  "messages-on-their-way": () => stageOf(whoServes, 1, 6700),
  "a-phone": () => stageOf(whoServes, 0, 6000, { width: 338, height: 290 }),
  "a-crash-and-four-replicas": () => stageOf(badDay, 1, 15_000),
  "a-gap-between-two": () => stageOf(minusEverything, 1, 9000),
  "stood-in-and-tightened": () => stageOf(fillsUp, 2, 12_000),
  "more-ranges-than-pixels": () => stageOf(tenThousand, 0, 3000, { width: 420, height: 240 }),
  "messages-over-time": () => timeOf(badDay, 1, 15_000, "messages"),
  "keys-over-time": () => timeOf(badDay, 1, 15_000, "keys"),
  "a-map": () => {
    const size = 2 ** 24;
    const owner = (node: string) => [{ node, priority: 1 }];
    const splits = Splits.of([
      { start: 0, end: 3 * size, owners: owner("US") },
      { start: 20 * size, end: 20.5 * size, owners: owner("CH") },
      { start: 60 * size, end: 75 * size, owners: owner("JP") },
    ]);
    const scene = { splits, frames: [], names: ["A"], country: "CH" };
    const layout = { block: { from: 0, level: 32 as const }, pixels: 400 };
    return file([...landMarks(scene, layout), ...labelMarks(scene, layout)], 400, 400);
  },
};

test.each(Object.keys(SCENES))("%s", async (name) => {
  await expect(SCENES[name]?.()).toMatchFileSnapshot(`../snapshots/${name}.svg`);
});
