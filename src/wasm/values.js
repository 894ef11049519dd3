// The border between JavaScript's values and the map: checks what is handed in, and builds what is handed out. It is written in
// JavaScript because a property that is read or set from WebAssembly costs a call; so a whole list crosses in one.
//
// Lists come as typed arrays over the module's memory (copy them before they are kept), and go as fresh ones. An end of 0 stands for
// no end: a range ends after its start, so no range ends at 0.

/** @typedef {number | bigint} Key */

/**
 * Whatever fails has changed nothing, and the message ends by saying so.
 *
 * @param {string} code
 * @param {string} message
 * @param {number} [index] of the refused item in a list
 */
export function failure(code, message, index) {
  const error = new Error(`${message}; nothing has changed`);
  error.name = "RangeMapError";
  return Object.assign(error, index === undefined ? { code } : { code, index });
}

/** @param {unknown} reason */
export const channelFailure = (reason) =>
  failure("channel-unavailable", `the channel cannot be opened: ${describe(reason)}`);

/**
 * The value in words: `String(value)`, strings in quotes, arrays in brackets, long ones cut.
 *
 * @param {unknown} value
 */
function describe(value) {
  let text;
  try {
    text = String(value);
  } catch {
    return "something that has no text";
  }
  // Not in the middle of a surrogate pair.
  if (text.length > 60) text = text.slice(0, 60).replace(/[\ud800-\udbff]$/, "") + "…";
  return typeof value === "string" ? `"${text}"` : Array.isArray(value) ? `[${text}]` : text;
}

/**
 * @param {string} code
 * @param {string} name of the argument
 * @param {string} must be what
 * @param {unknown} value that it is instead
 * @param {number} [index] of the item in a list that it belongs to
 * @returns {never}
 */
function refuse(code, name, must, value, index) {
  const where = index === undefined ? name : `operations[${index}]${name && "."}${name}`;
  throw failure(code, `${where} must be ${must}, not ${describe(value)}`, index);
}

/**
 * @param {unknown} value
 * @returns {value is Key}
 */
function isKey(value) {
  return typeof value === "number"
    ? Number.isSafeInteger(value) && value >= 0
    : typeof value === "bigint" && BigInt.asUintN(64, value) === value;
}

const keyMust = "an integer from 0 to 2^53 - 1 or a bigint from 0 to 2^64 - 1";
const endMust = "an integer from 0 to 2^53 - 1, a bigint from 0 to 2^64 - 1, or null for no end";

/**
 * @param {unknown} value
 * @param {string} name
 * @param {number} [index]
 */
function checkedKey(value, name, index) {
  return isKey(value) ? value : refuse("invalid-key", name, keyMust, value, index);
}

/**
 * The end of a range that begins at `start`, 0 for none.
 *
 * @param {Key} start
 * @param {unknown} value
 * @param {string} [path] of the range, with a dot
 * @param {number} [index]
 */
function checkedEnd(start, value, path = "", index) {
  if (value === null) return 0;
  if (!isKey(value)) refuse("invalid-key", `${path}end`, endMust, value, index);
  if (value <= start) {
    const where = index === undefined ? "" : `operations[${index}]: `;
    const is = `${path}start is ${start} and ${path}end is ${value}`;
    throw failure("invalid-range", `${where}a range's start must be below its end, but ${is}`, index);
  }
  return value;
}

/**
 * A node's name: a well-formed string of 1 to 255 bytes in UTF-8.
 *
 * @param {unknown} value
 * @param {number} [index]
 */
function checkedNode(value, index) {
  /** @param {string} must */
  const refused = (must) => refuse("invalid-node", "node", must, value, index);
  if (typeof value !== "string") return refused("a string");
  // Every half of a surrogate pair would become U+FFFD, which would make different names equal.
  if (/\p{Surrogate}/u.test(value)) return refused("a string without half surrogate pairs");
  // No character takes more than three bytes for each of its UTF-16 units.
  const isShort = value.length <= 85 || (value.length <= 255 && new TextEncoder().encode(value).length <= 255);
  return value !== "" && isShort ? value : refused("1 to 255 bytes long in UTF-8");
}

