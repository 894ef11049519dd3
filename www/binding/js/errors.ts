// What is thrown: a real `Error` with a stable code. Whatever fails has changed nothing, and the message ends by saying so.

/** What failed; the same in all versions. */
export type ErrorCode =
  /** `init()` was not awaited before. */
  | "not-initialized"
  /** The map, or the journal's map, was freed. */
  | "freed"
  /** A method was called on something that is no object of its class, or of another copy of the package. */
  | "invalid-this"
  /** A key that is no unsigned 64-bit number. */
  | "invalid-key"
  /** A node's name that is no string of 1 to 255 bytes in UTF-8. */
  | "invalid-node"
  /** A range that would hold no key. */
  | "invalid-range"
  /** A list of operations that is no array, or an item of it that is no operation. */
  | "invalid-operation"
  /** An amount that is no integer from 1 to 2^32 - 1, or a priority that is none from 0 to 2^53 - 1. */
  | "invalid-amount"
  /** A replica id that is no bigint from 0 to 2^64 - 1, or none can be drawn. */
  | "invalid-replica"
  /** A callback that is no function. */
  | "invalid-callback"
  /** Options that are not what they must be, or that do not exist. */
  | "invalid-options"
  /** A replica's name for presence that is no string of at most 64 bytes in UTF-8 without control characters. */
  | "invalid-name"
  /** Attributes that are no object of strings, too many, or too long. */
  | "invalid-attributes"
  /** The registration to tighten, move, carve or hand over is not visible. */
  | "not-registered"
  /** The range to tighten to is not a proper part of the present one. */
  | "not-sub-range"
  /** The hole to carve holds none of the registration's keys. */
  | "not-overlapping"
  /** Bytes that are no delta, context or page, or a text that is no version of an answer; the message says where and why. */
  | "malformed"
  /** The replica's sequence numbers have run out, which only a forger can bring about. Go on with another id. */
  | "exhausted"
  /** There is no BroadcastChannel here, it can't be opened, or what was handed in is no channel. */
  | "channel-unavailable"
  /** The map has an open journal. */
  | "already-journaled"
  /** The registration would be too long to be sent. */
  | "too-long"
  /** Something that cannot be with an ephemeral id, which is for one life: it is not saved, and not gone on with. */
  | "ephemeral";

/** What every method throws when it refuses a call. Nothing has changed then. */
export interface RangeMapError extends Error {
  readonly name: "RangeMapError";
  readonly code: ErrorCode;
  /** The place of the refused item, if a list of operations was refused for one of them. */
  readonly index?: number;
}

/** @param index of the refused item in a list */
export function failure(code: ErrorCode, message: string, index?: number): RangeMapError {
  const error = new Error(`${message}; nothing has changed`);
  return Object.assign(error, { name: "RangeMapError", code } as const, index === undefined ? {} : { index });
}

/** Refuses a value. `index` is the place in a list of operations of the one that it belongs to. */
export function refuse(code: ErrorCode, name: string, must: string, value: unknown, index?: number): never {
  const where = index === undefined ? name : `operations[${index}]${name && "."}${name}`;
  throw failure(code, `${where} must be ${must}, not ${describe(value)}`, index);
}

/** The value in words: strings in quotes, bigints with their n, arrays in brackets, of other objects their kind; long ones cut. */
export function describe(value: unknown): string {
  let text: string;
  try {
    // Of other objects their kind: their text may be just what was wanted.
    text = typeof value === "object" && !Array.isArray(value) ? Object.prototype.toString.call(value) : String(value);
    if (value === null) text = "null";
    if (typeof value === "bigint") text += "n";
  } catch {
    return "something that has no text";
  }
  // Not in the middle of a surrogate pair.
  if (text.length > 60) text = text.slice(0, 60).replace(/[\ud800-\udbff]$/, "") + "…";
  return typeof value === "string" ? `"${text}"` : Array.isArray(value) ? `[${text}]` : text;
}

/** Calls into the module, which throws strings: a code, a colon and a message, perhaps after the index of an operation. */
export function guarded<T>(call: () => T): T {
  try {
    return call();
  } catch (thrown) {
    if (typeof thrown !== "string") throw thrown;
    const [, code, index, message] = /^([a-z-]+):(?:(\d+):)?(.*)$/s.exec(thrown) ?? [];
    if (index === undefined) throw failure(code as ErrorCode, message ?? thrown);
    throw failure(code as ErrorCode, `operations[${index}]: ${message}`, Number(index));
  }
}
