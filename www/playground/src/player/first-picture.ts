/** What the page shows while its script and its module are still on their way: the first story a moment after its beginning. */
import { decimalKeys } from "../model/keys";
import { NodeColors } from "../model/node-color";
import { wholeSpace } from "../model/viewport";
import { framesOf } from "../picture/frames";
import { stageMarks } from "../picture/stage";
import { svgText } from "../picture/svg";
import { traceLayout, traceMarks } from "../picture/trace";
import { stories } from "../stories/index";
import { inputsUpTo, nodesOf } from "../stories/story";
import { Log } from "../world/log";
import { Timeline } from "../world/timeline";
import { flightsOf, linksOf, rowsOf, traceOf } from "./moment";
import { headline } from "./words";

const AT_MS = 400;
/** About what a desk and a hand hold; they are scaled to fit. */
const SIZES = [
  { kind: "wide", width: 1240, height: 400, left: 168, traceHeight: 130 },
  { kind: "narrow", width: 338, height: 300, left: 30, traceHeight: 112 },
];

export function firstPicture(): string {
  const [story] = stories;
  if (story === undefined) throw new Error("there is no story");
  const { log, fault } = Log.of(story.seed, inputsUpTo(story, 0));
  if (log === undefined) throw new Error(fault);
  const timeline = new Timeline(log);
  const [view, history] = [timeline.stateAt(AT_MS), timeline.history(AT_MS)];
  const rows = rowsOf(view);
  const [format, colors] = [decimalKeys(story.limit), new NodeColors()];
  colors.note(nodesOf(inputsUpTo(story, story.steps.length)));
  const { question, answer, standing } = headline(
    { rows, frames: framesOf(rows), cursor: story.cursor },
    `${story.cursor}`,
    true,
  );
  const stage = {
    rows,
    frames: framesOf(rows),
    links: linksOf(view, rows),
    view: wholeSpace(story.limit),
    limit: story.limit,
    cursor: story.cursor,
  };
  const pictures = SIZES.map(({ kind, width, height, left, traceHeight }) => {
    const trace = traceOf(history, view, 0, 8000, AT_MS);
    const layout = traceLayout(width, traceHeight, left, rows.length);
    const time = traceMarks(layout, trace, colors);
    return [
      svgText(
        stageMarks(stage, flightsOf(view, rows, AT_MS), width, height, format, colors),
        width,
        height,
        `first ${kind}`,
      ),
      svgText(time, width, traceHeight, `first ${kind}`),
    ];
  });
  timeline.free();
  return [
    `<header class="bar"><b>crdt-range-map</b></header>`,
    `<section class="caption"><div><h1>${question} <span class="${standing}">${answer}</span></h1><p>The page is on its way.</p></div></section>`,
    `<div class="first-stage">${pictures.map(([picture]) => picture).join("")}</div>`,
    `<div class="first-time">${pictures.map(([, picture]) => picture).join("")}</div>`,
  ].join("");
}
