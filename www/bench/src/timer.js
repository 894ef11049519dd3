// Samples of a time, taken in turn with those of others, so that load on the machine meets all of them alike.

/**
 * @typedef {object} Timed
 * @property {() => unknown} prepare what a sample starts from, made anew for each
 * @property {(prepared: any) => unknown} run what is timed
 * @property {(prepared: any, result: any) => void} check throws if the result is wrong; every sample's is checked
 * @property {number[]} samples milliseconds, filled here
 */

const samplesMin = 3;
const samplesMax = 11;

/**
 * @param {Timed[]} benches
 * @param {number} budgetMs a fifth of which warms up, and after which no further round begins, once there are a few samples
 */
export async function inTurn(benches, budgetMs) {
  const begun = performance.now();
  const spentMs = () => performance.now() - begun;
  // Engines compile what runs often: the first rounds warm up and are not counted.
  let isWarm = false;
  for (let counted = 0; counted < samplesMin || (counted < samplesMax && spentMs() < budgetMs);) {
    for (const { prepare, run, check, samples } of benches) {
      const prepared = await prepare();
      // Only there if the engine was told to lend it: nobody pays for the garbage of another.
      Reflect.get(globalThis, "gc")?.();
      const before = performance.now();
      const result = run(prepared);
      const after = performance.now();
      check(prepared, result);
      if (isWarm) samples.push(after - before);
    }
    if (isWarm) counted += 1;
    isWarm ||= spentMs() > budgetMs / 5;
  }
}

/** @param {number[]} values */
export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}
