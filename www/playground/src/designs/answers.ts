import type { Log } from "../world/log";
import { nameOf, priorityOf, type Design, type Registration } from "./design";
import { keptCounter } from "./kept-counter";
import { lastWriter } from "./last-writer";
import { removeWins } from "./remove-wins";
import { replay } from "./replay";
import { resetCounter } from "./reset-counter";

/** The models keep all that was done and copy what they keep, so the time that they take grows with the square. */
export const ANSWERED_OPERATIONS_MAX = 500;

/** What a design answers. */
export interface Answer {
  readonly title: string;
  readonly source: string;
  /** The priority; `null` if the registration is not visible. */
  readonly answer: number | null;
  /** The rule that it follows, in a sentence. */
  readonly why: string;
}

/**
 * What other designs answer to the inputs of a log up to a moment, once all replicas that are there have told each other all they know:
 * the priority of a registration. See `replay` for what is assumed of the network. There are no answers to more than
 * `ANSWERED_OPERATIONS_MAX` operations.
 */
export function answersOf(log: Log, untilMs: number, registration: Registration): Answer[] {
  const count = log.inputs.reduce((sum, input) => sum + (input.kind === "operation" ? input.operations.length : 0), 0);
  if (count > ANSWERED_OPERATIONS_MAX) return [];
  const name = nameOf(registration);
  const answer = <State>(design: Design<State>): Answer => ({
    title: design.title,
    source: design.source,
    answer: priorityOf(design, replay(design, log, untilMs), name),
    why: design.rule,
  });
  return [answer(keptCounter), answer(resetCounter), answer(lastWriter), answer(removeWins)];
}
