/** Marks as the text of an SVG. */
import type { Mark } from "./mark";

export function svgText(marks: readonly Mark[], width: number, height: number, kind: string): string {
  const elements = marks.map(({ shape, attributes, text }) => {
    const written = Object.entries(attributes).map(([name, value]) => ` ${name}="${escaped(String(value))}"`);
    const content = text === undefined ? "" : escaped(text);
    return `<${shape}${written.join("")}>${content}</${shape}>`;
  });
  return `<svg class="picture ${kind}" viewBox="0 0 ${width} ${height}" aria-hidden="true">${elements.join("")}</svg>`;
}

const REPLACED: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };

/** Text that is no markup. */
export function escaped(text: string): string {
  return text.replace(/[&<>"]/g, (character) => REPLACED[character] ?? character);
}
