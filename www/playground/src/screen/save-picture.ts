/** The picture as a file of its own, in the colours that it has now: for slides, issues and papers. */
import type { Scheme } from "../model/node-color";
import { paper } from "./paper.svelte";
import rules from "./picture.css?inline";

const SVG = "http://www.w3.org/2000/svg";
const COLORS = [
  ...["paper", "card", "ink", "ink-soft", "line", "line-strong", "hatch", "alarm", "good"],
  ...["land-0", "land-1", "land-2", "sought", "octet"],
];
const [EDGE, TITLE, GAP] = [16, 44, 16];

/** All pictures of the page below each other, as an SVG that needs nothing else. */
export function asSvg(title: string, scheme: Scheme): string {
  return paper.with(() => fileOf(title, scheme));
}

function fileOf(title: string, scheme: Scheme): string {
  const pictures = [...document.querySelectorAll<SVGSVGElement>("svg.picture")];
  const sizes = pictures.map((picture) => picture.getBoundingClientRect());
  const width = Math.max(...sizes.map((size) => size.width)) + 2 * EDGE;
  let top = TITLE;
  const parts = pictures.map((picture, place) => {
    const part = element("g", { transform: `translate(${EDGE} ${top})` });
    part.append(...copies(picture));
    top += (sizes[place]?.height ?? 0) + GAP;
    return part;
  });
  const file = element("svg", { class: "picture", width, height: top, viewBox: `0 0 ${width} ${top}` });
  const style = element("style");
  style.textContent = `svg { color-scheme: ${scheme}; ${colors()} } ${rules} .picture .title { font: 600 20px serif; }`;
  const heading = element("text", { x: EDGE, y: 28, class: "title" });
  heading.textContent = title;
  const patterns = document.querySelector<SVGSVGElement>("#patterns");
  const paper = element("rect", { width: "100%", height: "100%", fill: "var(--paper)" });
  file.append(style, ...(patterns === null ? [] : copies(patterns)), paper, heading, ...parts);
  return new XMLSerializer().serializeToString(file);
}

/** The same as pixels, twice as many as on the screen. */
export async function asPng(title: string, scheme: Scheme): Promise<Blob> {
  const image = new Image();
  image.src = `data:image/svg+xml,${encodeURIComponent(asSvg(title, scheme))}`;
  await image.decode();
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [image.naturalWidth * 2, image.naturalHeight * 2];
  canvas.getContext("2d")?.drawImage(image, 0, 0, canvas.width, canvas.height);
  return new Promise((done, fail) =>
    canvas.toBlob(
      (blob) => (blob === null ? fail(new Error("The browser made no picture.")) : done(blob)),
      "image/png",
    ),
  );
}

/** Offers a file to be saved. */
export function save(content: Blob, name: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(content);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

function copies(of: SVGSVGElement): Node[] {
  return [...of.childNodes].map((node) => node.cloneNode(true));
}

function element(name: string, attributes: Readonly<Record<string, string | number>> = {}): SVGElement {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, String(value));
  return made;
}

/** The page's colours as they come out now: a file knows nothing of its theme. */
function colors(): string {
  const probe = document.createElement("i");
  document.body.append(probe);
  const found = COLORS.map((name) => {
    probe.style.color = `var(--${name})`;
    return `--${name}: ${getComputedStyle(probe).color};`;
  });
  probe.remove();
  return `${found.join(" ")} --sans: system-ui, sans-serif; --mono: ui-monospace, monospace;`;
}
