/**
 * A dashed frame around what a row answers otherwise than most. Frames that lie so close together that they could not be told apart are
 * drawn as one, which says how many it stands for.
 */
import { countEnd } from "./dense";
import type { KeyFormat } from "../model/keys";
import { grouped } from "../model/numbers";
import { clampedX, rowTop } from "./layout";
import { label, rect, widthOf, type Mark } from "./mark";
import { and, type Paint } from "./row";
import type { Frame } from "./scene";

const TEXT = 12;
/** So far apart, or so wide, they can be told apart. */
const GAP_PIXELS = 6;
const WIDTH_PIXELS = 14;

/** Of more than so many in a row it is told once how many they are. */
const TOLD_MAX = 6;

/** Frames that are drawn as one. */
interface Cluster {
  readonly x: number;
  end: number;
  readonly frames: Frame[];
}

export function framesMarks(
  paint: Paint,
  frames: readonly Frame[],
  names: readonly string[],
  format: KeyFormat,
): Mark[] {
  return names.flatMap((_, row) => {
    const clusters = clustersOf(
      paint,
      frames.filter((frame) => frame.row === row),
    );
    if (clusters.length > TOLD_MAX)
      return [...clusters.map((cluster) => frameMark(paint, row, cluster)), ...sumOf(paint, row, clusters)];
    // Words do not lie on each other: what has no room beside the one before has none.
    const summary = paint.summaries?.[row];
    const begin = summary === undefined ? -Infinity : countEnd(paint.layout, summary) + TEXT;
    let free = begin;
    return clusters.flatMap((cluster) => {
      const words = wordsFor(paint, cluster, names, format, free, free === begin);
      free = words?.end ?? free;
      return [frameMark(paint, row, cluster), ...(words === null ? [] : [words.mark])];
    });
  });
}

/** Of a row, in key order. */
function clustersOf({ layout, view }: Paint, frames: readonly Frame[]): Cluster[] {
  const clusters: Cluster[] = [];
  for (const frame of frames) {
    if (frame.start >= view.to || frame.end <= view.from) continue;
    const [x, end] = [clampedX(layout, view, frame.start), clampedX(layout, view, frame.end)];
    const last = clusters.at(-1);
    const isNear = last !== undefined && x - last.end <= GAP_PIXELS;
    const isThin = last !== undefined && (end - x < WIDTH_PIXELS || last.end - last.x < WIDTH_PIXELS);
    if (last === undefined || !isNear || !isThin) clusters.push({ x, end, frames: [frame] });
    else {
      last.end = end;
      last.frames.push(frame);
    }
  }
  return clusters;
}

function frameMark({ layout }: Paint, row: number, { x, end }: Cluster): Mark {
  const y = rowTop(layout, row) + layout.bandTop;
  return rect(x - 2, y - 3, Math.max(4, end - x + 2), layout.bandHeight + 6, { rx: 4, class: "differs" });
}

function sumOf({ layout }: Paint, row: number, clusters: readonly Cluster[]): Mark[] {
  const count = clusters.reduce((sum, { frames }) => sum + frames.length, 0);
  const y = rowTop(layout, row) + layout.bandTop - 7;
  return [label(layout.right, y, `differs ${placesWords(count)}`, { class: "differs-text", "text-anchor": "end" })];
}

function placesWords(count: number): string {
  return `in ${grouped(count)} places`;
}

function wordsFor(
  { layout }: Paint,
  { x, end, frames }: Cluster,
  names: readonly string[],
  format: KeyFormat,
  free: number,
  isFirst: boolean,
): { mark: Mark; end: number } | null {
  const [frame, ...more] = frames;
  if (frame === undefined) return null;
  const from = `differs from ${and(frame.unlike.map((row) => names[row] ?? ""))}`;
  const isOne = frames.every(({ unlike }) => unlike.join() === frame.unlike.join());
  const many = placesWords(frames.length);
  const candidates =
    more.length === 0
      ? [frameWords(frame, names, format), from]
      : isOne
        ? [`${from} ${many}`, `differs ${many}`]
        : [`differs ${many}`];
  const room = Math.max(end - x, 60);
  for (const words of [...candidates, "differs"]) {
    const width = widthOf(words, TEXT);
    if (width > room) continue;
    // At the end of its frame, or from where it begins; beside the count of a row, as near to it as there is room.
    const wanted = end - width < layout.left ? x : end - width;
    const isPushed = isFirst && wanted < free && free + width <= layout.right;
    if (wanted < free && !isPushed) continue;
    const begin = isPushed ? free : wanted;
    const anchor = isPushed || begin === x ? "start" : "end";
    const y = rowTop(layout, frame.row) + layout.bandTop - 7;
    const mark = label(anchor === "end" ? end : begin, y, words, { class: "differs-text", "text-anchor": anchor });
    return { mark, end: begin + width + 8 };
  }
  return null;
}

export function frameWords({ start, end, unlike }: Frame, names: readonly string[], format: KeyFormat): string {
  const keys = end === Infinity ? format.words(start, end) : `on ${format.words(start, end)}`;
  return `differs from ${and(unlike.map((row) => names[row] ?? ""))} ${keys}`;
}
