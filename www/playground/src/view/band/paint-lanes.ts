import type { Bar, Lane } from "../../model/lanes";
import { marksIn, type Mark } from "../../model/marks";
import { LANE_HEIGHT_FOR_TEXT, laneTop } from "./geometry";
import { fillNode, inPlot, label, shortened, xOf } from "./canvas";
import type { Scene } from "./scene";

const SPACE_BETWEEN = 3;
const LEAST_WIDTH_FOR_TEXT = 14;
/** The darker edge marks where a bar starts; on a narrow bar it would be all there is. */
const LEAST_WIDTH_FOR_EDGE = 8;
/** A bar that touches its neighbour keeps this hairline from it, if it can spare it. */
const HAIRLINE = 1;

/** Returns how many registrations are narrower than a pixel. */
export function paintLanes(context: CanvasRenderingContext2D, scene: Scene): number {
  paintGutter(context, scene);
  let narrow = 0;
  inPlot(context, scene, () => {
    scene.lanes.forEach((lane, index) => {
      narrow += paintLane(context, scene, lane, index);
    });
    paintHint(context, scene);
    paintSelection(context, scene);
    paintDraft(context, scene);
  });
  return narrow;
}

function paintGutter(context: CanvasRenderingContext2D, scene: Scene): void {
  const { geometry, colors, lanes } = scene;
  if (geometry.laneHeight < LANE_HEIGHT_FOR_TEXT) return;
  context.font = `12px ${colors.sans}`;
  context.fillStyle = colors.inkSoft;
  lanes.forEach((lane, index) => {
    if (lane.node === null || lane.node === lanes[index - 1]?.node) return;
    context.fillText(shortened(context, lane.node, geometry.gutter - 8), 0, middleOf(scene, index));
  });
}

function paintLane(context: CanvasRenderingContext2D, scene: Scene, lane: Lane, index: number): number {
  const { geometry, colors } = scene;
  const top = laneTop(geometry, index) + 1;
  const height = geometry.laneHeight - SPACE_BETWEEN;
  context.fillStyle = colors.sunk;
  context.fillRect(0, top, geometry.plot, height);
  const { wide, specks, narrow } = marksIn(lane.bars, scene.view, geometry.plot);
  for (const { item, x0, x1 } of specks) {
    fillNode(context, scene.colorOf(item.registration.node), x0, top, x1 - x0, height);
  }
  context.font = `600 11.5px ${colors.sans}`;
  for (const mark of wide) paintBar(context, scene, mark, top, height);
  return narrow;
}

function paintBar(context: CanvasRenderingContext2D, scene: Scene, mark: Mark<Bar>, top: number, height: number): void {
  const { registration } = mark.item;
  const color = scene.colorOf(registration.node);
  const width = Math.max(1, mark.x1 - mark.x0 - HAIRLINE);
  fillNode(context, color, mark.x0, top, width, height);
  if (width < LEAST_WIDTH_FOR_EDGE) return;
  context.fillStyle = color.edge[scene.scheme];
  context.fillRect(mark.x0, top, 3, height);
  if (width < LEAST_WIDTH_FOR_TEXT || height < LANE_HEIGHT_FOR_TEXT - SPACE_BETWEEN) return;
  const priority = registration.priority === 1 ? "" : ` ${registration.priority}`;
  const more = registration.end === null ? " →" : "";
  const name = registration.node;
  context.fillStyle = color.ink;
  label(
    context,
    [`${name}${priority}${more}`, `${name}${priority}`, name],
    mark.x0 + 6,
    top + height / 2 + 0.5,
    width - 8,
  );
}

function paintHint(context: CanvasRenderingContext2D, scene: Scene): void {
  const { lanes } = scene;
  const last = lanes.length - 1;
  if (scene.draft !== null || lanes[last]?.bars.length !== 0 || scene.geometry.laneHeight < LANE_HEIGHT_FOR_TEXT)
    return;
  context.font = `11.5px ${scene.colors.sans}`;
  context.fillStyle = scene.colors.inkSoft;
  label(context, [scene.hint], 6, middleOf(scene, last), scene.geometry.plot - 12);
}

function paintSelection(context: CanvasRenderingContext2D, scene: Scene): void {
  if (scene.selected === null) return;
  const { bar, lane } = scene.selected;
  outline(context, scene, lane, bar.start, bar.end, []);
}

function paintDraft(context: CanvasRenderingContext2D, scene: Scene): void {
  if (scene.draft === null) return;
  const { node, lane, start, end } = scene.draft;
  const x0 = xOf(scene, start);
  context.globalAlpha = 0.6;
  fillNode(
    context,
    scene.colorOf(node),
    x0,
    laneTop(scene.geometry, lane) + 1,
    xOf(scene, end) - x0,
    scene.geometry.laneHeight - SPACE_BETWEEN,
  );
  context.globalAlpha = 1;
  outline(context, scene, lane, start, end, [4, 3]);
}

function outline(
  context: CanvasRenderingContext2D,
  scene: Scene,
  lane: number,
  start: number,
  end: number,
  dash: number[],
): void {
  const x0 = xOf(scene, start);
  const x1 = Math.max(x0 + 2, xOf(scene, end) - HAIRLINE);
  context.strokeStyle = scene.colors.ink;
  context.lineWidth = 2;
  context.setLineDash(dash);
  context.strokeRect(x0, laneTop(scene.geometry, lane) + 1, x1 - x0, scene.geometry.laneHeight - SPACE_BETWEEN);
  context.setLineDash([]);
  context.lineWidth = 1;
}

function middleOf(scene: Scene, lane: number): number {
  return laneTop(scene.geometry, lane) + (scene.geometry.laneHeight - SPACE_BETWEEN) / 2 + 1.5;
}
