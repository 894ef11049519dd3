/** One key, asked everywhere. */
import type { Owner } from "crdt-range-map";

export interface Answer {
  readonly owners: readonly Owner[];
  /** Not what most replicas say. */
  readonly differs: boolean;
}

/** Marks the answers that are not the most frequent one (of equally frequent ones, the first). */
export function compareAnswers(answers: readonly (readonly Owner[])[]): Answer[] {
  const texts = answers.map((owners) => JSON.stringify(owners.map(({ node, priority }) => [node, priority])));
  const votes = new Map<string, number>();
  for (const text of texts) votes.set(text, (votes.get(text) ?? 0) + 1);
  const most = Math.max(...votes.values());
  const usual = texts.find((text) => votes.get(text) === most);
  return answers.map((owners, index) => ({ owners, differs: texts[index] !== usual }));
}
