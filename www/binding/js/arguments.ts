// Checks what is handed in. Lists go to the module as typed arrays, so that a whole list crosses in one call. An end of 0 stands for no
// end: a range ends after its start, so no range ends at 0.

import { describe, failure, refuse } from "./errors.js";
import { checkedOptions, connectRules, mapRules, routeRules } from "./options.js";
import type { Channel, ConnectOptions, Key, MapOptions, RouteOptions } from "./types.js";
import { idOf, isEphemeral, random } from "./world.js";

/** Messages are not longer than that. */
const messageBytesMax = 16 << 20;

function isKey(value: unknown): value is Key {
  return typeof value === "number"
    ? Number.isSafeInteger(value) && value >= 0
    : typeof value === "bigint" && BigInt.asUintN(64, value) === value;
}

const keyMust = "an integer from 0 to 2^53 - 1 or a bigint from 0 to 2^64 - 1";
const endMust = "an integer from 0 to 2^53 - 1, a bigint from 0 to 2^64 - 1, or null for no end";

function checkedKey(value: unknown, name: string, index?: number): Key {
  return isKey(value) ? value : refuse("invalid-key", name, keyMust, value, index);
}

/** The end of a range that begins at `start`, 0 for none. `path` is that of the range, with a dot. */
function checkedEnd(start: Key, value: unknown, path = "", index?: number): Key {
  if (value === null) return 0;
  if (!isKey(value)) refuse("invalid-key", `${path}end`, endMust, value, index);
  if (value <= start) {
    const where = index === undefined ? "" : `operations[${index}]: `;
    const is = `${path}start is ${start} and ${path}end is ${value}`;
    throw failure("invalid-range", `${where}a range's start must be below its end, but ${is}`, index);
  }
  return value;
}

/** A node's name: a well-formed string of 1 to 255 bytes in UTF-8. */
function checkedNode(value: unknown, index?: number, name = "node"): string {
  const refused = (must: string) => refuse("invalid-node", name, must, value, index);
  if (typeof value !== "string") return refused("a string");
  // Every half of a surrogate pair would become U+FFFD, which would make different names equal.
  if (/\p{Surrogate}/u.test(value)) return refused("a string without half surrogate pairs");
  // No character takes more than three bytes for each of its UTF-16 units.
  const isShort = value.length <= 85 || (value.length <= 255 && new TextEncoder().encode(value).length <= 255);
  return value !== "" && isShort ? value : refused("1 to 255 bytes long in UTF-8");
}

/** By how much to change a priority, 1 if it is left out. */
function checkedAmount(value: unknown, index?: number): number {
  if (value === undefined) return 1;
  return typeof value === "number" && value >= 1 && value < 2 ** 32 && Number.isInteger(value)
    ? value
    : refuse("invalid-amount", "by", "an integer from 1 to 2^32 - 1", value, index);
}

/** A priority to set; 0 is none. */
const checkedPriority = (value: unknown, index?: number): number =>
  typeof value === "number" && Number.isSafeInteger(value) && value >= 0
    ? value
    : refuse("invalid-amount", "to", "an integer from 0 to 2^53 - 1", value, index);

/** A number of nodes. */
const checkedCount = (value: unknown, index?: number): number =>
  typeof value === "number" && value >= 0 && value < 2 ** 32 && Number.isInteger(value)
    ? value
    : refuse("invalid-amount", "count", "an integer from 0 to 2^32 - 1", value, index);

/** The start and the end that an object tells, by the name of the argument that it is. */
function checkedRange(value: unknown, name: string, index?: number): [Key, Key] {
  if (typeof value !== "object" || value === null) {
    return refuse("invalid-range", name, "an object with start and end", value, index);
  }
  const range = value as { start?: unknown; end?: unknown };
  const start = checkedKey(range.start, `${name}.start`, index);
  return [start, checkedEnd(start, range.end, `${name}.`, index)];
}

// Single arguments.

export const key = (value: unknown): bigint => BigInt(checkedKey(value, "key"));

export const node = (value: unknown, name?: string): string => checkedNode(value, undefined, name);

