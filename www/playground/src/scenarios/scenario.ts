/** A key space to play in: how its keys look, what is registered at the start, and which words go with it. */
import type { KeyFormat } from "../model/keys";

export interface Scenario {
  /** In the URL's hash. */
  readonly id: string;
  readonly title: string;
  readonly summary: string;
  readonly format: KeyFormat;
  /** One encoded delta that every replica merges first; `null`: starts empty. Merging it again changes nothing. */
  readonly seedUrl: string | null;
  /** Pages with the same channel synchronise. It names the seed too: pages with other data stay apart. */
  readonly channelName: string;
  /** Height for the lanes, in CSS pixels, so that nothing on the page moves when lanes come and go. More lanes than have room make it grow. */
  readonly lanesHeight: number;
  /** Width for the nodes' names left of their lanes, in CSS pixels. Fixed, so that nothing moves. */
  readonly gutter: number;
  readonly firstInput: { readonly node: string; readonly start: string; readonly end: string };
  readonly firstLookUp: string;
  readonly lookUps: readonly string[];
  /** What the short name of a node stands for, where it stands for something. */
  nodeTitle(node: string): string | undefined;
  /** What a key without owners means here. */
  readonly gapWords: string;
  readonly source: Source | null;
}

/** Where real data came from, and what was left out. Shown on the page. */
export interface Source {
  readonly sentences: readonly string[];
  readonly attribution: string;
  readonly links: readonly { readonly text: string; readonly href: string }[];
}
