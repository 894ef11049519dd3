/**
 * Where rows differ. Two rows are framed apart wherever their ordered owners are not the same: at least one of any two that differ
 * has a frame there, and no row that answers as most do has one. Compared with a brute force over all keys in the test beside.
 */
import type { Frame, Owner, Row } from "./scene";

/** O(splits × rows). */
export function framesOf(rows: readonly Row[]): Frame[] {
  // Replicas that know the same share what was read of them.
  if (new Set(rows.filter(({ presence }) => presence !== "crashed").map(({ splits }) => splits)).size < 2) return [];
  const frames: Frame[] = [];
  const open = new Map<number, { start: number; end: number; unlike: number[]; key: string }>();
  const close = (row: number) => {
    const frame = open.get(row);
    if (frame !== undefined) frames.push({ row, start: frame.start, end: frame.end, unlike: frame.unlike });
    open.delete(row);
  };
  for (const { start, end, answers } of aligned(rows)) {
    const usual = mostFrequent(answers);
    const alike = answers.flatMap((answer, row) => (answer === usual ? [row] : []));
    answers.forEach((answer, row) => {
      const before = open.get(row);
      if (answer === usual || answer === null) return close(row);
      const key = alike.join();
      if (before !== undefined && before.end === start && before.key === key) before.end = end;
      else {
        close(row);
        open.set(row, { start, end, unlike: alike, key });
      }
    });
  }
  for (const row of [...open.keys()]) close(row);
  return frames.sort((a, b) => a.row - b.row || a.start - b.start);
}

/** All rows' answers between one end of a split and the next; `null` of whoever is not there to ask. */
function* aligned(rows: readonly Row[]): Generator<{ start: number; end: number; answers: (string | null)[] }> {
  const places = rows.map(() => 0);
  let start = 0;
  while (rows.length > 0) {
    let end = Infinity;
    const answers = rows.map(({ splits, presence }, row) => {
      if (presence === "crashed") return null;
      let place = places[row] ?? 0;
      while ((splits[place]?.end ?? Infinity) <= start) place++;
      places[row] = place;
      const split = splits[place];
      if (split === undefined) return "";
      if (split.start > start) {
        end = Math.min(end, split.start);
        return "";
      }
      end = Math.min(end, split.end);
      return answerKey(split.owners);
    });
    yield { start, end, answers };
    if (end === Infinity) return;
    start = end;
  }
}

/** Of owners that have been asked for: of most rows, the same are asked for again and again. */
const answerKeys = new WeakMap<readonly Owner[], string>();

/** The same for the same owners in the same order, and for no others. */
export function answerKey(owners: readonly Owner[]): string {
  if (owners.length === 0) return "";
  const known = answerKeys.get(owners);
  if (known !== undefined) return known;
  const key = JSON.stringify(owners.map(({ node, priority }) => [node, priority]));
  answerKeys.set(owners, key);
  return key;
}

/** Of equally frequent ones the first. */
function mostFrequent(answers: readonly (string | null)[]): string | null {
  const votes = new Map<string, number>();
  for (const answer of answers) if (answer !== null) votes.set(answer, (votes.get(answer) ?? 0) + 1);
  const most = Math.max(...votes.values());
  return answers.find((answer) => answer !== null && votes.get(answer) === most) ?? null;
}
