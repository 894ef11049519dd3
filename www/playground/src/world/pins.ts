import { hashOf } from "./random";
import { sampleLog, wireHash } from "./samples";

/** How many samples are pinned. */
export const PINNED_SEEDS = 50;
/** Up to then each of them runs. */
export const PINNED_UNTIL_MS = 30_000;
/** The hash of all that they send. It changes with the protocol's bytes and times, with the samples, and with nothing else. */
export const PINNED = 545_249_026;

/** What ought to be `PINNED`, in every engine. */
export function pinnedHash(): number {
  let hash = 0;
  for (let seed = 0; seed < PINNED_SEEDS; seed++) hash = hashOf(hash, wireHash(sampleLog(seed), PINNED_UNTIL_MS));
  return hash;
}
