/**
 * All addresses as one line that fills a square: neighbours on the line are neighbours on the square, and each aligned block of addresses is
 * a square or two beside each other. It is the curve of Hilbert ("Über die stetige Abbildung einer Linie auf ein Flächenstück", 1891), found
 * by the iteration that is in Warren's "Hacker's Delight" (2nd edition, chapter 16) and known as d2xy; turned as most maps of the Internet
 * are, with 0 in the corner at the top left and 1 to its right.
 */
import type { Block } from "../model/blocks";

export interface Cell {
  readonly x: number;
  readonly y: number;
}

/** The curve through all addresses has 2^16 cells a side. */
export const ORDER = 16;

/** Where the place of that number lies, on the curve through 2^order cells a side. O(order). */
export function cellOf(order: number, place: number): Cell {
  let [x, y, rest] = [0, 0, place];
  for (let side = 1; side < 2 ** order; side *= 2) {
    const quarter = rest % 4;
    const isRight = quarter >= 2;
    const isBelow = quarter === 1 || quarter === 2;
    // The curve in a quarter is the whole curve, mirrored so that its ends meet those of the next quarters.
    if (!isBelow) {
      const before = x;
      x = isRight ? side - 1 - y : y;
      y = isRight ? side - 1 - before : before;
    }
    if (isRight) x += side;
    if (isBelow) y += side;
    rest = (rest - quarter) / 4;
  }
  return { x, y };
}

/** The place at a cell: the inverse. O(order). */
export function placeOf(order: number, cell: Cell): number {
  let { x, y } = cell;
  let place = 0;
  for (let side = 2 ** (order - 1); side >= 1; side /= 2) {
    const isRight = x >= side;
    const isBelow = y >= side;
    place += side * side * (isBelow ? (isRight ? 2 : 1) : isRight ? 3 : 0);
    if (isRight) x -= side;
    if (isBelow) y -= side;
    else [x, y] = isRight ? [side - 1 - y, side - 1 - x] : [y, x];
  }
  return place;
}

/** Addresses of one kind. */
export interface Stretch<Kind> {
  readonly start: number;
  readonly end: number;
  readonly kind: Kind;
}

/** What of a block has a kind, as a square in cells of the finest curve. */
export interface Square<Kind> extends Cell {
  readonly side: number;
  readonly kind: Kind;
}

/** How many cells a side a block has. */
export function sideOf({ level }: Pick<Block, "level">): number {
  return 2 ** (level / 2);
}

/** The corner of a block on the finest curve. */
export function originOf(block: Block): Cell {
  const side = sideOf(block);
  const { x, y } = cellOf(ORDER - block.level / 2, block.from / 2 ** block.level);
  return { x: x * side, y: y * side };
}

/** An aligned power of four of addresses, as a square within a block. */
export function squareOf(start: number, size: number, block: Block): Omit<Square<never>, "kind"> {
  return squareFrom(originOf(block), start, size);
}

function squareFrom(origin: Cell, start: number, size: number): Omit<Square<never>, "kind"> {
  const side = Math.sqrt(size);
  const { x, y } = cellOf(ORDER - Math.log2(side), start / size);
  return { x: x * side - origin.x, y: y * side - origin.y, side };
}

/**
 * Stretches, in order and apart, as squares of at least `least` cells a side, a power of two. Where several meet in one such square the one
 * with the most addresses has it, of equal ones the first; where more of it has no kind, it is left out. O(stretches × bits²).
 */
export function squaresOf<Kind>(stretches: readonly Stretch<Kind>[], block: Block, least: number): Square<Kind>[] {
  const origin = originOf(block);
  const last = block.from + 2 ** block.level;
  const smallest = least * least;
  const squares: Square<Kind>[] = [];
  // Of the one square that is being filled bit by bit: how many of its addresses have which kind.
  let filling = -1;
  const shares = new Map<Kind, number>();
  const settle = () => {
    let [most, rest] = [0, smallest];
    let kind: Kind | undefined;
    for (const [one, share] of shares) {
      if (share > most) [most, kind] = [share, one];
      rest -= share;
    }
    if (kind !== undefined && most >= rest) squares.push({ ...squareFrom(origin, filling * smallest, smallest), kind });
    shares.clear();
  };
  for (const { start, end, kind } of stretches) {
    const until = Math.min(end, last);
    for (let at = Math.max(start, block.from); at < until;) {
      const place = Math.floor(at / smallest);
      if (place !== filling) settle();
      filling = place;
      const size = largestAt(at, until, smallest);
      if (size > 0) squares.push({ ...squareFrom(origin, at, size), kind });
      const next = size > 0 ? at + size : Math.min(until, (place + 1) * smallest);
      if (size === 0) shares.set(kind, (shares.get(kind) ?? 0) + next - at);
      at = next;
    }
  }
  settle();
  return squares;
}

/** The largest power of four that is aligned there and fits; 0 if that is less than `least`. */
function largestAt(start: number, end: number, least: number): number {
  let size = 0;
  for (let next = least; start % next === 0 && start + next <= end; next *= 4) size = next;
  return size;
}
