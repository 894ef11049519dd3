// The plots: state in, the text of an SVG file out.
import * as Plot from "@observablehq/plot";
import { parseHTML } from "linkedom";

const { document } = parseHTML("<!doctype html><html></html>");

/**
 * What is plotted together: its name, whether it only stands beside, and where it goes through.
 *
 * @typedef {{ name: string, isBeside?: boolean, points: { x: number, y: number }[] }} Series
 */

const colours = ["#4269d0", "#e8743b", "#3ca951", "#a463f2", "#ff8ab7", "#9c6b4e"];
const grey = "#8a8a8a";

/**
 * Lines over a logarithmic axis, with their names beside them, the highest first.
 *
 * @param {string} xName
 * @param {string} yName
 * @param {Series[]} series
 * @param {"log" | "linear"} type of both axes
 */
export function lines(xName, yName, series, type = "log") {
  const end = (/** @type {Series} */ { points }) => points.at(-1)?.y ?? 0;
  const shown = series.filter(({ points }) => points.length > 0).sort((one, other) => end(other) - end(one));
  const own = shown.filter(({ isBeside }) => !isBeside);
  const colour = (/** @type {Series} */ it) => (it.isBeside ? grey : colours[own.indexOf(it) % colours.length]);
  const svg = Plot.plot({
    document,
    width: 860,
    height: 400,
    marginLeft: 70,
    marginRight: 230,
    marginTop: 30,
    style: { background: "white", color: "#222" },
    x: { type, label: xName, grid: true, tickFormat: "~s", ticks: 5 },
    y: { type, label: yName, grid: true, tickFormat: "~s", ticks: 6, ...(type === "linear" ? { zero: true } : {}) },
    marks: shown.flatMap((it, at) => [
      Plot.lineY(it.points, { x: "x", y: "y", stroke: colour(it), strokeDasharray: it.isBeside ? "4 3" : undefined }),
      Plot.dot(it.points, { x: "x", y: "y", fill: colour(it), r: 2.5 }),
      Plot.text([it.name], { frameAnchor: "top-right", textAnchor: "start", dx: 12, dy: 16 * at, fill: colour(it) }),
    ]),
  });
  svg.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  return `${svg.outerHTML}\n`;
}
