/** Small things that every part of the drawing needs. */
import { clamp, toX } from "../../model/viewport";
import type { Scene } from "./scene";

/** Runs `draw` with the plot's left edge as origin, clipped to the plot. */
export function inPlot(context: CanvasRenderingContext2D, scene: Scene, draw: () => void): void {
  const { gutter, plot, height } = scene.geometry;
  context.save();
  context.beginPath();
  context.rect(gutter, 0, plot, height);
  context.clip();
  context.translate(gutter, 0);
  draw();
  context.restore();
}

export function xOf(scene: Scene, key: number): number {
  return clamp(toX(scene.view, scene.geometry.plot, key), -2, scene.geometry.plot + 2);
}

/** Writes `text` if it fits into `width`, else the shorter alternative if that fits, else nothing. */
export function label(
  context: CanvasRenderingContext2D,
  texts: readonly string[],
  x: number,
  y: number,
  width: number,
): void {
  const text = texts.find((candidate) => context.measureText(candidate).width <= width);
  if (text !== undefined) context.fillText(text, x, y);
}

/** Cuts `text` so that it fits into `width`. */
export function shortened(context: CanvasRenderingContext2D, text: string, width: number): string {
  if (context.measureText(text).width <= width) return text;
  const characters = [...text];
  while (characters.length > 1 && context.measureText(`${characters.join("")}…`).width > width) characters.pop();
  return `${characters.join("")}…`;
}
