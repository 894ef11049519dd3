/** The map of all addresses: who has which, who is searched for, where replicas differ, and the one address that all are asked for. */
import type { Block } from "../model/blocks";
import type { KeyFormat } from "../model/keys";
import { RESERVED } from "../model/reserved";
import {
  cellOf,
  ORDER,
  originOf,
  placeOf,
  sideOf,
  squareOf,
  squaresOf,
  type Cell,
  type Square,
  type Stretch,
} from "./hilbert";
import { circle, fine, label, path, rect, widthOf, type Mark } from "./mark";
import { and } from "./row";
import type { Splits } from "./ranges";
import type { Frame, Split } from "./scene";

/** A square of so many pixels a side that shows a block. */
export interface MapLayout {
  readonly block: Block;
  readonly pixels: number;
}

export interface MapScene {
  /** As one replica answers. */
  readonly splits: Splits;
  readonly frames: readonly Frame[];
  /** Of the replicas, in the order of their rows. */
  readonly names: readonly string[];
  /** Whose blocks stand out. */
  readonly country: string | null;
}

/** So many shades tell neighbours apart; which country it is, the words say. */
const SHADES = 3;
/** A /8 of the whole, a /16 of a /8, and so on. */
const CELLS = 16;
const LABEL = 12;
/** Less than this has no room for three digits. */
const LABELLED_MIN = 27;

type Kind = string;

/** How a node's addresses are drawn. */
function kindOf(node: string, country: string | null): Kind {
  if (node === country) return "sought";
  let sum = 0;
  for (const character of node) sum += character.codePointAt(0) ?? 0;
  return `land-${sum % SHADES}`;
}

/** So few small blocks would be lost among all others: they are drawn a little larger. */
const FEW = 100;

function stretchesOf(splits: Iterable<Split>, country: string | null): Stretch<Kind>[] {
  return [...splits].flatMap(({ start, end, owners: [first] }) =>
    first === undefined ? [] : [{ start, end, kind: kindOf(first.node, country) }],
  );
}

/** What changes only when the world, the view or the country does. */
export function landMarks({ splits, country }: MapScene, layout: MapLayout): Mark[] {
  const land = stretchesOf(splits, country);
  const isRare = land.filter(({ kind }) => kind === "sought").length < FEW;
  const reserved = RESERVED.map(({ start, end }) => ({ start, end, kind: "reserved" }));
  return [
    rect(0, 0, layout.pixels, layout.pixels, { class: "sea" }),
    ...areas(reserved, layout),
    ...areas(land, layout),
    ...(isRare
      ? areas(
          land.filter(({ kind }) => kind === "sought").map((one) => ({ ...one, kind: "sought rare" })),
          layout,
        )
      : []),
  ];
}

/** One path for each kind. */
function areas(stretches: readonly Stretch<Kind>[], layout: MapLayout): Mark[] {
  const paths = new Map<Kind, string[]>();
  for (const square of squares(stretches, layout)) {
    const parts = paths.get(square.kind) ?? [];
    paths.set(square.kind, parts);
    parts.push(squarePath(square, layout));
  }
  return [...paths].map(([kind, parts]) => path(parts.join(""), { class: `area ${kind}` }));
}

function squares<K>(stretches: readonly Stretch<K>[], { block, pixels }: MapLayout): Square<K>[] {
  // The greatest that is no larger than half a pixel, so that what is small keeps its place.
  const least = 2 ** Math.max(0, Math.floor(Math.log2(sideOf(block) / Math.max(1, pixels))));
  return squaresOf(stretches, block, least);
}

function squarePath({ x, y, side }: Square<unknown>, { block, pixels }: MapLayout): string {
  const scale = pixels / sideOf(block);
  const size = hundredth(side * scale);
  return `M${hundredth(x * scale)} ${hundredth(y * scale)}h${size}v${size}h-${size}z`;
}

/** Squares that meet must meet. */
function hundredth(pixels: number): number {
  return Math.round(pixels * 100) / 100;
}

