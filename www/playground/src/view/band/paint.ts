/** Draws a scene. Each part is one function of the scene; `context` is scaled to CSS pixels. */
import { paintAxis, paintLookUp } from "./paint-axis";
import { paintLanes } from "./paint-lanes";
import { paintSplits } from "./paint-splits";
import type { Scene } from "./scene";

/** Returns how many registrations are narrower than a pixel. */
export function paint(context: CanvasRenderingContext2D, scene: Scene): number {
  const { geometry } = scene;
  context.clearRect(0, 0, geometry.gutter + geometry.plot, geometry.height);
  context.textBaseline = "middle";
  context.lineWidth = 1;
  paintAxis(context, scene);
  const narrow = paintLanes(context, scene);
  paintSplits(context, scene);
  paintLookUp(context, scene);
  return narrow;
}
