/** All that happens to a world from outside. The rest is computed. Times are whole virtual milliseconds. */

/** Replicas are called A to P. */
export const REPLICAS_MAX = 16;
/** A day. */
export const TIME_MS_MAX = 86_400_000;
export const DELAY_MS_MAX = 60_000;
/** The longest message from elsewhere. */
export const BYTES_MAX = 1 << 20;
export const OPERATIONS_MAX = 1_000;
export const AMOUNT_MAX = 2 ** 32 - 1;
/** How many registrations a replica of another tab tells of. */
export const TOLD_MAX = 1_000;
/** The longest that a message from elsewhere is on its way: delay and jitter, and one that is lost is told as if it went all the way. */
export const TAKES_MS_MAX = 4 * DELAY_MS_MAX;
/** In UTF-8. */
export const NODE_BYTES_MAX = 255;
export const KEY_MAX = 2n ** 64n - 1n;

/** Keys from `start` up to, but not including, `end`; `null` is no upper end. */
export interface Range {
  readonly start: bigint;
  readonly end: bigint | null;
}

/** An operation on one registration. */
export type Operation =
  | ({ readonly op: "register" | "release"; readonly node: string } & Range)
  | ({ readonly op: "increase" | "decrease"; readonly node: string; readonly by: number } & Range)
  | ({ readonly op: "tighten"; readonly node: string; readonly to: Range } & Range);

/** What the way from one replica to another does to messages. */
export interface Conditions {
  /** How long each takes; one at least. */
  readonly delayMs: number;
  /** How much longer some take. */
  readonly jitterMs: number;
  /** Of 100, how many never arrive. */
  readonly lossPercent: number;
  /** Of 100, how many arrive twice. */
  readonly duplicatePercent: number;
}

/** Two replicas, in no order. */
export type Pair = readonly [number, number];

/** What a replica elsewhere says that it knows. */
export interface Told {
  /** Under which it writes. */
  readonly id: bigint;
  /** As replicas here have it: 16 hexadecimal digits. */
  readonly fingerprint: string;
  readonly registrations: readonly ({ readonly node: string; readonly priority: number } & Range)[];
}

export type What =
  /** Joins, and knows nothing. */
  | { readonly kind: "join"; readonly replica: number }
  /** Says what it has to say, and is gone for good. */
  | { readonly kind: "leave"; readonly replica: number }
  /** Is gone without a word. */
  | { readonly kind: "crash"; readonly replica: number }
  /** Is there again after a crash, under another id; it knows nothing. */
  | { readonly kind: "restart"; readonly replica: number }
  | { readonly kind: "offline" | "online"; readonly replica: number }
  /** Nothing passes between the two, either way. */
  | { readonly kind: "cut" | "mend"; readonly between: Pair }
  /** On all ways, or on those between two. */
  | { readonly kind: "weather"; readonly conditions: Conditions; readonly between?: Pair }
  | { readonly kind: "operation"; readonly replica: number; readonly operations: readonly Operation[] }
  /**
   * A replica that lives elsewhere, in another tab, says what it knows; it is here from the first time on, until it leaves. `null`: what
   * it knows is not known here any more, since nothing is heard of it.
   */
  | { readonly kind: "told"; readonly replica: number; readonly knows: Told | null }
  /** A message that one from elsewhere sends to one here. How long it takes, and whether it gets lost, was decided there. */
  | {
      readonly kind: "heard";
      readonly from: number;
      readonly replica: number;
      readonly bytes: Uint8Array;
      readonly takesMs: number;
      readonly isLost: boolean;
    };

export type Input = { readonly at: number } & What;

/** The conditions of a new world. */
export const FAIR: Conditions = { delayMs: 30, jitterMs: 20, lossPercent: 0, duplicatePercent: 0 };

/** The name of a replica: A, B, C and so on. */
export function nameOf(replica: number): string {
  return String.fromCharCode(65 + replica);
}

/** What is wrong with an input whatever came before it, or `undefined`. */
export function faultIn(input: Input): string | undefined {
  if (!isWhole(input.at, 0, TIME_MS_MAX)) return `A time is a whole number from 0 to ${TIME_MS_MAX} ms.`;
  switch (input.kind) {
    case "cut":
    case "mend":
      return faultInPair(input.between);
    case "weather":
      return faultInConditions(input.conditions) ?? (input.between && faultInPair(input.between));
    case "operation":
      return faultInReplica(input.replica) ?? faultInOperations(input.operations);
    case "heard":
      return faultInPair([input.from, input.replica]) ?? faultInBytes(input.bytes) ?? faultInWay(input);
    case "told":
      return faultInReplica(input.replica) ?? (input.knows === null ? undefined : faultInTold(input.knows));
    case "join":
    case "leave":
    case "crash":
    case "restart":
    case "offline":
    case "online":
      return faultInReplica(input.replica);
    default:
      return "There is no such kind of input.";
  }
}

function faultInReplica(replica: number): string | undefined {
  return isWhole(replica, 0, REPLICAS_MAX - 1) ? undefined : `A replica is a number from 0 to ${REPLICAS_MAX - 1}.`;
}

