/** How a moment is looked at: the shape of the picture, a part of the keys, and a registration that is taken. It stands in a link behind `&`. */
import { NODE_BYTES_MAX, REPLICAS_MAX } from "../world/input";

export interface Close {
  /** Rows where there would be a map. */
  readonly isRows?: true | undefined;
  /** From a key up to another, of which either may lie within a key. */
  readonly view?: { readonly from: number; readonly to: number } | undefined;
  readonly taken?: Taken | undefined;
}

export interface Taken {
  readonly replica: number;
  readonly node: string;
  readonly start: number;
  /** Infinity is no end. */
  readonly end: number;
}

/** `&rows&view=120-300&taken=2,120-620,maple`; empty for nothing. */
export function closeText({ isRows, view, taken }: Close): string {
  const parts: string[] = isRows === true ? ["&rows"] : [];
  if (view !== undefined) parts.push(`&view=${short(view.from)}-${short(view.to)}`);
  if (taken !== undefined) {
    const { replica, node, start, end } = taken;
    parts.push(`&taken=${replica},${start}-${end === Infinity ? "" : end},${encodeURIComponent(node.toWellFormed())}`);
  }
  return parts.join("");
}

const NUMBER = String.raw`\d{1,10}(?:\.\d{1,6})?`;
const VIEW = new RegExp(`^view=(${NUMBER})-(${NUMBER})$`);
const TAKEN = /^taken=(\d{1,2}),(\d{1,10})-(\d{0,10}),([\w.!~*'()%-]{1,1000})$/;

/** Finer than any screen. */
function short(bound: number): number {
  return Number(bound.toFixed(6));
}

/** From what stands behind each `&`; `null` if any of it says nothing. */
export function readClose(parts: readonly string[], limit: number): Close | null {
  let close: Close = {};
  for (const part of parts) {
    const read = part === "rows" ? { isRows: true as const } : (readView(part, limit) ?? readTaken(part));
    if (read === null) return null;
    close = { ...close, ...read };
  }
  return close;
}

function readView(part: string, limit: number): Close | null {
  const [, from, to] = VIEW.exec(part) ?? [];
  const view = { from: Number(from), to: Number(to) };
  return view.to <= limit && view.to - view.from >= 1 ? { view } : null;
}

function readTaken(part: string): Close | null {
  const [, replica, start, end, text = ""] = TAKEN.exec(part) ?? [];
  try {
    const node = decodeURIComponent(text);
    const taken = { replica: Number(replica), node, start: Number(start), end: end === "" ? Infinity : Number(end) };
    const isGood =
      taken.replica < REPLICAS_MAX &&
      taken.end > taken.start &&
      new TextEncoder().encode(node).length <= NODE_BYTES_MAX;
    return isGood ? { taken } : null;
  } catch {
    // A part of a letter.
    return null;
  }
}
