/** Pictures of stories without a page around them: what stands there until the script has come, and what links to a story show. */
import { blockOf } from "../model/blocks";
import { decimalKeys } from "../model/keys";
import { wholeSpace } from "../model/viewport";
import { framesOf } from "../picture/frames";
import { labelMarks, landMarks } from "../picture/map";
import { Splits } from "../picture/ranges";
import type { Stage } from "../picture/scene";
import { stageMarks } from "../picture/stage";
import { escaped, svgText } from "../picture/svg";
import { traceLayout, traceMarks } from "../picture/trace";
import { inputsUpTo, type Story } from "../stories/story";
import { Log } from "../world/log";
import { Timeline } from "../world/timeline";
import { flightsOf, linksOf, rowsOf, traceOf } from "./moment";
import { colorsOf } from "./story-colors";
import { headline, type Headline } from "./words";

const FIRST_MS = 400;
/** About what a desk and a hand hold; they are scaled to fit. */
const SIZES: readonly Size[] = [
  { kind: "first wide", width: 1240, height: 400, left: 168, traceHeight: 130 },
  { kind: "first narrow", width: 338, height: 300, left: 30, traceHeight: 112 },
];
const MAP_PIXELS = 530;
const PREVIEW: Size = { kind: "preview", width: 1120, height: 330, left: 168, traceHeight: 120 };

interface Size {
  readonly kind: string;
  readonly width: number;
  readonly height: number;
  readonly left: number;
  readonly traceHeight: number;
}

/** A moment after the beginning. Of a story that lacks data there are only the words. */
export function firstPicture(story: Story): string {
  const { words, pictures } = story.isIncomplete
    ? { words: `<h1>${escaped(story.title)}</h1>`, pictures: [] }
    : drawn(story, FIRST_MS, SIZES);
  return [
    `<header class="bar"><b>crdt-range-map</b></header>`,
    `<section class="caption"><div>${words}<p>${escaped(story.summary)}</p></div></section>`,
    `<div class="first-stage">${pictures.map(({ stage }) => stage).join("")}</div>`,
    `<div class="first-time">${pictures.map(({ time }) => time).join("")}</div>`,
  ].join("");
}

/** Where its first step ends; of what a story lacks, it is made whole before. */
export function previewPicture(story: Story): string {
  const preview = story.keys === "ipv4" ? mapOf(story) : rowsPreview(story);
  return `<header>crdt-range-map</header>${preview}`;
}

function rowsPreview(story: Story): string {
  const { words, pictures } = drawn(story, story.steps[0]?.untilMs ?? 0, [PREVIEW]);
  return `${words}${pictures.map(({ stage, time }) => stage + time).join("")}`;
}

/** The map before anything happens to it. */
function mapOf(story: Story): string {
  const timeline = timelineOf(story);
  const [row] = rowsOf(timeline.stateAt(story.beginMs ?? 0));
  timeline.free();
  const layout = { block: blockOf(wholeSpace(story.limit)), pixels: MAP_PIXELS };
  const scene = { splits: row?.splits ?? Splits.NONE, frames: [], names: [], country: null };
  const marks = [...landMarks(scene, layout), ...labelMarks(scene, layout)];
  const picture = svgText(marks, MAP_PIXELS, MAP_PIXELS, "map-picture");
  return `<div class="beside">${picture}<div><h1>${escaped(story.title)}</h1><p>${escaped(story.summary)}</p><p>Data: NRO, CC BY 4.0</p></div></div>`;
}

function timelineOf(story: Story): Timeline {
  const { log, fault } = Log.of(story.seed, inputsUpTo(story, 0));
  if (log === undefined) throw new Error(fault);
  return new Timeline(log);
}

function drawn(
  story: Story,
  nowMs: number,
  sizes: readonly Size[],
): { words: string; pictures: { stage: string; time: string }[] } {
  const timeline = timelineOf(story);
  const [view, history] = [timeline.stateAt(nowMs), timeline.history(nowMs)];
  const [format, colors] = [decimalKeys(story.limit), colorsOf(story, null)];
  const rows = rowsOf(view);
  const stage: Stage = {
    rows,
    frames: framesOf(rows),
    links: linksOf(view, rows),
    view: wholeSpace(story.limit),
    limit: story.limit,
    cursor: story.cursor,
  };
  const isAgreed = history.agreement.at(-1)?.isAgreed ?? true;
  const words = headlineText(headline(stage, `${story.cursor}`, isAgreed));
  const flights = flightsOf(view, rows, nowMs);
  const pictures = sizes.map(({ kind, width, height, left, traceHeight }) => {
    const layout = traceLayout(width, traceHeight, left, rows.length);
    const time = traceMarks(layout, traceOf(history, view, 0, Math.max(8000, nowMs), nowMs), colors);
    return {
      stage: svgText(stageMarks(stage, flights, width, height, format, colors), width, height, kind),
      time: svgText(time, width, traceHeight, kind),
    };
  });
  timeline.free();
  return { words, pictures };
}

function headlineText({ question, answer, standing }: Headline): string {
  return `<h1>${escaped(question)} <span class="${standing}">${escaped(answer)}</span></h1>`;
}
