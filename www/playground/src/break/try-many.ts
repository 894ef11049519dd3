import { tryOne, type Tried } from "./try-one";

/** What came of trying one seed after the other. */
export interface TriedMany {
  /** How many passed. */
  readonly passed: number;
  /** The seed that is next. */
  readonly next: number;
  /** What came of the last one that was tried. If it failed, no more are tried. */
  readonly last: Tried;
  /** The seed of that one. */
  readonly tried: number;
}

/** Tries each `stride`th seed from the first on, at least one, until it is over or one fails. After the greatest seed comes 0. */
export function tryMany(
  first: number,
  stride: number,
  isOver: () => boolean,
  one: (seed: number) => Tried = tryOne,
): TriedMany {
  let tried = first;
  for (let passed = 0; ;) {
    const last = one(tried);
    const next = (tried + stride) >>> 0;
    if (!last.ok) return { passed, next, last, tried };
    passed += 1;
    if (isOver()) return { passed, next, last, tried };
    tried = next;
  }
}
