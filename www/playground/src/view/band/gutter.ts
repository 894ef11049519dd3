/** Room for the nodes' names left of their lanes: the same for all bands of the page, so that their keys line up. */
const LEAST = 18;
const MOST = 88;
const SPACE = 10;

let context: CanvasRenderingContext2D | null | undefined;

export function gutterFor(nodes: readonly string[]): number {
  context ??= document.createElement("canvas").getContext("2d");
  if (context === null) return MOST;
  const measure = context;
  measure.font = `12px ${getComputedStyle(document.documentElement).getPropertyValue("--sans")}`;
  const widest = Math.max(0, ...nodes.map((node) => measure.measureText(node).width));
  return Math.ceil(Math.min(MOST, Math.max(LEAST, widest + SPACE)));
}
