/** What the picture is made of: plain values, taken from the world at a moment. An end of Infinity is unbounded. */
import type { Viewport } from "../model/viewport";
import type { Registrations, Splits } from "./ranges";

export interface Owner {
  readonly node: string;
  readonly priority: number;
}

export interface Registration extends Owner {
  readonly start: number;
  readonly end: number;
}

/** A stretch of keys with the same owners, the first before the others. No owners: a gap. */
export interface Split {
  readonly start: number;
  readonly end: number;
  readonly owners: readonly Owner[];
}

export interface Row {
  /** Its place among all replicas that ever joined. */
  readonly replica: number;
  readonly name: string;
  /** Whoever has crashed, lives elsewhere and is not heard from, or knows too much to be drawn, keeps its row, and is not asked. */
  readonly presence: "online" | "offline" | "crashed" | "unheard" | "overfull";
  /** Whether it lives in another tab. */
  readonly isElsewhere?: boolean;
  readonly registrations: Registrations;
  readonly splits: Splits;
}

export function isAsked({ presence }: Pick<Row, "presence">): boolean {
  return presence === "online" || presence === "offline";
}

/** Where a row answers otherwise than most, or than the first of equally many. */
export interface Frame {
  readonly row: number;
  readonly start: number;
  readonly end: number;
  /** The rows that answer as most do. */
  readonly unlike: readonly number[];
}

export interface Link {
  readonly between: readonly [number, number];
  readonly isCut: boolean;
}

/** A message on its way. */
export interface Flight {
  readonly from: number;
  readonly to: number;
  /** From 0, just sent, to 1, there. */
  readonly share: number;
  /** Of the node that it tells of, if it tells of one. */
  readonly node: string | null;
}

/** All of the stage but what moves. */
export interface Stage {
  readonly rows: readonly Row[];
  readonly frames: readonly Frame[];
  readonly links: readonly Link[];
  readonly view: Viewport;
  /** One past the last key. */
  readonly limit: number;
  readonly cursor: number;
}
