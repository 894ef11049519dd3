/**
 * How long a world may be that comes from elsewhere. Few bytes can stand for a day of many replicas, who tell each other again and again
 * what they know. So it is counted how many messages that would be, before any of it runs.
 */
import { grouped } from "../model/numbers";
import type { Log } from "../world/log";

/** Opened from a link, a world runs while the page waits. */
export const LINK_MESSAGES_MAX = 3_000;
/** From a file it runs in pieces; but its messages are all kept, so that one can look back. */
export const FILE_MESSAGES_MAX = 200_000;

/** A replica tells each other one about once in such a time, even if nothing happens. */
const TOLD_EVERY_MS = 10_000;

/** How many messages replicas send, about, up to a moment or the last input, whichever is later. O(inputs). */
export function messagesOf({ inputs }: Log, nowMs: number): number {
  const [here, elsewhere] = [new Set<number>(), new Set<number>()];
  let [since, messageMs] = [0, 0];
  const pass = (at: number) => {
    messageMs += here.size * Math.max(0, here.size + elsewhere.size - 1) * (at - since);
    since = at;
  };
  for (const input of inputs) {
    pass(input.at);
    if (input.kind === "join" || input.kind === "restart") here.add(input.replica);
    if (input.kind === "told") elsewhere.add(input.replica);
    if (input.kind === "leave" || input.kind === "crash") {
      here.delete(input.replica);
      elsewhere.delete(input.replica);
    }
  }
  pass(Math.max(nowMs, since));
  return Math.ceil(messageMs / TOLD_EVERY_MS);
}

/** Why a world is too long to be run for whoever opens it, or `null`. `most`: messages. */
export function faultInRun(log: Log, nowMs: number, most: number): string | null {
  const messages = messagesOf(log, nowMs);
  if (messages <= most) return null;
  const [has, may] = [messages, most].map(grouped);
  const endMs = Math.max(nowMs, log.inputs.at(-1)?.at ?? 0);
  return `it runs too long, for ${grouped(Math.ceil(endMs / 60_000))} minutes, in which its replicas send about ${has} messages, and ${may} is the most.`;
}
