/**
 * What tabs post on their channel. Anything of this origin can post anything there, so what is heard is copied piece by piece and checked
 * by the same rules as inputs of a world; what does not pass is refused as a whole.
 */
import { NODE_BYTES_MAX, REPLICAS_MAX, TOLD_MAX, faultIn, type Pair, type Told, type What } from "../world/input";

const VERSION = 1;
const ID_LENGTH_MAX = 64;
/** Whoever turns a switch more often starts to be ignored. */
export const TURNS_MAX = 2 ** 31;

/** How a link is said to be, and how often that was said before: of two that differ the later one holds. */
export interface Switch {
  readonly between: Pair;
  readonly turns: number;
  readonly isCut: boolean;
}

export type Post =
  /** What its replica knows, for the tabs that can be reached; and the links that were ever cut. The latter is for all. */
  | {
      readonly kind: "tell";
      readonly reaches: readonly number[];
      readonly knows: Told | null;
      readonly switches: readonly Switch[];
    }
  /** A copy of a message of its replica, as it sets out. */
  | {
      readonly kind: "send";
      readonly to: number;
      readonly bytes: Uint8Array;
      readonly takesMs: number;
      readonly isLost: boolean;
    }
  /** Somebody has cut or mended a link. */
  | { readonly kind: "switch"; readonly switch: Switch }
  | { readonly kind: "bye" };

/** `tab` is nobody else's, ever; `from` is the number of its replica; `at` is when it was posted, by the clock that all tabs share. */
export type Envelope = {
  readonly version: typeof VERSION;
  readonly tab: string;
  readonly from: number;
  readonly at: number;
} & Post;

export function envelope(tab: string, from: number, at: number, post: Post): Envelope {
  return { version: VERSION, tab, from, at, ...post };
}

/** `null` of what no page of this version posts. */
export function readEnvelope(data: unknown): Envelope | null {
  if (!isRecord(data) || data["version"] !== VERSION) return null;
  const { tab, from, at } = data;
  if (typeof tab !== "string" || tab === "" || tab.length > ID_LENGTH_MAX || !isReplica(from)) return null;
  if (typeof at !== "number" || !Number.isFinite(at)) return null;
  const post = readPost(data, from);
  return post === null ? null : envelope(tab, from, at, post);
}

function readPost(data: Record<string, unknown>, from: number): Post | null {
  switch (data["kind"]) {
    case "tell": {
      const reaches = readList(data["reaches"], REPLICAS_MAX, (it) => (isReplica(it) ? it : null));
      const switches = readList(data["switches"], REPLICAS_MAX ** 2, readSwitch);
      const knows = data["knows"] === null ? null : readTold(data["knows"]);
      if (reaches === null || switches === null || (knows === null && data["knows"] !== null)) return null;
      return isGood({ kind: "told", replica: from, knows }) ? { kind: "tell", reaches, knows, switches } : null;
    }
    case "send": {
      const { to, bytes, takesMs, isLost } = data;
      if (!isReplica(to) || !(bytes instanceof Uint8Array)) return null;
      if (typeof takesMs !== "number" || typeof isLost !== "boolean") return null;
      if (!isGood({ kind: "heard", from, replica: to, bytes, takesMs, isLost })) return null;
      // A copy, since the buffer that it is a part of may be much larger.
      return { kind: "send", to, bytes: bytes.slice(), takesMs, isLost };
    }
    case "switch": {
      const turned = readSwitch(data["switch"]);
      return turned === null ? null : { kind: "switch", switch: turned };
    }
    case "bye":
      return { kind: "bye" };
    default:
      return null;
  }
}

function readSwitch(data: unknown): Switch | null {
  if (!isRecord(data)) return null;
  const { between, turns, isCut } = data;
  const [a, b, ...more] = readList(between, 2, (it) => (isReplica(it) ? it : null)) ?? [];
  if (a === undefined || b === undefined || a === b || more.length > 0 || typeof isCut !== "boolean") return null;
  if (typeof turns !== "number" || !Number.isInteger(turns) || turns < 1 || turns > TURNS_MAX) return null;
  return { between: [a, b], turns, isCut };
}

function readTold(data: unknown): Told | null {
  if (!isRecord(data)) return null;
  const { id, fingerprint } = data;
  const registrations = readList(data["registrations"], TOLD_MAX, readRegistration);
  if (typeof id !== "bigint" || typeof fingerprint !== "string" || registrations === null) return null;
  return { id, fingerprint, registrations };
}

function readRegistration(data: unknown): Told["registrations"][number] | null {
  if (!isRecord(data)) return null;
  const { node, start, end, priority } = data;
  if (typeof node !== "string" || node.length > NODE_BYTES_MAX || typeof priority !== "number") return null;
  if (typeof start !== "bigint" || !(typeof end === "bigint" || end === null)) return null;
  return { node, start, end, priority };
}

function readList<T>(data: unknown, most: number, read: (data: unknown) => T | null): T[] | null {
  if (!Array.isArray(data) || data.length > most) return null;
  const items: T[] = [];
  for (const it of data) {
    const item = read(it);
    if (item === null) return null;
    items.push(item);
  }
  return items;
}

function isGood(what: What): boolean {
  return faultIn({ at: 0, ...what }) === undefined;
}

function isReplica(value: unknown): value is number {
  return typeof value === "number" && Number.isInteger(value) && value >= 0 && value < REPLICAS_MAX;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
