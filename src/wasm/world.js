// What the module uses of the JavaScript world around it, in windows, workers and Node alike.

/** A 64-bit number that nobody else draws, or `undefined` if there is no `crypto.getRandomValues` here. */
export function random() {
  try {
    return crypto.getRandomValues(new BigUint64Array(1))[0];
  } catch {
    return undefined;
  }
}

/** A number between 0 and 1 that others may draw too. */
export const guess = () => Math.random();

/** Milliseconds since some moment; they only ever grow, except where there is no `performance`. */
export const now = () => (globalThis.performance ?? Date).now();

/**
 * In Node, keeps an open channel or a timer from keeping the process alive. Browsers have no such thing, and number their timers.
 *
 * @template T
 * @param {T} value
 */
export function unref(value) {
  /** @type {{ unref?: () => void }} */ (value).unref?.();
  return value;
}

/**
 * @param {() => void} callback
 * @param {number} delayMs
 */
export const setTimer = (callback, delayMs) => unref(setTimeout(callback, delayMs));

/** @param {ReturnType<typeof setTimeout>} timer */
export const clearTimer = (timer) => clearTimeout(timer);

/**
 * An open channel: a BroadcastChannel, or what the user handed in, of which nothing is taken for granted.
 *
 * @typedef {{ postMessage(bytes: Uint8Array): void, onmessage: unknown, onmessageerror?: unknown, close(): void }} Channel
 */
export class Line {
  /**
   * @param {Channel} channel
   * @param {(data: unknown) => void} receive
   */
  constructor(channel, receive) {
    this.channel = channel;
    /** @type {((data: unknown) => void) | undefined} */
    this.receive = receive;
    const onmessage = (/** @type {{ data?: unknown } | null | undefined} */ event) => this.receive?.(event?.data);
    channel.onmessage = onmessage;
    // What a browser cannot deserialize comes with null for data, which is as foreign as anything.
    if ("onmessageerror" in channel) channel.onmessageerror = onmessage;
  }

  /** @param {Uint8Array} bytes */
  post(bytes) {
    try {
      this.channel.postMessage(bytes);
    } catch {
      // What cannot be posted is lost, as anything on a channel may be; the protocol makes up for that.
    }
  }

  close() {
    // Whoever kept the handler calls nobody.
    this.receive = undefined;
    const { channel } = this;
    tell(() => {
      channel.onmessage = null;
      if ("onmessageerror" in channel) channel.onmessageerror = null;
      channel.close();
    });
  }
}

// What `Surroundings` tells, see `party.rs`.
const HELD = 0;
const DIED = 1;
const RETURNED = 2;
const LEAVING = 3;

/** What a connection that takes part in presence is told of the world: whose locks are released, and that the page comes and goes. */
export class Surroundings {
  /**
   * @param {string | undefined} prefix of the locks' names; none: without locks
   * @param {(event: number, replica: bigint) => void} tell
   */
  constructor(prefix, tell) {
    this.prefix = prefix;
    this.tell = tell;
    this.locks = prefix === undefined ? undefined : globalThis.navigator?.locks;
    this.end = new AbortController();
    this.held = new AbortController();
    /** @type {Map<bigint, AbortController>} */
    this.watched = new Map();
    if (typeof document === "undefined") return;
    const { signal } = this.end;
    addEventListener("pagehide", () => tell(LEAVING, 0n), { signal });
    addEventListener("pageshow", ({ persisted }) => persisted && tell(RETURNED, 0n), { signal });
    document.addEventListener("resume", () => tell(RETURNED, 0n), { signal });
  }

  /** @param {bigint} replica */
  name(replica) {
    return `crdt-range-map/${this.prefix}/${replica.toString(16)}`;
  }

  /**
   * Holds the lock of this replica until the end, or until it has another id. Says whether there are locks.
   *
   * @param {bigint} replica
   */
  hold(replica) {
    this.held.abort();
    this.held = new AbortController();
    const { signal } = this.held;
    const held = () => {
      this.tell(HELD, replica);
      return new Promise((resolve) => signal.addEventListener("abort", resolve));
    };
    // It fails only when it is ended before.
    this.locks?.request(this.name(replica), { signal }, held).catch(() => {});
    return this.locks !== undefined;
  }

  /**
   * Waits until nobody holds a peer's lock.
   *
   * @param {bigint} replica
   */
  watch(replica) {
    const watch = new AbortController();
    this.watched.set(replica, watch);
    const died = () => {
      if (!watch.signal.aborted) this.tell(DIED, replica);
    };
    // Shared, so that all who wait learn of it at once.
    const options = { mode: /** @type {const} */ ("shared"), signal: watch.signal };
    this.locks?.request(this.name(replica), options, died).catch(() => {});
  }

  /** @param {bigint} replica */
  unwatch(replica) {
    this.watched.get(replica)?.abort();
    this.watched.delete(replica);
  }

  close() {
    this.end.abort();
    this.held.abort();
    for (const replica of this.watched.keys()) this.unwatch(replica);
  }
}

/**
 * Calls a function of the user. What it throws is reported as an exception in an event handler is: to the `error` event where there
 * is `reportError`, and as an unhandled rejection elsewhere, which ends a Node process that does not listen for it.
 *
 * @param {(argument: unknown) => void} callback
 * @param {unknown} [argument]
 */
export function tell(callback, argument) {
  try {
    callback(argument);
  } catch (error) {
    try {
      reportError(error);
    } catch {
      void Promise.reject(error);
    }
  }
}