function gridMarks({ pixels }: MapLayout): Mark[] {
  const lines = Array.from({ length: CELLS + 1 }, (_, place) => {
    const at = fine((place * pixels) / CELLS);
    return `M${at} 0V${fine(pixels)}M0 ${at}H${fine(pixels)}`;
  });
  return [path(lines.join(""), { class: "grid" })];
}

/**
 * The part of an address that tells the cells of the grid apart. Of every fourth only where there is no room for more, or where a country
 * stands out, which is what is to be seen then.
 */
export function labelMarks({ country }: Pick<MapScene, "country">, layout: MapLayout): Mark[] {
  const { block, pixels } = layout;
  const isSparse = country !== null || pixels / CELLS < LABELLED_MIN;
  const addresses = 2 ** (block.level - 8);
  const scale = pixels / sideOf(block);
  const labels = Array.from({ length: isSparse ? 64 : 256 }, (_, place) => {
    const octet = isSparse ? 4 * place : place;
    const { x, y, side } = squareOf(block.from + octet * addresses, addresses, block);
    return label((x + side / 2) * scale, (y + side / 2) * scale + 4, `${octet}`, {
      class: isSparse ? "octet sparse" : "octet",
      "text-anchor": "middle",
    });
  });
  return [...gridMarks(layout), ...labels];
}

/** The block at the cursor, and where replicas differ, each with an edge around. */
export function edgeMarks(scene: MapScene, layout: MapLayout, cursor: number): Mark[] {
  const here = splitAt(scene.splits, cursor);
  const differing = unionOf(scene.frames);
  return [
    ...(here === undefined || here.owners.length === 0 ? [] : edged([here], scene, layout, "here")),
    ...(differing.length === 0 ? [] : edged(differing, scene, layout, "differs-edge")),
  ];
}

/** Lines across where replicas differ, and words below. */
export function differsMarks({ frames, names }: Pick<MapScene, "frames" | "names">, layout: MapLayout): Mark[] {
  const differing = unionOf(frames);
  if (differing.length === 0) return [];
  return [
    path(pathOf(differing, layout), { class: "area", fill: "url(#apart)" }),
    ...worded(differing).flatMap((range) => differsWords(range, frames, names, layout)),
  ];
}

const WORDS_MAX = 3;

/** Where there are many, words would lie on words: the largest has them alone. */
function worded(differing: readonly Bounds[]): readonly Bounds[] {
  if (differing.length <= WORDS_MAX) return differing;
  const size = ({ start, end }: Bounds) => Math.min(end, 2 ** 32) - start;
  return [differing.reduce((largest, one) => (size(one) > size(largest) ? one : largest))];
}

interface Bounds {
  readonly start: number;
  readonly end: number;
}

/** The border of squares is what is left of their wide outline when they are painted once more. */
function edged(ranges: readonly Bounds[], { splits, country }: MapScene, layout: MapLayout, kind: string): Mark[] {
  const d = pathOf(ranges, layout);
  const inside = stretchesOf(
    ranges.flatMap(({ start, end }) => splitsWithin(splits, start, end)),
    country,
  );
  return [path(d, { class: `edge ${kind}` }), path(d, { class: "area sea" }), ...areas(inside, layout)];
}

function pathOf(ranges: readonly Bounds[], layout: MapLayout): string {
  return squares(
    ranges.map(({ start, end }) => ({ start, end: Math.min(end, 2 ** 32), kind: "" })),
    layout,
  )
    .map((square) => squarePath(square, layout))
    .join("");
}

/** Frames of all rows, in key order, as ranges that neither meet nor overlap. */
export function unionOf(frames: readonly Frame[]): Bounds[] {
  const union: { start: number; end: number }[] = [];
  for (const { start, end } of frames.toSorted((one, other) => one.start - other.start)) {
    const last = union.at(-1);
    if (last !== undefined && start <= last.end) last.end = Math.max(last.end, end);
    else union.push({ start, end });
  }
  return union;
}

