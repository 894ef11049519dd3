/** What a message is and what became of it, in a sentence. */
import { and } from "../picture/row";
import type { Carried } from "../world/contribution";
import { nameOf } from "../world/input";
import type { Flight } from "../world/network";
import { PLAIN, type Wording } from "./wording";

/** So many pieces of what a message carries are told; how many more there are is counted. */
const TOLD = 3;

export function messageWords(
  { from, to, message, fate, endsAt, isDuplicate }: Flight,
  nowMs: number,
  wording: Wording = PLAIN,
): string {
  const { kind, carried, carriedCount, drops } = message.description;
  const told = carried.slice(0, TOLD).map((one) => carriedWords(one, wording));
  const more = carriedCount - told.length;
  if (more > 0) told.push(`${more} more`);
  if (drops > 0) told.push(`${drops} drops`);
  const what = told.length === 0 ? "" : `, with ${and(told)}`;
  const again = isDuplicate ? ", a second time" : "";
  return `${nameOf(from)} to ${nameOf(to)}: ${kind}, ${message.bytes.length} bytes${again}${what}; ${fateWords(fate, endsAt, nowMs)}.`;
}

function carriedWords({ node, start, end, what }: Carried, wording: Wording): string {
  const name = `${wording.name(node)} ${wording.range(start, end)}`;
  if (what.kind === "dropped") return `the drop of ${name}`;
  if (!what.isRegistered && what.adjustments === 0) return `the release of ${name}`;
  const amount = what.adjustments + (what.isRegistered ? 1 : 0);
  return `${name} ${amount >= 0 ? "+" : "−"}${Math.abs(amount)}`;
}

function fateWords(fate: Flight["fate"], endsAt: number, nowMs: number): string {
  if (endsAt > nowMs) return "on its way";
  switch (fate) {
    case "arrives":
      return "arrived";
    case "lost":
      return "lost";
    case "cut":
      return "stopped by a cut";
    case "missed":
      return "nobody was there to hear it";
  }
}