export const amount = (value: unknown): number => checkedAmount(value);

export const priority = (value: unknown): number => checkedPriority(value);

export const count = (value: unknown): number => checkedCount(value);

/** The text of a version of an answer; the module says what is wrong with it otherwise. */
export const version = (value: unknown, name: string): string =>
  typeof value === "string" ? value : refuse("malformed", name, "the text of a version", value);

/** The start and the end of a range, 0 for none. */
export function range(start: unknown, end: unknown): [bigint, bigint] {
  const checked = checkedKey(start, "start");
  return [BigInt(checked), BigInt(checkedEnd(checked, end))];
}

/** The same of the argument of that name. */
export function rangeOf(value: unknown, name: string): [bigint, bigint] {
  const [start, end] = checkedRange(value, name);
  return [BigInt(start), BigInt(end)];
}

/** A replica id. */
export const replica = (value: unknown): bigint =>
  typeof value === "bigint" && isKey(value)
    ? value
    : refuse("invalid-replica", "replica", "a bigint from 0 to 2^64 - 1", value);

/** The same, or a fresh random one if it is left out. */
export function replicaOrFresh(value: unknown, isEphemeral = false): bigint {
  if (value !== undefined) return replica(value);
  const fresh = random();
  if (fresh !== undefined) return idOf(fresh, isEphemeral);
  throw failure("invalid-replica", "there is no crypto.getRandomValues to draw a replica id from: pass one");
}

/** The id that a map begins under, and what it says of itself: a replica id, or what its options say. */
export function mapOptions(value: unknown): { replica: bigint; attributes: string[] } {
  if (typeof value !== "object" || value === null) return { replica: replicaOrFresh(value), attributes: [] };
  const options = checkedOptions<MapOptions>(value, mapRules, (message) => failure("invalid-options", message));
  const said = options.attributes === undefined ? [] : attributes(options.attributes);
  return { replica: replicaOrFresh(undefined, options.ephemeral), attributes: said };
}

/** Keys and values in turn. Their lengths are the module's business. */
export function attributes(value: unknown): string[] {
  const isPlain = Object.prototype.toString.call(value) === "[object Object]";
  if (typeof value !== "object" || value === null || !isPlain) {
    return refuse("invalid-attributes", "attributes", "a plain object of strings", value);
  }
  const texts = Object.entries(value).flat() as unknown[];
  const wrong = texts.findIndex((text) => typeof text !== "string" || /\p{Surrogate}/u.test(text));
  if (wrong < 0) return texts as string[];
  return refuse(
    "invalid-attributes",
    `attributes[${describe(texts[wrong - (wrong % 2)])}]`,
    "a string without half surrogate pairs, as its key",
    texts[wrong],
  );
}

/** Refuses an id that must not be saved. */
export function permanent(replica: bigint): bigint {
  if (!isEphemeral(replica)) return replica;
  throw failure("ephemeral", "an ephemeral id is for one life: nothing is saved under it, and nobody goes on with it");
}

/** How long somebody may be gone. */
export const evictAfterMs = (value: unknown): number | undefined =>
  value === undefined || (typeof value === "number" && Number.isSafeInteger(value) && value >= 0)
    ? value
    : refuse("invalid-options", "evictAfterMs", "an integer from 0 to 2^53 - 1, or undefined", value);

/** The getters of typed arrays themselves: a subclass may tell something else, and run code of the user. */
const typedArray = Object.getPrototypeOf(Uint8Array.prototype) as object;
const intrinsic = <T>(name: string | symbol) => {
  const { get } = Object.getOwnPropertyDescriptor(typedArray, name) as { get(): unknown };
  return (array: unknown): T => Reflect.apply(get, array, []) as T;
};
const tagOf = intrinsic<string | undefined>(Symbol.toStringTag);
const bufferOf = intrinsic<ArrayBuffer>("buffer");
const offsetOf = intrinsic<number>("byteOffset");
const lengthOf = intrinsic<number>("length");