/**
 * By how much to change a priority, 1 if it is left out.
 *
 * @param {unknown} value
 * @param {number} [index]
 */
function checkedAmount(value, index) {
  if (value === undefined) return 1;
  return typeof value === "number" && value >= 1 && value < 2 ** 32 && Number.isInteger(value)
    ? value
    : refuse("invalid-amount", "by", "an integer from 1 to 2^32 - 1", value, index);
}

// Single arguments.

export const key = (/** @type {unknown} */ value) => BigInt(checkedKey(value, "key"));

export const node = (/** @type {unknown} */ value) => checkedNode(value);

export const amount = (/** @type {unknown} */ value) => checkedAmount(value);

export const start = (/** @type {unknown} */ value) => BigInt(checkedKey(value, "start"));

/**
 * @param {bigint} start
 * @param {unknown} value
 */
export const end = (start, value) => BigInt(checkedEnd(start, value));

/**
 * The two ranges that objects `{ start, end }` tell: start, end, start, end.
 *
 * @param {unknown} from
 * @param {unknown} to
 */
export function ranges(from, to) {
  const keys = Object.entries({ from, to }).flatMap(([name, value]) => {
    if (typeof value !== "object" || value === null) {
      return refuse("invalid-range", name, "an object with start and end", value);
    }
    const range = /** @type {{ start?: unknown, end?: unknown }} */ (value);
    const start = checkedKey(range.start, `${name}.start`);
    return [start, checkedEnd(start, range.end, `${name}.`)];
  });
  return BigUint64Array.from(keys, BigInt);
}

export const replica = (/** @type {unknown} */ value) =>
  typeof value === "bigint" && isKey(value)
    ? value
    : refuse("invalid-replica", "replica", "a bigint from 0 to 2^64 - 1", value);

/**
 * The `Uint8Array` that this is, also one of another window or context, for which `instanceof` would say no.
 *
 * @param {unknown} value
 */
function asBytes(value) {
  if (!ArrayBuffer.isView(value) || Reflect.get(value, Symbol.toStringTag) !== "Uint8Array") return undefined;
  // One whose buffer was transferred away is as long as an empty one, but cannot be copied from.
  return value.byteLength === 0 ? new Uint8Array() : /** @type {Uint8Array} */ (value);
}

export const delta = (/** @type {unknown} */ value) =>
  asBytes(value) ?? refuse("malformed", "delta", "a Uint8Array", value);

export const context = (/** @type {unknown} */ value) =>
  asBytes(value) ?? refuse("malformed", "context", "a Uint8Array", value);

/**
 * The bytes of a message, if it is some and not too many.
 *
 * @param {unknown} value
 * @param {number} bytesMax
 */
export function message(value, bytesMax) {
  const bytes = value instanceof ArrayBuffer ? new Uint8Array(value) : asBytes(value);
  return bytes && bytes.length <= bytesMax ? bytes : undefined;
}

/**
 * A channel's name, or what looks like a channel.
 *
 * @param {unknown} value
 */
export function channel(value) {
  const { postMessage, close } = /** @type {{ postMessage?: unknown, close?: unknown }} */ (Object(value));
  const isChannel = typeof value === "string" || (typeof postMessage === "function" && typeof close === "function");
  return isChannel
    ? value
    : refuse("channel-unavailable", "channel", "a name or have postMessage() and close()", value);
}

/**
 * What the second argument of `connect` says: the name for presence, none: no part in it, and the prefix of the locks.
 *
 * @param {unknown} value
 * @param {unknown} channel
 */
export function presence(value, channel) {
  if (value === undefined) return [];
  if (typeof value !== "object" || value === null) return refuse("invalid-name", "options", "an object", value);
  const { name, locks = channel } = /** @type {{ name?: unknown, locks?: unknown }} */ (value);
  return name === undefined ? [] : [peerName(name), locks];
}

/**
 * @param {unknown} value
 * @returns {string}
 */
