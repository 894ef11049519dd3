import type { Range } from "./input";

/** The name of an effect: the id of the replica that caused it, and its number there. */
export interface Dot {
  readonly replica: bigint;
  readonly sequence: number;
}

/** What one writer contributed to a registration. The priority is 1 if a register of any counts, plus the adjustments of all. */
export interface Contribution {
  readonly kind: "contribution";
  readonly replica: bigint;
  /** The numbers of the first contribution since the writer last dropped one, of the latest, and of the latest register. */
  readonly birth: number;
  readonly last: number;
  readonly registered: number | undefined;
  /** Whether a register of it counts. */
  readonly isRegistered: boolean;
  /** The sum of those that count. */
  readonly adjustments: number;
  /** What a release cancelled of it: all up to a number, their sum, and who released. */
  readonly cancelled: { readonly until: number; readonly adjustments: number; readonly by: Dot } | undefined;
}

/** All contributions of a writer up to some point are cancelled and forgotten; by whom, if that is known. */
export interface Dropped {
  readonly kind: "dropped";
  readonly replica: bigint;
  readonly birth: number;
  readonly by: Dot | undefined;
}

/** What a message carries of a registration. */
export interface Carried extends Range {
  readonly node: string;
  readonly what: Contribution | Dropped;
}

/** How many numbers there are for each in the second column. */
const NUMBERS = 9;

/** From columns: two ids for each, and numbers. */
export function carriedFrom([replicas, numbers]: readonly [BigUint64Array, Float64Array]): (Contribution | Dropped)[] {
  return Array.from({ length: replicas.length / 2 }, (_, place) => {
    const [replica = 0n, other = 0n] = replicas.subarray(2 * place);
    const [isDrop, birth = 0, last = 0, registered, isRegistered, adjustments = 0, until, cancelled = 0, sequence = 0] =
      numbers.subarray(NUMBERS * place, NUMBERS * (place + 1));
    const by = sequence === 0 ? undefined : { replica: other, sequence };
    if (isDrop === 1) return { kind: "dropped", replica, birth, by };
    return {
      kind: "contribution",
      replica,
      birth,
      last,
      registered: registered || undefined,
      isRegistered: isRegistered === 1,
      adjustments,
      cancelled: until && by ? { until, adjustments: cancelled, by } : undefined,
    };
  });
}