/** A plain view of the `Uint8Array` that this is, also of one of another window or context, for which `instanceof` would say no. */
function asBytes(value: unknown): Uint8Array | undefined {
  if (tagOf(value) !== "Uint8Array") return undefined;
  const length = lengthOf(value);
  // One whose buffer was transferred away is as long as an empty one, but cannot be copied from.
  return length === 0 ? new Uint8Array() : new Uint8Array(bufferOf(value), offsetOf(value), length);
}

/** Bytes, by the name of the argument that they are. */
export const bytes = (value: unknown, name: string): Uint8Array =>
  asBytes(value) ?? refuse("malformed", name, "a Uint8Array", value);

/** The bytes of a message, if it is some and not too many. */
export function message(value: unknown): Uint8Array | undefined {
  const bytes = value instanceof ArrayBuffer ? new Uint8Array(value) : asBytes(value);
  return bytes && bytes.length <= messageBytesMax ? bytes : undefined;
}

/** A channel's name, or what looks like a channel. */
export function channel(value: unknown): string | Channel {
  const { postMessage, close } = Object(value) as Partial<Record<keyof Channel, unknown>>;
  const isChannel = typeof value === "string" || (typeof postMessage === "function" && typeof close === "function");
  return isChannel
    ? (value as string | Channel)
    : refuse("channel-unavailable", "channel", "a name or have postMessage() and close()", value);
}

/** What the second argument of `connect` says. */
export const connectOptions = (value: unknown): ConnectOptions =>
  checkedOptions(value, connectRules, (message) => failure("invalid-options", message));

/** What the second argument of `route` says. */
export function routeOptions(value: unknown): RouteOptions {
  const options = checkedOptions<RouteOptions>(value, routeRules, (message) => failure("invalid-options", message));
  if (options.apart === undefined || options.distinct === undefined) return options;
  throw failure("invalid-options", "options may have apart or distinct, not both");
}

/** What `apart` returns of a node. */
export const shared = (value: unknown): string =>
  typeof value === "string" ? value : refuse("invalid-options", "what apart returns", "a string", value);

export const peerName = (value: unknown): string =>
  typeof value === "string" ? value : refuse("invalid-name", "name", "a string", value);

export const callback = <T>(value: T, name = "callback"): T =>
  typeof value === "function" ? value : refuse("invalid-callback", name, "a function", value);

/** The number of a page. */
export const pageNumber = (value: unknown): number =>
  typeof value === "number" && Number.isSafeInteger(value) && value >= 0
    ? value
    : refuse("invalid-options", "number", "the number of a page", value);

export const sequenceNumber = (value: unknown): number =>
  typeof value === "number" && Number.isSafeInteger(value) && value >= 0
    ? value
    : refuse("invalid-options", "nextSeq", "an integer from 0 to 2^53 - 1", value);

// Lists of arguments.

/** Numbers of 64 bits. */
class Words {
  words: BigUint64Array;
  /** The same memory; writing two halves spares making a bigint of a number. */
  halves: Uint32Array;
  length = 0;

  constructor(count: number) {
    this.words = new BigUint64Array(count);
    this.halves = new Uint32Array(this.words.buffer);
  }

  push(key: Key): void {
    if (this.length === this.words.length) this.#grow();
    if (typeof key === "number") {
      this.#set(key, key / 2 ** 32);
    } else {
      this.words[this.length] = key;
      this.length += 1;
    }
  }

  pushHalves(low: number, high: number): void {
    if (this.length === this.words.length) this.#grow();
    this.#set(low, high);
  }

  get filled(): BigUint64Array {
    return this.length === this.words.length ? this.words : this.words.subarray(0, this.length);
  }

  #set(low: number, high: number): void {
    this.halves[2 * this.length] = low;
    this.halves[2 * this.length + 1] = high;
    this.length += 1;
  }

  #grow(): void {
    const { words } = this;
    this.words = new BigUint64Array(2 * words.length + 5);
    this.words.set(words);
    this.halves = new Uint32Array(this.words.buffer);
  }
}

