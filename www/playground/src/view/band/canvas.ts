/** Small things that every part of the drawing needs. */
import type { NodeColor } from "../../model/node-color";
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
  const text = texts.find((candidate) => widthOf(context, candidate) <= width);
  if (text !== undefined) context.fillText(text, x, y);
}

/** Cuts `text` so that it fits into `width`. */
export function shortened(context: CanvasRenderingContext2D, text: string, width: number): string {
  if (widthOf(context, text) <= width) return text;
  const characters = [...text];
  while (characters.length > 1 && widthOf(context, `${characters.join("")}…`) > width) characters.pop();
  return `${characters.join("")}…`;
}

/** Measuring is the slowest part of drawing thousands of labels, and the same few are measured at each frame. */
const widths = new Map<string, number>();
const MOST_WIDTHS = 10_000;

export function widthOf(context: CanvasRenderingContext2D, text: string): number {
  const key = `${context.font} ${text}`;
  const known = widths.get(key);
  if (known !== undefined) return known;
  if (widths.size >= MOST_WIDTHS) widths.clear();
  const { width } = context.measureText(text);
  widths.set(key, width);
  return width;
}

/** Fills a box with a node's colour, and with the lines of its texture where there is room for some. */
export function fillNode(
  context: CanvasRenderingContext2D,
  color: NodeColor,
  x: number,
  y: number,
  width: number,
  height: number,
): void {
  context.fillStyle = color.fill;
  context.fillRect(x, y, width, height);
  if (color.angles.length === 0 || width < TEXTURE_PX) return;
  const texture = textureOf(context, color);
  if (texture === null) return;
  context.fillStyle = texture;
  context.fillRect(x, y, width, height);
}

/** The distance from a line of a texture to the next, sideways. */
const TEXTURE_PX = 6;
const textures = new Map<string, CanvasPattern | null>();

/** Drawing lines one by one would be slow for thousands of bars. */
function textureOf(context: CanvasRenderingContext2D, { angles, stripe }: NodeColor): CanvasPattern | null {
  const key = `${angles.join()} ${stripe}`;
  const known = textures.get(key);
  if (known !== undefined) return known;
  const tile = new OffscreenCanvas(TEXTURE_PX, TEXTURE_PX);
  const lines = tile.getContext("2d");
  if (lines === null) return null;
  lines.strokeStyle = stripe;
  for (const angle of angles) {
    for (const shift of [-TEXTURE_PX, 0, TEXTURE_PX]) {
      const [from, to] = angle < 90 ? [0, TEXTURE_PX] : [TEXTURE_PX, 0];
      lines.beginPath();
      lines.moveTo(shift + from, TEXTURE_PX);
      lines.lineTo(shift + to, 0);
      lines.stroke();
    }
  }
  const texture = context.createPattern(tile, "repeat");
  textures.set(key, texture);
  return texture;
}
