/** A story is data: a world's inputs in steps, with the words that the world itself cannot find. */
import type { Input } from "../world/input";

export interface Story {
  /** In the URL's hash. */
  readonly id: string;
  readonly title: string;
  /** What it shows, for whoever sees a link to it. */
  readonly summary: string;
  /** One past the greatest key. */
  readonly limit: number;
  /** The key that is asked for at first. */
  readonly cursor: number;
  readonly seed: number;
  readonly steps: readonly Step[];
}

export interface Step {
  /** Enter the log when the step begins; none is due before the end of the step before. */
  readonly inputs: readonly Input[];
  /** It plays up to here and stops. */
  readonly untilMs: number;
  /** What is to be seen, in a sentence or two. Who says what is told by the page. */
  readonly words: string;
  /** What the button says that begins the step; the first begins by itself. */
  readonly action: string;
  /** A registration of which it is worth knowing what other designs answer. */
  readonly beside?: { readonly node: string; readonly start: number; readonly end: number };
  /** What must be true when it ends, so that the words are: asserted by the test of the stories. */
  readonly ends: { readonly isAgreed: boolean; readonly answers: readonly string[] };
}

/** When the step after this one begins. */
export function endOf(story: Story, step: number): number {
  return story.steps[step]?.untilMs ?? 0;
}

/** All inputs up to the end of a step. */
export function inputsUpTo(story: Story, step: number): Input[] {
  return story.steps.slice(0, step + 1).flatMap(({ inputs }) => inputs);
}

/** The nodes that inputs name, in the order in which they appear: so they get their colours. */
export function nodesOf(inputs: readonly Input[]): string[] {
  return [
    ...new Set(inputs.flatMap((input) => (input.kind === "operation" ? input.operations.map(({ node }) => node) : []))),
  ];
}
