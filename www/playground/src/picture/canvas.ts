/**
 * Paints marks into a canvas, where thousands cost little. What the style sheet says of a mark is its look, which whoever has the page
 * finds out; the marks are those of the SVG.
 */
import type { Mark } from "./mark";

/** How a mark looks, with colours and numbers as a canvas takes them. `null` is none. */
export interface Look {
  readonly fill: string | CanvasPattern | null;
  readonly fillOpacity: number;
  readonly stroke: string | null;
  readonly strokeWidth: number;
  readonly dashes: readonly number[];
  readonly cap: CanvasLineCap;
  readonly join: CanvasLineJoin;
  readonly opacity: number;
  /** Whether the stroke lies below the fill. */
  readonly strokesFirst: boolean;
  readonly font: string;
  readonly align: CanvasTextAlign;
}

/** Corners of boxes that are no wider cannot be seen. */
const CORNERS_PIXELS = 4;

/** Each mark has its look at the same place. */
export function paintMarks(context: CanvasRenderingContext2D, marks: readonly Mark[], looks: readonly Look[]): void {
  let before: Look | null = null;
  for (const [place, mark] of marks.entries()) {
    const look = looks[place];
    if (look === undefined) continue;
    // To set what is set already costs more than many a shape.
    if (look !== before) begin(context, look, mark);
    before = look;
    const shape = shapeOf(context, mark);
    const fills = () => {
      if (look.fill === null) return;
      context.globalAlpha = look.opacity * look.fillOpacity;
      shape.fill();
    };
    if (!look.strokesFirst) fills();
    if (look.stroke !== null) {
      context.globalAlpha = look.opacity;
      shape.stroke();
    }
    if (look.strokesFirst) fills();
  }
  context.globalAlpha = 1;
}

function begin(context: CanvasRenderingContext2D, look: Look, { shape }: Mark): void {
  context.lineWidth = look.strokeWidth;
  context.lineCap = look.cap;
  context.lineJoin = look.join;
  context.setLineDash(look.dashes as number[]);
  if (look.stroke !== null) context.strokeStyle = look.stroke;
  if (look.fill !== null) context.fillStyle = look.fill;
  if (shape !== "text") return;
  context.font = look.font;
  context.textAlign = look.align;
}

interface Drawn {
  fill(): void;
  stroke(): void;
}

function shapeOf(context: CanvasRenderingContext2D, { shape, attributes, text = "" }: Mark): Drawn {
  const at = (name: string) => Number(attributes[name] ?? 0);
  if (shape === "text") {
    return {
      fill: () => context.fillText(text, at("x"), at("y")),
      stroke: () => context.strokeText(text, at("x"), at("y")),
    };
  }
  if (shape === "path") {
    const path = new Path2D(String(attributes["d"] ?? ""));
    return { fill: () => context.fill(path), stroke: () => context.stroke(path) };
  }
  if (shape === "rect") {
    const [x, y, width, height, radius] = [at("x"), at("y"), at("width"), at("height"), at("rx")];
    if (radius === 0 || width <= CORNERS_PIXELS)
      return {
        fill: () => context.fillRect(x, y, width, height),
        stroke: () => context.strokeRect(x, y, width, height),
      };
    context.beginPath();
    context.roundRect(x, y, width, height, radius);
  } else {
    context.beginPath();
    if (shape === "circle") context.arc(at("cx"), at("cy"), at("r"), 0, 2 * Math.PI);
    else {
      context.moveTo(at("x1"), at("y1"));
      context.lineTo(at("x2"), at("y2"));
    }
  }
  return { fill: () => context.fill(), stroke: () => context.stroke() };
}
