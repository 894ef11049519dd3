import type { Owner } from "crdt-range-map";
import { marksIn } from "../../model/marks";
import { firstEndingAfter } from "../../model/ranges";
import { FIRST_OWNER_HEIGHT, NEXT_OWNER_HEIGHT, NEXT_OWNERS, SPLITS_HEIGHT } from "./geometry";
import { fillNode, inPlot, label, widthOf, xOf } from "./canvas";
import type { Scene } from "./scene";

const HATCH_DISTANCE = 6;
const LEAST_WIDTH_FOR_TEXT = 14;

/** Gaps are what the hatched ground shows through. */
export function paintSplits(context: CanvasRenderingContext2D, scene: Scene): void {
  const top = scene.geometry.splitsTop;
  inPlot(context, scene, () => {
    paintGround(context, scene, top);
    paintGapWords(context, scene, top);
    const { wide, specks } = marksIn(scene.splits, scene.view, scene.geometry.plot);
    for (const { item, x0, x1 } of specks) {
      context.fillStyle = scene.colors.paper;
      context.fillRect(x0, top, x1 - x0, SPLITS_HEIGHT);
      paintColumn(context, scene, item.owners, x0, x1, top);
    }
    for (const { item, x0, x1 } of wide) {
      context.fillStyle = scene.colors.paper;
      context.fillRect(x0, top, x1 - x0, SPLITS_HEIGHT);
      paintColumn(context, scene, item.owners, x0, Math.max(x0 + 1, x1 - 1), top);
    }
  });
  context.font = `11px ${scene.colors.sans}`;
}

function paintGround(context: CanvasRenderingContext2D, scene: Scene, top: number): void {
  const { plot } = scene.geometry;
  context.save();
  context.beginPath();
  context.rect(0, top, plot, FIRST_OWNER_HEIGHT);
  context.clip();
  context.strokeStyle = scene.colors.hatch;
  context.beginPath();
  for (let x = -FIRST_OWNER_HEIGHT; x < plot; x += HATCH_DISTANCE) {
    context.moveTo(x, top + FIRST_OWNER_HEIGHT);
    context.lineTo(x + FIRST_OWNER_HEIGHT, top);
  }
  context.stroke();
  context.restore();
}

function paintGapWords(context: CanvasRenderingContext2D, scene: Scene, top: number): void {
  context.font = `italic 11.5px ${scene.colors.sans}`;
  const width = widthOf(context, "gap") + 10;
  for (const gap of gapsBetween(scene)) {
    if (gap.x1 - gap.x0 < width + 4) continue;
    const x = (gap.x0 + gap.x1 - width) / 2;
    context.fillStyle = scene.colors.paper;
    context.fillRect(x, top + 5, width, FIRST_OWNER_HEIGHT - 10);
    context.fillStyle = scene.colors.inkSoft;
    context.fillText("gap", x + 5, top + FIRST_OWNER_HEIGHT / 2 + 0.5);
  }
}

/** The gaps in view, in pixels. */
function gapsBetween(scene: Scene): { x0: number; x1: number }[] {
  const { splits, view, format } = scene;
  const gaps: { x0: number; x1: number }[] = [];
  let index = firstEndingAfter(splits, view.from);
  let end = splits[index - 1]?.end ?? 0;
  while (end < view.to) {
    const next = splits[index++];
    const start = next?.start ?? format.limit;
    if (start > end)
      gaps.push({ x0: Math.max(0, xOf(scene, end)), x1: Math.min(scene.geometry.plot, xOf(scene, start)) });
    end = next?.end ?? Infinity;
  }
  return gaps;
}

function paintColumn(
  context: CanvasRenderingContext2D,
  scene: Scene,
  owners: readonly Owner[],
  x0: number,
  x1: number,
  top: number,
): void {
  const width = x1 - x0;
  owners.slice(0, 1 + NEXT_OWNERS).forEach(({ node, priority }, place) => {
    const color = scene.colorOf(node);
    const y = place === 0 ? top : top + FIRST_OWNER_HEIGHT + (place - 1) * NEXT_OWNER_HEIGHT + 1;
    const height = place === 0 ? FIRST_OWNER_HEIGHT : NEXT_OWNER_HEIGHT - 1;
    fillNode(context, color, x0, y, width, height);
    if (width < LEAST_WIDTH_FOR_TEXT) return;
    context.fillStyle = color.ink;
    context.font = place === 0 ? `600 13px ${scene.colors.sans}` : `11px ${scene.colors.sans}`;
    const further = place === NEXT_OWNERS && owners.length > place + 1 ? ` +${owners.length - place - 1}` : "";
    label(
      context,
      [`${node} ${priority}${further}`, `${node}${further}`, node],
      x0 + 4,
      y + height / 2 + 0.5,
      width - 6,
    );
  });
}