/** Keys in a typed array. */
export function keys(list: unknown): BigUint64Array {
  if (tagOf(list) === "BigUint64Array" && lengthOf(list) > 0) {
    return new BigUint64Array(bufferOf(list), offsetOf(list), lengthOf(list));
  }
  const isList = Array.isArray(list) || (ArrayBuffer.isView(list) && !(list instanceof DataView));
  if (!isList) return refuse("invalid-key", "keys", "an array", list);
  const values = list as unknown as ArrayLike<unknown>;
  const { length } = values;
  const packed = new Words(Math.min(length, 1 << 16));
  for (let index = 0; index < length; index += 1) {
    const value = values[index];
    packed.push(isKey(value) ? value : checkedKey(value, `keys[${index}]`));
  }
  return packed.filled;
}

/** In the order of their numbers in a packed list. */
const verbs = [
  "register",
  "release",
  "increase",
  "decrease",
  "tighten",
  "moveTo",
  "carve",
  "handOver",
  "setPriority",
  "drain",
  "standIn",
  "unite",
] as const;

/** What an operation has beside its kind, its node and its range; all others must be left out. */
const details: Partial<Record<(typeof verbs)[number], string>> = {
  increase: "by",
  decrease: "by",
  tighten: "to",
  moveTo: "to",
  carve: "hole",
  handOver: "to",
  setPriority: "to",
  drain: "count",
  standIn: "other",
};

/** Refuses what is misspelt, or would do nothing. */
function refuseOthers(operation: Record<string, unknown>, detail: string | undefined, index: number): void {
  for (const name in operation) {
    if (/^(op|node|start|end|by)$/.test(name) || name === detail || operation[name] === undefined) continue;
    const names = ["op", "node", "start", "end", ...(detail ? [detail] : [])].join(", ");
    throw failure("invalid-operation", `operations[${index}] must be of ${names}, not ${describe(name)}`, index);
  }
}

/**
 * Reads operations that are objects: for each the start, the end, and a word of the amount or count, the verb (4 bits) and the number of its
 * node among the names. After that come the two keys of another range, the number of another node, or a priority, if the verb has one.
 */
export function operations(list: unknown): { words: BigUint64Array; names: string[] } {
  if (!Array.isArray(list)) return refuse("invalid-operation", "operations", "an array", list);
  const count = list.length;
  // An array may be much longer than what it holds.
  const packed = new Words(3 * Math.min(count, 1 << 16));
  const names: string[] = [];
  const numbers = new Map<unknown, number>();
  const numberOf = (node: unknown, index: number, name?: string) => {
    const known = numbers.get(node);
    if (known !== undefined) return known;
    const number = names.push(checkedNode(node, index, name)) - 1;
    numbers.set(node, number);
    return number;
  };
  for (let index = 0; index < count; index += 1) {
    const item: unknown = list[index];
    if (typeof item !== "object" || item === null) refuse("invalid-operation", "", "an object", item, index);
    const operation = item as Record<string, unknown>;
    const { op, node, start, end, by } = operation;
    const verb = verbs.indexOf(op as (typeof verbs)[number]);
    const kind = verbs[verb];
    if (!kind) return refuse("invalid-operation", "op", `one of ${verbs.join(", ")}`, op, index);
    const number = numberOf(node, index);
    const checkedStart = checkedKey(start, "start", index);
    packed.push(checkedStart);
    packed.push(checkedEnd(checkedStart, end, "", index));
    const detail = details[kind];
    if (detail !== "by" && by !== undefined) refuse("invalid-amount", "by", `left out of a ${kind}`, by, index);
    refuseOthers(operation, detail, index);
    const value = detail && detail !== "by" ? operation[detail] : undefined;
    const amount = detail === "count" ? checkedCount(value, index) : checkedAmount(by, index);
    packed.pushHalves(amount, number * 16 + verb);
    if (kind === "tighten" || kind === "moveTo" || kind === "carve") {
      for (const key of checkedRange(value, detail!, index)) packed.push(key);
    } else if (kind === "handOver" || kind === "standIn") {
      packed.push(numberOf(value, index, detail));
    } else if (kind === "setPriority") {
      packed.push(checkedPriority(value, index));
    }
  }
  return { words: packed.filled, names };
}
