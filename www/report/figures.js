// How figures are written: three digits that count, and a unit that suits them, which is not torn off at the end of a line.

/** @param {number} figure */
export const whole = (figure) => Math.round(figure).toLocaleString("en-US");

/**
 * Three digits that count, without zeros at the end of a fraction.
 *
 * @param {number} figure
 */
export function digits(figure) {
  const size = Math.abs(figure);
  const decimals = size >= 99.95 ? 0 : size >= 9.995 ? 1 : size >= 0.9995 ? 2 : 3;
  return figure.toLocaleString("en-US", { maximumFractionDigits: decimals });
}

/**
 * @param {number} figure
 * @param {[below: number, per: number, unit: string][]} units
 */
function suited(figure, units) {
  const [, per, unit] = units.find(([below]) => figure < below) ?? units[units.length - 1];
  return `${digits(figure / per)}\u00a0${unit}`;
}

/** @param {number} ns */
export const time = (ns) =>
  suited(ns, [
    [999.5, 1, "ns"],
    [999.5e3, 1e3, "µs"],
    [999.5e6, 1e6, "ms"],
    [Infinity, 1e9, "s"],
  ]);

/** @param {number} count */
export const bytes = (count) =>
  suited(count, [
    [999.5, 1, "B"],
    [999.5e3, 1e3, "kB"],
    [Infinity, 1e6, "MB"],
  ]);

/** @param {number} n */
export const sized = (n) => `W(${whole(n)})`;

/**
 * A table in Markdown, the first columns of which hold text and the others figures.
 *
 * @param {number} texts how many hold text
 * @param {string[]} heads
 * @param {(string | number)[][]} rows
 */
export function table(texts, heads, rows) {
  const rule = heads.map((_, at) => (at < texts ? "---" : "---:"));
  return ["", ...[heads, rule, ...rows].map((cells) => `| ${cells.join(" | ")} |`)];
}

/**
 * Each once, in the order in which they came.
 *
 * @template T
 * @param {T[]} items
 */
export const distinct = (items) => [...new Set(items)];