function faultInPair(pair: Pair): string | undefined {
  if (!Array.isArray(pair) || pair.length !== 2) return "A link is between two replicas.";
  const [a, b] = pair;
  return faultInReplica(a) ?? faultInReplica(b) ?? (a === b ? "A link is between two different replicas." : undefined);
}

function faultInConditions(conditions: Conditions): string | undefined {
  if (!isObject(conditions)) return "The weather has conditions.";
  const { delayMs, jitterMs, lossPercent, duplicatePercent } = conditions;
  for (const [what, value, most] of [
    ["A delay", delayMs, DELAY_MS_MAX],
    ["A jitter", jitterMs, DELAY_MS_MAX],
    ["A loss in percent", lossPercent, 100],
    ["What arrives twice, in percent,", duplicatePercent, 100],
  ] as const) {
    if (!isWhole(value, 0, most)) return `${what} is a whole number from 0 to ${most}.`;
  }
  return undefined;
}

function faultInBytes(bytes: Uint8Array): string | undefined {
  const isMessage = bytes instanceof Uint8Array && bytes.length <= BYTES_MAX;
  return isMessage ? undefined : `A message is at most ${BYTES_MAX} bytes.`;
}

function faultInWay({ takesMs, isLost }: { takesMs: number; isLost: boolean }): string | undefined {
  if (!isWhole(takesMs, 1, TAKES_MS_MAX)) return `A message takes a whole number of ms from 1 to ${TAKES_MS_MAX}.`;
  return typeof isLost === "boolean" ? undefined : "A message is lost or not.";
}

function faultInTold(told: Told): string | undefined {
  if (!isObject(told)) return "Who tells what it knows, tells something.";
  if (!isKey(told.id)) return `An id is from 0 to ${KEY_MAX}.`;
  if (typeof told.fingerprint !== "string" || !/^[0-9a-f]{16}$/.test(told.fingerprint)) {
    return "A fingerprint has 16 hexadecimal digits.";
  }
  const { registrations } = told;
  if (!Array.isArray(registrations) || registrations.length > TOLD_MAX) {
    return `At most ${TOLD_MAX} registrations are told.`;
  }
  for (const registration of registrations) {
    if (!isObject(registration)) return "There is no such registration.";
    const fault = faultInNode(registration.node) ?? faultInRange(registration);
    if (fault !== undefined) return fault;
    if (!isWhole(registration.priority, 1, AMOUNT_MAX)) return `A priority is told from 1 to ${AMOUNT_MAX}.`;
  }
  return undefined;
}

function faultInOperations(operations: readonly Operation[]): string | undefined {
  if (!Array.isArray(operations) || !isWhole(operations.length, 1, OPERATIONS_MAX)) {
    return `There are 1 to ${OPERATIONS_MAX} operations at once.`;
  }
  for (const operation of operations) {
    const fault = faultInOperation(operation);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

function faultInOperation(operation: Operation): string | undefined {
  if (!isObject(operation)) return "There is no such operation.";
  const fault = faultInNode(operation.node) ?? faultInRange(operation);
  if (fault !== undefined) return fault;
  switch (operation.op) {
    case "register":
    case "release":
      return undefined;
    case "increase":
    case "decrease":
      return isWhole(operation.by, 1, AMOUNT_MAX) ? undefined : `An amount is a whole number from 1 to ${AMOUNT_MAX}.`;
    case "tighten":
      return faultInTightening(operation, operation.to);
    default:
      return "There is no such operation.";
  }
}

function faultInNode(node: string): string | undefined {
  // Half a character has no bytes in UTF-8.
  const isText = typeof node === "string" && !/\p{Surrogate}/u.test(node);
  const isName = isText && isWhole(utf8Length(node), 1, NODE_BYTES_MAX);
  return isName ? undefined : `The name of a node has 1 to ${NODE_BYTES_MAX} bytes.`;
}

function faultInRange(range: Range): string | undefined {
  if (!isObject(range) || !isKey(range.start) || !(range.end === null || isKey(range.end))) {
    return `A key is from 0 to ${KEY_MAX}.`;
  }
  return range.end === null || range.start < range.end ? undefined : "A range ends behind its start.";
}

function faultInTightening(from: Range, to: Range): string | undefined {
  const fault = faultInRange(to);
  if (fault !== undefined) return fault;
  const isWithin = from.start <= to.start && (from.end === null || (to.end !== null && to.end <= from.end));
  const isSame = from.start === to.start && from.end === to.end;
  return isWithin && !isSame ? undefined : "A range is tightened to a part of it.";
}

function isObject(value: unknown): boolean {
  return typeof value === "object" && value !== null;
}

function isKey(key: unknown): boolean {
  return typeof key === "bigint" && key >= 0n && key <= KEY_MAX;
}

function isWhole(value: number, least: number, most: number): boolean {
  return Number.isInteger(value) && value >= least && value <= most;
}

function utf8Length(text: string): number {
  let length = 0;
  for (const character of text) {
    const point = character.codePointAt(0) ?? 0;
    length += point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
  }
  return length;
}
