/**
 * Where rows differ. Two rows are framed apart wherever their ordered owners are not the same: at least one of any two that differ
 * has a frame there, and no row that answers as most do has one. Compared with a brute force over all keys in the test beside.
 */
import { isAlike, Splits } from "./ranges";
import type { Frame, Owner, Row } from "./scene";

/** O(splits × rows) of those rows that do not share their splits, so O(1) where all say the same. */
export function framesOf(rows: readonly Row[]): Frame[] {
  const frames: Frame[] = [];
  const open = new Map<number, { start: number; end: number; unlike: readonly number[]; key: string }>();
  const close = (row: number) => {
    const frame = open.get(row);
    if (frame !== undefined) frames.push({ row, start: frame.start, end: frame.end, unlike: frame.unlike });
    open.delete(row);
  };
  const asked = rows.flatMap(({ presence }, row) => (presence === "crashed" ? [] : [row]));
  const sources = [...new Set(asked.map((row) => rows[row]?.splits ?? Splits.NONE))];
  const sourceOf = asked.map((row) => sources.indexOf(rows[row]?.splits ?? Splits.NONE));
  for (const { start, end, places } of aligned(sources)) {
    const answers = answersOf(sources, places);
    if (answers.every((answer) => answer === 0)) {
      for (const row of [...open.keys()]) close(row);
      continue;
    }
    const said = sourceOf.map((source) => answers[source] ?? 0);
    const usual = mostFrequent(said);
    const alike = asked.filter((_, place) => said[place] === usual);
    const key = alike.join();
    asked.forEach((row, place) => {
      const before = open.get(row);
      if (said[place] === usual) return close(row);
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

/** Which split each has between one end of a split and the next; −1 in a gap. Nothing where there is but one to ask. */
function* aligned(sources: readonly Splits[]): Generator<{ start: number; end: number; places: readonly number[] }> {
  if (sources.length < 2) return;
  const next = sources.map(() => 0);
  const places = sources.map(() => -1);
  for (let start = 0; start < Infinity; ) {
    let end = Infinity;
    for (const [source, { columns }] of sources.entries()) {
      let place = next[source] ?? 0;
      while ((columns.ends[place] ?? Infinity) <= start) place++;
      next[source] = place;
      const begin = columns.starts[place] ?? Infinity;
      places[source] = begin <= start ? place : -1;
      end = Math.min(end, begin <= start ? (columns.ends[place] ?? Infinity) : begin);
    }
    yield { start, end, places };
    start = end;
  }
}

/** The same number for the same owners in the same order, and for no others: that of the first that has them. */
function answersOf(sources: readonly Splits[], places: readonly number[]): number[] {
  const answers: number[] = [];
  for (const [source, splits] of sources.entries()) {
    const place = places[source] ?? -1;
    const same = answers.findIndex((_, other) => isAlike(splits, place, sources[other] ?? splits, places[other] ?? -1));
    answers.push(same === -1 ? source : (answers[same] ?? same));
  }
  return answers;
}

/** The same for the same owners in the same order, and for no others. */
export function answerKey(owners: readonly Owner[]): string {
  return owners.length === 0 ? "" : JSON.stringify(owners.map(({ node, priority }) => [node, priority]));
}

/** Of equally frequent ones the first. */
function mostFrequent(answers: readonly number[]): number {
  const votes = new Map<number, number>();
  for (const answer of answers) votes.set(answer, (votes.get(answer) ?? 0) + 1);
  const most = Math.max(...votes.values());
  return answers.find((answer) => votes.get(answer) === most) ?? 0;
}
