import { tryOne, type Tried } from "./try-one";

/** What came of trying one seed after the other. */
export interface TriedMany {
  /** How many passed. */
  readonly passed: number;
  /** The seed that is next. */
  readonly next: number;
  /** The last one that was tried. */
  readonly last: Tried;
  /** The seed that failed, after which no more are tried. */
  readonly failed: number | undefined;
}

/** Tries seeds from the first on, at least one, until it is over or one fails. After the greatest seed comes 0. */
export function tryMany(first: number, isOver: () => boolean, tried: (seed: number) => Tried = tryOne): TriedMany {
  let next = first;
  for (let passed = 0; ;) {
    const seed = next;
    const last = tried(seed);
    next = (seed + 1) >>> 0;
    if (!last.ok) return { passed, next, last, failed: seed };
    passed += 1;
    if (isOver()) return { passed, next, last, failed: undefined };
  }
}
