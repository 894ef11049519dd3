/** Replicas of other tabs: what is drawn of them, and how it stands with them, in words. */
import { answerKey } from "../picture/frames";
import { and } from "../picture/row";
import { isAsked, type Row } from "../picture/scene";
import { AMOUNT_MAX, REPLICAS_MAX, type Operation, type Told } from "../world/input";
import { Replica } from "../world/replica";
import type { WorldView } from "../world/view";
import { agreementWords, type Agreement } from "./words";

/** A replica that knows what was told, so that its splits are found by the code that finds all others. It is to be freed. */
export function replicaOf({ id, registrations }: Told): Replica {
  const replica = new Replica();
  replica.start(id, 0n);
  for (const { node, start, end, priority } of registrations) {
    const operations: Operation[] = [{ op: "register", node, start, end }];
    if (priority > 1) operations.push({ op: "increase", node, start, end, by: Math.min(AMOUNT_MAX, priority - 1) });
    replica.apply(operations);
  }
  return replica;
}

/** By all that replicas know, here and elsewhere. Of whom nothing is heard, nobody knows whether it agrees. */
export function agreementOf({ replicas }: WorldView): Agreement & { readonly isAgreed: boolean } {
  const known = replicas.filter(({ isThere, told }) => isThere || told !== null);
  const unheard = replicas.filter(({ presence }) => presence === "unheard");
  const { words, standing } = agreementWords(known.map(({ fingerprint }) => fingerprint));
  if (unheard.length === 0) return { words, standing, isAgreed: standing !== "apart" };
  const names =
    unheard.length > 2 ? `${unheard.length} are` : `${and(unheard.map(({ name }) => name))} ${are(unheard)}`;
  return {
    words: `${words}, ${names} not heard from`,
    standing: standing === "apart" ? "apart" : "neutral",
    isAgreed: false,
  };
}

/** The names of those elsewhere, by what they know as compared with who lives here. */
export interface Others {
  readonly same: readonly string[];
  readonly differ: readonly string[];
  readonly unheard: readonly string[];
}

export function othersOf({ replicas }: WorldView): Others {
  const own = replicas.find(({ isElsewhere }) => !isElsewhere)?.fingerprint;
  const others = replicas.filter(({ isElsewhere, presence }) => isElsewhere && presence !== "gone");
  const named = (isMeant: (fingerprint: string | undefined) => boolean) =>
    others.filter(({ told }) => isMeant(told?.fingerprint)).map(({ name }) => name);
  return {
    same: named((fingerprint) => fingerprint !== undefined && fingerprint === own),
    differ: named((fingerprint) => fingerprint !== undefined && fingerprint !== own),
    unheard: named((fingerprint) => fingerprint === undefined),
  };
}

/** The least number that nobody has or had, here or elsewhere; `null` if there is none. */
export function freeNumber({ replicas }: WorldView): number | null {
  const numbers = Array.from({ length: REPLICAS_MAX }, (_, number) => number);
  return numbers.find((number) => replicas.every(({ index }) => index !== number)) ?? null;
}

/** Said of an answer that all give who can be asked, if there are others. */
export function unheardWords({ unheard }: Others): string {
  return unheard.length === 0 ? "" : `What ${and(unheard)} ${unheard.length > 1 ? "say" : "says"} is not known here.`;
}

/** Why one elsewhere may answer otherwise: nobody here can look into it. */
export function whyElsewhere(rows: readonly Row[], key: number): string {
  const here = rows.find((row) => !row.isElsewhere && isAsked(row));
  if (here === undefined) return "";
  const answer = answerKey(here.splits.ownersAt(key));
  const others = rows.filter(
    (row) => row.isElsewhere && isAsked(row) && answerKey(row.splits.ownersAt(key)) !== answer,
  );
  if (others.length === 0) return "";
  const names = and(others.map(({ name }) => name));
  return `${names} ${others.length > 1 ? "live in other tabs and answer" : "lives in another tab and answers"} differently: messages between them and ${here.name} are still on their way, or do not get through.`;
}

function are(list: readonly unknown[]): string {
  return list.length > 1 ? "are" : "is";
}
