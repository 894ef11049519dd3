// What is used of the JavaScript world around, in windows, workers and Node alike.

/** A 64-bit number that nobody else draws, or `undefined` if there is no `crypto.getRandomValues` here. */
export function random(): bigint | undefined {
  try {
    return crypto.getRandomValues(new BigUint64Array(1))[0];
  } catch {
    return undefined;
  }
}

/** The highest bits of the ids of ephemeral writers. */
const ephemeral = 0xeeeen << 48n;

/** Whether what that writer contributes is bound to its life. */
export const isEphemeral = (replica: bigint): boolean => replica >> 48n === ephemeral >> 48n;

/** The id that a number makes, ephemeral or not as it is wanted. */
export function idOf(number: bigint, wantsEphemeral: boolean): bigint {
  if (wantsEphemeral) return ephemeral | BigInt.asUintN(48, number);
  // One in 65,536 would be ephemeral by accident.
  return isEphemeral(number) ? number ^ (1n << 63n) : number;
}

/** A 64-bit number that others may draw too. */
export const seed = (): bigint => random() ?? BigInt(Math.floor(Math.random() * 2 ** 53));

/** Milliseconds since some moment; they only ever grow, except where there is no `performance`. */
export const now = (): number => (globalThis.performance ?? Date).now();

/** In Node, keeps an open channel or a timer from keeping the process alive. Browsers have no such thing, and number their timers. */
export function unref<T>(value: T): T {
  (value as { unref?: () => void }).unref?.();
  return value;
}

/**
 * Calls a function of the user. What it throws is reported as an exception in an event handler is: to the `error` event where there
 * is `reportError`, and as an unhandled rejection elsewhere, which ends a Node process that does not listen for it.
 */
export function report(call: () => void): void {
  try {
    call();
  } catch (error) {
    if (typeof reportError === "function") reportError(error);
    else void Promise.reject(error);
  }
}