export const peerName = (value) =>
  typeof value === "string" ? value : refuse("invalid-name", "name", "a string", value);

export const callback = (/** @type {unknown} */ value) =>
  typeof value === "function" ? value : refuse("invalid-callback", "callback", "a function", value);

// Lists of arguments.

const verbs = ["register", "release", "increase", "decrease"];

/** Numbers of 64 bits. */
class Words {
  /** @param {number} count */
  constructor(count) {
    this.words = new BigUint64Array(count);
    /** The same memory; writing two halves spares making a bigint of a number. */
    this.halves = new Uint32Array(this.words.buffer);
  }

  /**
   * @param {number} at
   * @param {Key} key
   */
  put(at, key) {
    if (typeof key === "number") {
      this.halves[2 * at] = key;
      this.halves[2 * at + 1] = key / 2 ** 32;
    } else {
      this.words[at] = key;
    }
  }
}

/**
 * Keys in a typed array.
 *
 * @param {unknown} list
 */
export function keys(list) {
  // A detached one is as long as an empty one, but cannot be copied from.
  if (list instanceof BigUint64Array && list.length > 0) return list;
  const isList = Array.isArray(list) || (ArrayBuffer.isView(list) && !(list instanceof DataView));
  if (!isList) return refuse("invalid-key", "keys", "an array", list);
  const values = /** @type {ArrayLike<unknown>} */ (list);
  const packed = new Words(values.length);
  for (let index = 0; index < packed.words.length; index += 1) {
    const value = values[index];
    packed.put(index, isKey(value) ? value : checkedKey(value, `keys[${index}]`));
  }
  return packed.words;
}

/**
 * Reads operations that are objects into three words each: the start, the end, and one that packs the amount, the verb (2 bits) and
 * the node's number.
 *
 * @param {unknown} list
 * @param {Names} nodes is told their nodes
 */
export function operations(list, nodes) {
  if (!Array.isArray(list)) return refuse("invalid-operation", "operations", "an array", list);
  const count = list.length;
  const packed = new Words(3 * count);
  for (let index = 0; index < count; index += 1) {
    const item = list[index];
    if (typeof item !== "object" || item === null) refuse("invalid-operation", "", "an object", item, index);
    const { op, node, start, end, by } = item;
    const verb = verbs.indexOf(op);
    if (verb < 0) refuse("invalid-operation", "op", `one of ${verbs.join(", ")}`, op, index);
    const number = nodes.numbers.get(node) ?? nodes.add(checkedNode(node, index));
    const checkedStart = checkedKey(start, "start", index);
    packed.put(3 * index, checkedStart);
    packed.put(3 * index + 1, checkedEnd(checkedStart, end, "", index));
    if (verb < 2 && by !== undefined) refuse("invalid-amount", "by", `left out of a ${op}`, by, index);
    packed.halves[6 * index + 4] = checkedAmount(by, index);
    packed.halves[6 * index + 5] = number * 4 + verb;
  }
  return packed.words;
}

// Answers.

/** @param {Uint8Array} bytes */
export const copied = (bytes) => bytes.slice();

/**
 * `ConnectionStatistics`
 *
 * @param {number[]} counts
 * @param {string} kinds of messages, which some of them count
 * @param {string} reasons which the last of them count
 */
export function statistics(counts, kinds, reasons) {
  let at = 0;
  const next = () => counts[at++];
  const by = (/** @type {string} */ names) => Object.fromEntries(names.split(" ").map((name) => [name, next()]));
  return {
    messagesPosted: next(),
    bytesPosted: next(),
    messagesReceived: next(),
    bytesReceived: next(),
    messagesIgnored: next(),
    sessionsBegun: next(),
    sessionsFinished: next(),
    posted: by(kinds),
    ignored: by(reasons),
  };
}

/**
 * `JournalPage`
 *
 * @param {bigint} replica
 * @param {number} first
 * @param {number} next
 * @param {Uint8Array} own
 * @param {Uint8Array} received
 * @param {boolean} isPosted
 * @param {boolean} isLast
 */