/** Who differs in a range: "C differs". */
export function whoDiffers({ start, end }: Bounds, frames: readonly Frame[], names: readonly string[]): string {
  const rows = new Set(frames.filter((frame) => frame.start < end && start < frame.end).map(({ row }) => row));
  const who = [...rows].sort((one, other) => one - other).map((row) => names[row] ?? "");
  return `${and(who)} ${who.length === 1 ? "differs" : "differ"}`;
}

function differsWords(range: Bounds, frames: readonly Frame[], names: readonly string[], layout: MapLayout): Mark[] {
  const all = squares([{ ...range, end: Math.min(range.end, 2 ** 32), kind: "" }], layout);
  if (all.length === 0) return [];
  const scale = layout.pixels / sideOf(layout.block);
  const left = Math.min(...all.map(({ x }) => x)) * scale;
  const bottom = Math.max(...all.map(({ y, side }) => y + side)) * scale;
  const text = whoDiffers(range, frames, names);
  const x = Math.min(Math.max(2, left), layout.pixels - widthOf(text, LABEL) - 2);
  const y = bottom + 14 > layout.pixels ? layout.pixels - 4 : bottom + 14;
  return [label(x, y, text, { class: "differs-text" })];
}

/** The point of the address that all replicas are asked for, and the address beside it. Out of view there is nothing to draw. */
export function pointMarks(layout: MapLayout, cursor: number, format: KeyFormat): Mark[] {
  const at = pointOf(layout, cursor);
  if (at === null) return [];
  const text = format.format(BigInt(cursor));
  const width = widthOf(text, LABEL) + 16;
  const x = Math.min(layout.pixels - width, Math.max(0, at.x - width / 2));
  const y = at.y > 32 ? at.y - 31 : at.y + 12;
  return [
    circle(at.x, at.y, 6, { class: "point-halo" }),
    circle(at.x, at.y, 6, { class: "point" }),
    rect(x, y, width, 19, { rx: 9, class: "key-pill" }),
    label(x + width / 2, y + 14, text, { class: "key-text", "text-anchor": "middle" }),
  ];
}

/** Where an address lies, in pixels; `null` if it is out of view. */
export function pointOf({ block, pixels }: MapLayout, address: number): Cell | null {
  if (address < block.from || address >= block.from + 2 ** block.level) return null;
  const origin = originOf(block);
  const scale = pixels / sideOf(block);
  const { x, y } = cellOf(ORDER, address);
  return { x: (x - origin.x + 0.5) * scale, y: (y - origin.y + 0.5) * scale };
}

/** The address under a pointer, which may be a little outside. */
export function addressUnder({ block, pixels }: MapLayout, { x, y }: Cell): number {
  const origin = originOf(block);
  const side = sideOf(block);
  const cell = (at: number) => Math.min(side - 1, Math.max(0, Math.floor((at / Math.max(1, pixels)) * side)));
  return placeOf(ORDER, { x: origin.x + cell(x), y: origin.y + cell(y) });
}

export function splitAt(splits: Splits, key: number): Split | undefined {
  return splits.in(key, key + 1).next().value ?? undefined;
}

/** What of splits lies in a range. */
function splitsWithin(splits: Splits, start: number, end: number): Split[] {
  return Array.from(splits.in(start, end), (split) => ({
    ...split,
    start: Math.max(start, split.start),
    end: Math.min(end, split.end),
  }));
}

/** Where replicas differ, in words for who cannot see it: "C differs in 25.128.0.0/9." */
export function differencesWords(frames: readonly Frame[], names: readonly string[], format: KeyFormat): string {
  const all = unionOf(frames);
  const told = all.slice(0, WORDS_MAX).map((range) => {
    const words = format.words(range.start, Math.min(range.end, 2 ** 32));
    return `${whoDiffers(range, frames, names)} in ${words}`;
  });
  const more = all.length - told.length;
  return told.length === 0 ? "" : `${told.join("; ")}${more > 0 ? `; and ${more} more differences` : ""}.`;
}
