import { span } from "../../model/viewport";
import { AXIS_HEIGHT } from "./geometry";
import { inPlot, widthOf, xOf } from "./canvas";
import type { Scene } from "./scene";

const LEAST_TICK_DISTANCE = 76;
const LEAST_LABEL_DISTANCE = 8;

export function paintAxis(context: CanvasRenderingContext2D, scene: Scene): void {
  const { geometry, view, format, colors } = scene;
  const atMost = Math.max(2, Math.floor(geometry.plot / LEAST_TICK_DISTANCE));
  context.font = `11px ${colors.sans}`;
  inPlot(context, scene, () => {
    let labelled = -LEAST_LABEL_DISTANCE;
    for (const { key, label } of format.ticks(view.from, view.to, atMost)) {
      const x = Math.round(xOf(scene, key)) + 0.5;
      context.strokeStyle = colors.line;
      context.beginPath();
      context.moveTo(x, AXIS_HEIGHT - 5);
      context.lineTo(x, geometry.height);
      context.stroke();
      const width = widthOf(context, label);
      const left = Math.min(Math.max(0, x - width / 2), geometry.plot - width);
      if (left - labelled < LEAST_LABEL_DISTANCE) continue;
      labelled = left + width;
      context.fillStyle = colors.inkSoft;
      context.fillText(label, left, AXIS_HEIGHT / 2 - 2);
    }
  });
}

/** A line through everything at the looked-up key, and a flag on the axis. */
export function paintLookUp(context: CanvasRenderingContext2D, scene: Scene): void {
  const { lookUp, view, colors, geometry } = scene;
  if (lookUp === null || lookUp < view.from || lookUp >= view.to + span(view) * 1e-9) return;
  inPlot(context, scene, () => {
    const x = Math.round(xOf(scene, lookUp)) + 0.5;
    context.strokeStyle = context.fillStyle = colors.mark;
    context.beginPath();
    context.moveTo(x, AXIS_HEIGHT - 5);
    context.lineTo(x, geometry.height);
    context.stroke();
    context.beginPath();
    context.moveTo(x - 4, AXIS_HEIGHT - 9);
    context.lineTo(x + 4, AXIS_HEIGHT - 9);
    context.lineTo(x, AXIS_HEIGHT - 3);
    context.fill();
  });
}
