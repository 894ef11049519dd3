/** Pictures of stories without a page around them: what stands there until the script has come, and what links to a story show. */
import { decimalKeys } from "../model/keys";
import { NodeColors } from "../model/node-color";
import { wholeSpace } from "../model/viewport";
import { framesOf } from "../picture/frames";
import type { Stage } from "../picture/scene";
import { stageMarks } from "../picture/stage";
import { svgText } from "../picture/svg";
import { traceLayout, traceMarks } from "../picture/trace";
import { inputsUpTo, nodesOf, type Story } from "../stories/story";
import { Log } from "../world/log";
import { Timeline } from "../world/timeline";
import { flightsOf, linksOf, rowsOf, traceOf } from "./moment";
import { headline, type Headline } from "./words";

const FIRST_MS = 400;
/** About what a desk and a hand hold; they are scaled to fit. */
const SIZES: readonly Size[] = [
  { kind: "first wide", width: 1240, height: 400, left: 168, traceHeight: 130 },
  { kind: "first narrow", width: 338, height: 300, left: 30, traceHeight: 112 },
];
const PREVIEW: Size = { kind: "preview", width: 1120, height: 330, left: 168, traceHeight: 120 };

interface Size {
  readonly kind: string;
  readonly width: number;
  readonly height: number;
  readonly left: number;
  readonly traceHeight: number;
}

/** A moment after the beginning. */
export function firstPicture(story: Story): string {
  const { words, pictures } = drawn(story, FIRST_MS, SIZES);
  return [
    `<header class="bar"><b>crdt-range-map</b></header>`,
    `<section class="caption"><div>${words}<p>${story.summary}</p></div></section>`,
    `<div class="first-stage">${pictures.map(({ stage }) => stage).join("")}</div>`,
    `<div class="first-time">${pictures.map(({ time }) => time).join("")}</div>`,
  ].join("");
}

/** Where its first step ends. */
export function previewPicture(story: Story): string {
  const { words, pictures } = drawn(story, story.steps[0]?.untilMs ?? 0, [PREVIEW]);
  return `<header>crdt-range-map</header>${words}${pictures.map(({ stage, time }) => stage + time).join("")}`;
}

function drawn(
  story: Story,
  nowMs: number,
  sizes: readonly Size[],
): { words: string; pictures: { stage: string; time: string }[] } {
  const { log, fault } = Log.of(story.seed, inputsUpTo(story, 0));
  if (log === undefined) throw new Error(fault);
  const timeline = new Timeline(log);
  const [view, history] = [timeline.stateAt(nowMs), timeline.history(nowMs)];
  const [format, colors] = [decimalKeys(story.limit), new NodeColors()];
  colors.note(nodesOf(inputsUpTo(story, story.steps.length)));
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
  return `<h1>${question} <span class="${standing}">${answer}</span></h1>`;
}