export const page = (replica, first, next, own, received, isPosted, isLast) => ({
  replica,
  first,
  next,
  own: own.slice(),
  received: received.slice(),
  isPosted,
  isLast,
});

/** Numbers the nodes of one list in the order in which they first come. */
export class Names {
  constructor() {
    /** @type {string[]} */
    this.list = [];
    /** @type {Map<string, number>} */
    this.numbers = new Map();
  }

  /** @param {string} name that has no number yet */
  add(name) {
    const number = this.list.push(name) - 1;
    this.numbers.set(name, number);
    return number;
  }

  /** @param {string} name */
  number(name) {
    return this.numbers.get(name) ?? this.add(name);
  }
}

/**
 * @template T
 * @param {number} count
 * @param {(at: number) => T} object
 */
function objects(count, object) {
  const list = [];
  for (let at = 0; at < count; at += 1) list.push(object(at));
  return list;
}

/**
 * `Range[]`
 *
 * @param {BigUint64Array} starts
 * @param {BigUint64Array} ends
 */
export const rangeObjects = (starts, ends) =>
  objects(starts.length, (at) => ({ start: starts[at], end: ends[at] || null }));

/**
 * `Change`
 *
 * @param {"local" | "remote"} source
 * @param {BigUint64Array} starts
 * @param {BigUint64Array} ends
 */
export const change = (source, starts, ends) => ({ source, ranges: rangeObjects(starts, ends) });

/**
 * Adds to an `Owner[]`.
 *
 * @param {object[]} owners
 * @param {string} node
 * @param {number} priority
 */
export const pushOwner = (owners, node, priority) => void owners.push({ node, priority });

/**
 * Adds to a `Peer[]`.
 *
 * @param {object[]} peers
 * @param {bigint} replica
 * @param {string} name
 * @param {number} ageMs since it was last heard
 * @param {boolean} alive
 * @param {boolean} left
 */
export const pushPeer = (peers, replica, name, ageMs, alive, left) =>
  void peers.push({ replica, name, lastSeen: Date.now() - ageMs, alive, left });

/**
 * `OwnerColumns`
 *
 * @param {Uint32Array} offsets
 * @param {Uint32Array} owners
 * @param {Float64Array} priorities
 * @param {Names} nodes
 */
export const ownerColumns = (offsets, owners, priorities, nodes) => ({
  ownerOffsets: offsets.slice(),
  ownerNodes: owners.slice(),
  ownerPriorities: priorities.slice(),
  nodes: nodes.list,
});

/**
 * `SplitColumns`
 *
 * @param {BigUint64Array} starts
 * @param {BigUint64Array} ends
 * @param {Uint32Array} offsets
 * @param {Uint32Array} owners
 * @param {Float64Array} priorities
 * @param {Names} nodes
 */
export const splitColumns = (starts, ends, offsets, owners, priorities, nodes) => ({
  starts: starts.slice(),
  ends: ends.slice(),
  ...ownerColumns(offsets, owners, priorities, nodes),
});

/**
 * `Split[]`
 *
 * @param {BigUint64Array} starts
 * @param {BigUint64Array} ends
 * @param {Uint32Array} offsets
 * @param {Uint32Array} owners
 * @param {Float64Array} priorities
 * @param {Names} nodes
 */
export const splitObjects = (starts, ends, offsets, owners, priorities, { list }) =>
  objects(starts.length, (at) => {
    const split = { start: starts[at], end: ends[at] || null, owners: [] };
    for (let place = offsets[at]; place < offsets[at + 1]; place += 1) {
      pushOwner(split.owners, list[owners[place]], priorities[place]);
    }
    return split;
  });

/**
 * `Registration[]`
 *
 * @param {BigUint64Array} starts
 * @param {BigUint64Array} ends
 * @param {Uint32Array} nodes
 * @param {Float64Array} priorities
 * @param {Names} names
 */
export const registrationObjects = (starts, ends, nodes, priorities, { list }) =>
  objects(starts.length, (at) => ({
    node: list[nodes[at]],
    start: starts[at],
    end: ends[at] || null,
    priority: priorities[at],
  }));
