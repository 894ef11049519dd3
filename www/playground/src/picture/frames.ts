/**
 * Where rows differ. Two rows are framed apart wherever their ordered owners are not the same: at least one of any two that differ
 * has a frame there, and no row that answers as most do has one. Compared with a brute force over all keys in the test beside.
 */
import { isAlike, Splits } from "./ranges";
import { isAsked, type Frame, type Owner, type Row } from "./scene";

/** O(splits × rows) of those rows that do not share their splits, so O(1) where all say the same. */
export function framesOf(rows: readonly Row[]): Frame[] {
  const asked = rows.flatMap((one, row) => (isAsked(one) ? [row] : []));
  const splitsOf = asked.map((row) => rows[row]?.splits ?? Splits.NONE);
  const sources = [...new Set(splitsOf)];
  if (sources.length < 2) return [];
  const sourceOf = splitsOf.map((splits) => sources.indexOf(splits));
  const frames = new Frames();
  const walk = new Walk(sources);
  while (walk.start < Infinity) {
    walk.step();
    // Most keys are served alike, and nothing more is to be found out of these.
    if (walk.isAgreed()) frames.close();
    else {
      const answers = walk.answers();
      const said = sourceOf.map((source) => answers[source] ?? 0);
      const usual = mostFrequent(said);
      const alike = asked.filter((_, place) => said[place] === usual);
      asked.forEach((row, place) => {
        if (said[place] === usual) frames.close(row);
        else frames.add(row, walk.start, walk.end, alike);
      });
    }
    walk.start = walk.end;
  }
  return frames.finish();
}

/** Frames that may still become longer, and those that may not. */
class Frames {
  readonly #done: Frame[] = [];
  readonly #open = new Map<number, { row: number; start: number; end: number; unlike: readonly number[] }>();

  add(row: number, start: number, end: number, unlike: readonly number[]): void {
    const before = this.#open.get(row);
    if (before?.end === start && before.unlike.join() === unlike.join()) before.end = end;
    else {
      this.close(row);
      this.#open.set(row, { row, start, end, unlike });
    }
  }

  /** That of a row, or all. */
  close(row?: number): void {
    if (this.#open.size === 0) return;
    for (const one of row === undefined ? [...this.#open.keys()] : [row]) {
      const frame = this.#open.get(one);
      if (frame !== undefined) this.#done.push(frame);
      this.#open.delete(one);
    }
  }

  finish(): Frame[] {
    this.close();
    return this.#done.sort((a, b) => a.row - b.row || a.start - b.start);
  }
}

/** Goes through several splits at once, from one end of any of them to the next. */
class Walk {
  start = 0;
  end = 0;
  readonly #next: number[];
  /** Which split each has here; −1 in a gap. */
  readonly #places: number[];

  constructor(readonly sources: readonly Splits[]) {
    this.#next = sources.map(() => 0);
    this.#places = sources.map(() => -1);
  }

  step(): void {
    this.end = Infinity;
    for (let source = 0; source < this.sources.length; source++) {
      const { starts, ends } = (this.sources[source] ?? Splits.NONE).columns;
      let place = this.#next[source] ?? 0;
      while ((ends[place] ?? Infinity) <= this.start) place++;
      this.#next[source] = place;
      const begin = starts[place] ?? Infinity;
      this.#places[source] = begin <= this.start ? place : -1;
      this.end = Math.min(this.end, begin <= this.start ? (ends[place] ?? Infinity) : begin);
    }
  }

  isAgreed(): boolean {
    for (let source = 1; source < this.sources.length; source++) if (!this.#isAlike(source, 0)) return false;
    return true;
  }

  /** The same number for the same owners in the same order, and for no others: that of the first that has them. */
  answers(): number[] {
    const answers: number[] = [];
    for (let source = 0; source < this.sources.length; source++) {
      const same = answers.findIndex((_, other) => this.#isAlike(source, other));
      answers.push(same === -1 ? source : (answers[same] ?? same));
    }
    return answers;
  }

  #isAlike(one: number, other: number): boolean {
    const [a = Splits.NONE, b = Splits.NONE] = [this.sources[one], this.sources[other]];
    return isAlike(a, this.#places[one] ?? -1, b, this.#places[other] ?? -1);
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
function mostFrequent(answers: readonly number[]): number {
  const votes = new Map<number, number>();
  for (const answer of answers) votes.set(answer, (votes.get(answer) ?? 0) + 1);
  const most = Math.max(...votes.values());
  return answers.find((answer) => votes.get(answer) === most) ?? 0;
}
