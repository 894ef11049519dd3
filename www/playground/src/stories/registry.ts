/** The real registry of IPv4 addresses, as the story begins with it: which country each block is registered in. */
import { OPERATIONS_MAX, type Input, type Operation } from "../world/input";

/** Addresses from `start` up to, but not including, `end`. */
export interface Block {
  readonly country: string;
  readonly start: number;
  readonly end: number;
}

/** What was taken from where, and what was left out. */
export interface Facts {
  readonly source: string;
  readonly version: string;
  /** No smaller block was taken. */
  readonly leastAddresses: number;
  readonly rangesInSource: number;
  readonly addressesInSource: number;
}

export interface Registry {
  readonly facts: Facts;
  /** In order, and disjoint. */
  readonly blocks: readonly Block[];
}

/** One replica registers all blocks, so many at once as are allowed. */
export function registering(at: number, replica: number, blocks: readonly Block[]): Input[] {
  const operations = blocks.map(({ country, start, end }): Operation => ({
    op: "register",
    node: country,
    start: BigInt(start),
    end: BigInt(end),
  }));
  const inputs: Input[] = [];
  for (let first = 0; first < operations.length; first += OPERATIONS_MAX) {
    inputs.push({ at, kind: "operation", replica, operations: operations.slice(first, first + OPERATIONS_MAX) });
  }
  return inputs;
}

export function addressesOf(blocks: readonly Pick<Block, "start" | "end">[]): number {
  return blocks.reduce((sum, { start, end }) => sum + end - start, 0);
}
