/** All that a band shows, as values. `paint.ts` turns it into pixels; nothing else decides what they are. */
import type { Owner } from "crdt-range-map";
import type { KeyFormat } from "../../model/keys";
import type { Bar, Lane } from "../../model/lanes";
import type { NodeColor, Scheme } from "../../model/node-color";
import type { Interval } from "../../model/ranges";
import type { Viewport } from "../../model/viewport";
import type { Geometry } from "./geometry";

export interface SplitInterval extends Interval {
  readonly owners: readonly Owner[];
}

/** A range that is being drawn or tightened, not yet an operation. */
export interface Draft extends Interval {
  readonly node: string;
  readonly lane: number;
}

export interface Scene {
  readonly geometry: Geometry;
  readonly view: Viewport;
  readonly format: KeyFormat;
  readonly lanes: readonly Lane[];
  readonly splits: readonly SplitInterval[];
  readonly selected: { readonly bar: Bar; readonly lane: number } | null;
  readonly draft: Draft | null;
  readonly lookUp: number | null;
  readonly scheme: Scheme;
  readonly colorOf: (node: string) => NodeColor;
  readonly colors: Colors;
  /** Said in the empty lane, as long as nothing else is there. */
  readonly hint: string;
}

export interface Colors {
  readonly ink: string;
  readonly inkSoft: string;
  readonly line: string;
  readonly paper: string;
  readonly sunk: string;
  readonly hatch: string;
  readonly mark: string;
  readonly sans: string;
}

/** The computed colours of the current theme. */
export function colorsOf(element: Element): Colors {
  const style = getComputedStyle(element);
  const value = (name: string) => style.getPropertyValue(name);
  return {
    ink: value("--ink"),
    inkSoft: value("--ink-soft"),
    line: value("--line"),
    paper: value("--paper"),
    sunk: value("--sunk"),
    hatch: value("--hatch"),
    mark: value("--mark"),
    sans: value("--sans"),
  };
}
