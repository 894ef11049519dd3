/** What stands above the picture: the state of the world in words, made from the answers and nothing else. */
import { answerKey } from "../picture/frames";
import { and } from "../picture/row";
import { isAsked, type Owner, type Row, type Stage } from "../picture/scene";
import { PLAIN, type Wording } from "./wording";

export interface Headline {
  readonly question: string;
  readonly answer: string;
  readonly standing: "agreed" | "apart" | "neutral";
}

/** `isAgreed`: whether all know the same, by more than their answers. */
export function headline(
  { rows, frames, cursor }: Pick<Stage, "rows" | "frames" | "cursor">,
  keyText: string,
  isAgreed: boolean,
  wording = PLAIN,
): Headline {
  const question = wording.question(keyText);
  const groups = groupsAt(rows, cursor);
  if (groups.length === 0) return { question, answer: "Nobody is here to ask.", standing: "neutral" };
  const firsts = new Set(groups.map(({ owners }) => owners[0]?.node ?? ""));
  if (firsts.size > 1) return { question, answer: "Today they disagree.", standing: "apart" };
  const answer = named(groups[0]?.owners ?? [], wording);
  const count = groups.reduce((sum, { names }) => sum + names.length, 0);
  const everywhere = count === 1 ? "" : count === 2 ? ", both say" : `, all ${numberWord(count)} say`;
  if (groups.length > 1)
    return { question, answer: `${capital(answer)}${everywhere}; the next choices differ.`, standing: "apart" };
  if (frames.length > 0)
    return { question, answer: `${capital(answer)}${everywhere}, but ${wording.others} differ.`, standing: "apart" };
  return {
    question,
    answer: `${capital(answer)}${everywhere}.`,
    standing: count > 1 && isAgreed ? "agreed" : "neutral",
  };
}

/** Who says what of the key: "A and B say maple, C says birch." */
export function whoSaysWhat(
  { rows, frames, cursor }: Pick<Stage, "rows" | "frames" | "cursor">,
  isAgreed = true,
  wording = PLAIN,
): string {
  const groups = groupsAt(rows, cursor);
  if (groups.length < 2)
    return isAgreed || frames.length > 0
      ? ""
      : "They give the same answer, but have not heard everything from each other yet.";
  // Where first choices differ they are all that one wants to hear of; else what stands behind them does.
  const firsts = new Set(groups.map(({ owners }) => owners[0]?.node ?? ""));
  const told = (owners: readonly Owner[]) =>
    firsts.size === groups.length
      ? named(owners, wording)
      : owners.length === 0
        ? "nobody"
        : owners.map(({ node, priority }) => `${wording.name(node)} ${priority}`).join(" before ");
  const parts = groups.map(
    ({ names, owners }) => `${who(names)} ${names.length === 1 ? "says" : "say"} ${told(owners)}`,
  );
  return `${capital(parts.join(", "))}.`;
}

/** Many are counted. */
function who(names: readonly string[]): string {
  return names.length > 4 ? numberWord(names.length) : and(names);
}

/** Rows by their answer, the most frequent first. */
function groupsAt(rows: readonly Row[], key: number): { names: string[]; owners: readonly Owner[] }[] {
  const groups = new Map<string, { names: string[]; owners: readonly Owner[] }>();
  for (const row of rows) {
    if (!isAsked(row)) continue;
    const owners = row.splits.ownersAt(key);
    const group = groups.get(answerKey(owners)) ?? { names: [], owners };
    group.names.push(row.name);
    groups.set(answerKey(owners), group);
  }
  return [...groups.values()].sort((a, b) => b.names.length - a.names.length);
}

function named([first]: readonly Owner[], { name }: Wording): string {
  return first === undefined ? "nobody" : name(first.node);
}

export function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function numberWord(count: number): string {
  return ["none", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"][count] ?? String(count);
}

export interface Agreement {
  readonly words: string;
  readonly standing: "agreed" | "apart" | "neutral";
}

/** "2 of 3 agree", by all that they know and not only by this key. */
export function agreementWords(fingerprints: readonly string[]): Agreement {
  if (fingerprints.length === 0) return { words: "no replica", standing: "neutral" };
  if (fingerprints.length === 1) return { words: "one replica", standing: "neutral" };
  const counts = new Map<string, number>();
  for (const fingerprint of fingerprints) counts.set(fingerprint, (counts.get(fingerprint) ?? 0) + 1);
  const most = Math.max(...counts.values());
  if (most === fingerprints.length)
    return { words: fingerprints.length === 2 ? "both agree" : `all ${fingerprints.length} agree`, standing: "agreed" };
  return { words: most === 1 ? "none agree" : `${most} of ${fingerprints.length} agree`, standing: "apart" };
}
