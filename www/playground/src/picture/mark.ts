/**
 * What is drawn, as plain data: the page paints marks into its SVG, and the export writes them as text. Colours are CSS values;
 * those of the theme are `var(--name)`.
 */
export type Shape = "rect" | "line" | "circle" | "path" | "text";

export interface Mark {
  readonly shape: Shape;
  readonly attributes: Readonly<Record<string, string | number>>;
  /** Of a text. */
  readonly text?: string;
}

export function rect(x: number, y: number, width: number, height: number, attributes: Mark["attributes"]): Mark {
  return {
    shape: "rect",
    attributes: { x: fine(x), y: fine(y), width: fine(width), height: fine(height), ...attributes },
  };
}

export function line(x1: number, y1: number, x2: number, y2: number, attributes: Mark["attributes"]): Mark {
  return { shape: "line", attributes: { x1: fine(x1), y1: fine(y1), x2: fine(x2), y2: fine(y2), ...attributes } };
}

export function circle(cx: number, cy: number, r: number, attributes: Mark["attributes"]): Mark {
  return { shape: "circle", attributes: { cx: fine(cx), cy: fine(cy), r, ...attributes } };
}

export function path(d: string, attributes: Mark["attributes"]): Mark {
  return { shape: "path", attributes: { d, ...attributes } };
}

export function label(x: number, y: number, text: string, attributes: Mark["attributes"] = {}): Mark {
  return { shape: "text", attributes: { x: fine(x), y: fine(y), ...attributes }, text };
}

/** Says that something is cut or was lost. */
export function cross(x: number, y: number, size: number): Mark[] {
  return [
    line(x - size, y - size, x + size, y + size, { class: "cross" }),
    line(x - size, y + size, x + size, y - size, { class: "cross" }),
  ];
}

/** A tenth of a pixel is as fine as anybody sees. */
export function fine(pixels: number): number {
  return Math.round(pixels * 10) / 10;
}

/** How wide a text becomes at most, about: the page draws many, and asking the browser for each is slow. */
export function widthOf(text: string, size: number): number {
  let ems = 0;
  for (const character of text)
    ems += (character.codePointAt(0) ?? 0) > 0x2e80 ? 1.05 : /[ilj.,:;'|! ]/.test(character) ? 0.34 : 0.68;
  return ems * size;
}

/** As much of a text as fits, and an ellipsis for the rest; empty if not even one letter does. */
export function fitting(text: string, size: number, width: number): string {
  if (widthOf(text, size) <= width) return text;
  const characters = [...text];
  while (characters.length > 0 && widthOf(`${characters.join("")}…`, size) > width) characters.pop();
  return characters.length === 0 ? "" : `${characters.join("")}…`;
}
