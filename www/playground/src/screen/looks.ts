/** How marks look: asked of the page for one mark of each kind, since the style sheet and the theme decide it, and kept. */
import type { Look } from "../picture/canvas";
import type { Mark } from "../picture/mark";
import { PATTERNS } from "../picture/texture";

const SVG = "http://www.w3.org/2000/svg";
/** What of a mark decides how it looks; the rest says where it is. */
const DECIDING = ["class", "fill", "fill-opacity", "stroke", "stroke-width", "text-anchor"];
const ALIGNS: Readonly<Record<string, CanvasTextAlign>> = { start: "start", middle: "center", end: "end" };

function keyOf({ shape, attributes }: Mark): string {
  const { class: kind = "", fill = "", stroke = "" } = attributes;
  const [opacity, width, anchor] = [attributes["fill-opacity"], attributes["stroke-width"], attributes["text-anchor"]];
  return `${shape}|${kind}|${fill}|${stroke}|${opacity ?? ""}|${width ?? ""}|${anchor ?? ""}`;
}

/** With the fill as the style sheet says it. */
function lookIn(style: CSSStyleDeclaration): Look & { readonly fill: string } {
  return {
    fill: style.fill,
    fillOpacity: Number(style.fillOpacity),
    stroke: style.stroke === "none" ? null : style.stroke,
    strokeWidth: parseFloat(style.strokeWidth),
    dashes: style.strokeDasharray === "none" ? [] : style.strokeDasharray.split(/[\s,]+/).map(parseFloat),
    cap: style.strokeLinecap as CanvasLineCap,
    join: style.strokeLinejoin as CanvasLineJoin,
    opacity: Number(style.opacity),
    strokesFirst: style.paintOrder.startsWith("stroke"),
    font: `${style.fontWeight} ${style.fontSize} ${style.fontFamily}`,
    align: ALIGNS[style.textAnchor] ?? "start",
  };
}

function probeOf({ shape, attributes }: Mark): Element {
  const element = document.createElementNS(SVG, shape);
  for (const name of DECIDING) if (name in attributes) element.setAttribute(name, String(attributes[name]));
  return element;
}

export class Looks {
  readonly #known = new Map<string, Look>();
  readonly #patterns = new Map<string, CanvasPattern | null>();
  readonly #probe: SVGSVGElement;

  /** Good for one theme and one density of pixels. */
  constructor(
    readonly within: Element,
    readonly density: number,
  ) {
    this.#probe = document.createElementNS(SVG, "svg");
    this.#probe.setAttribute("class", "picture unseen");
    this.#probe.setAttribute("aria-hidden", "true");
  }

  /** How each of these looks. What is not known is found out for all at once: the page is laid out once, and not once for each. */
  of(marks: readonly Mark[]): readonly Look[] {
    const keys = marks.map(keyOf);
    const unknown = new Map<string, Element>();
    for (const [place, mark] of marks.entries()) {
      const key = keys[place] ?? "";
      if (!this.#known.has(key) && !unknown.has(key)) unknown.set(key, probeOf(mark));
    }
    if (unknown.size > 0) this.#learn(unknown);
    return keys.map((key) => this.#known.get(key) as Look);
  }

  #learn(unknown: ReadonlyMap<string, Element>): void {
    this.#probe.replaceChildren(...unknown.values());
    this.within.append(this.#probe);
    const found = [...unknown].map(([key, element]) => [key, lookIn(getComputedStyle(element))] as const);
    this.#probe.remove();
    for (const [key, look] of found) this.#known.set(key, { ...look, fill: this.#paintOf(look.fill) });
  }

  #paintOf(fill: string): Look["fill"] {
    const [, id] = /^url\("?#([^")]+)"?\)/.exec(fill) ?? [];
    if (id === undefined) return fill === "none" ? null : fill;
    const pattern = this.#patterns.get(id) ?? this.#patternOf(id);
    this.#patterns.set(id, pattern);
    return pattern;
  }

  #patternOf(id: string): CanvasPattern | null {
    const found = PATTERNS.find((pattern) => pattern.id === id);
    const canvas = document.createElement("canvas");
    const context = canvas.getContext("2d");
    if (found === undefined || context === null) return null;
    const { stroke, strokeWidth, d, size } = found;
    canvas.width = canvas.height = Math.ceil(size * this.density);
    const scale = canvas.width / size;
    context.scale(scale, scale);
    const [line] = this.of([{ shape: "path", attributes: { fill: "none", stroke, "stroke-width": strokeWidth } }]);
    if (line?.stroke != null) context.strokeStyle = line.stroke;
    context.lineWidth = strokeWidth;
    context.stroke(new Path2D(d));
    const pattern = context.createPattern(canvas, "repeat");
    pattern?.setTransform(new DOMMatrix().scale(1 / scale));
    return pattern;
  }
}
