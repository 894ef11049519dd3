/** From the world at a moment, and its history up to there, to what the picture is made of. */
import { grouped } from "../model/numbers";
import { Registrations, Splits, type Columns as Ranges } from "../picture/ranges";
import type { Flight, Link, Row, Stage } from "../picture/scene";
import { MESSAGES_APART_MAX, type Trace } from "../picture/trace";
import { nameOf, type Operation, type Told } from "../world/input";
import type { Flight as Copy } from "../world/network";
import type { HistoryView } from "../world/timeline";
import type { Columns } from "../world/replica";
import type { ReplicaView, WorldView } from "../world/view";
import { replicaOf } from "./elsewhere";
import { OVERLAPS_MAX, overlapsIn } from "./overlaps";

type Known = Pick<Row, "registrations" | "splits">;

/** What is known under so many fingerprints is kept: between two changes a picture is drawn many times. */
const KNOWN_MAX = 64;
const known = new Map<string, Known>();
const NOTHING: Known = { registrations: Registrations.NONE, splits: Splits.NONE };
/** Stands for more than is drawn. */
const OVERFULL: Known = { ...NOTHING };
const ALL = { start: 0n, end: null };

function knownBy(replica: ReplicaView): Known {
  const before = known.get(replica.fingerprint);
  if (before !== undefined) return before;
  if (known.size >= KNOWN_MAX) known.clear();
  const now = readAll(replica);
  known.set(replica.fingerprint, now);
  return now;
}

function readAll(replica: Pick<ReplicaView, "registrationsIn" | "splitsIn">): Known {
  const registrations = columnsOf(replica.registrationsIn(ALL));
  if (overlapsIn(registrations) > OVERLAPS_MAX) return OVERFULL;
  return {
    registrations: new Registrations(registrations),
    splits: new Splits(columnsOf(replica.splitsIn(ALL))),
  };
}

/** Kept as long as it is told: told again, it is another. */
const toldOnes = new WeakMap<Told, Known>();

function knownElsewhere(told: Told): Known {
  const before = toldOnes.get(told);
  if (before !== undefined) return before;
  const replica = replicaOf(told);
  const now = readAll(replica);
  replica.free();
  toldOnes.set(told, now);
  return now;
}

/** A row as it will be at its replica once these operations are done there; `null` if they are refused. */
export function previewOf({ world }: WorldView, row: Row, operations: readonly Operation[]): Row | null {
  const copy = world.replicas[row.replica]?.clone();
  if (copy === undefined) return null;
  try {
    return copy.apply(operations) === undefined ? { ...row, ...readAll(copy) } : null;
  } finally {
    copy.free();
  }
}

/** For pictures: keys as doubles. */
export function columnsOf({ starts, ends, ...owners }: Columns): Ranges {
  return { starts: doublesOf(starts), ends: doublesOf(ends).map((end) => (end === 0 ? Infinity : end)), ...owners };
}

/** Exact below 2^53, which all keys of pictures are. Not by a bigint each, which are slow. */
function doublesOf(keys: BigUint64Array): Float64Array {
  const halves = new Uint32Array(keys.buffer, keys.byteOffset, 2 * keys.length);
  return new Float64Array(keys.length).map(
    (_, place) => (halves[2 * place] ?? 0) + (halves[2 * place + 1] ?? 0) * 2 ** 32,
  );
}

/** All that are there or may return, in the order of their names; those of other tabs come last. */
export function rowsOf({ replicas }: WorldView): Row[] {
  return replicas.flatMap((replica) => {
    const { index, name, presence, isElsewhere, isThere, told } = replica;
    if (presence === "gone") return [];
    const known = isThere ? knownBy(replica) : told === null ? NOTHING : knownElsewhere(told);
    const shown = known === OVERFULL ? ("overfull" as const) : presence;
    return [{ replica: index, name, presence: shown, isElsewhere, ...known }];
  });
}

/** What a picture shows of moments: the same again as long as nothing of it has changed, so that nothing is painted anew. */
export class SceneAt {
  #key = "";
  #scene: Pick<Stage, "rows" | "links"> = { rows: [], links: [] };

  of(view: WorldView): Pick<Stage, "rows" | "links"> {
    const known = view.replicas.map(({ presence, fingerprint }) => `${presence} ${fingerprint}`);
    const key = [...known, ...view.links.map(({ isCut }) => isCut)].join();
    if (key !== this.#key) {
      const rows = rowsOf(view);
      [this.#key, this.#scene] = [key, { rows, links: linksOf(view, rows) }];
    }
    return this.#scene;
  }
}

export function linksOf({ links }: WorldView, rows: readonly Row[]): Link[] {
  const places = placesOf(rows);
  return links.flatMap(({ between: [a, b], isCut }) => {
    const [from, to] = [places.get(a), places.get(b)];
    return from === undefined || to === undefined ? [] : [{ between: [from, to] as const, isCut }];
  });
}

export function flightsOf({ messages }: WorldView, rows: readonly Row[], nowMs: number): Flight[] {
  const places = placesOf(rows);
  return messages.flatMap((copy) => {
    const [from, to] = [places.get(copy.from), places.get(copy.to)];
    if (from === undefined || to === undefined) return [];
    const way = (nowMs - copy.sentAt) / Math.max(1, copy.endsAt - copy.sentAt);
    return [{ from, to, share: Math.min(1, way) * (isLost(copy) ? 0.5 : 1), node: nodeOf(copy) }];
  });
}

function placesOf(rows: readonly Row[]): Map<number, number> {
  return new Map(rows.map(({ replica }, place) => [replica, place]));
}

function isLost({ fate }: Copy): boolean {
  return fate !== "arrives";
}

/** The node that a message tells of first, if it tells of one. */
function nodeOf({ message }: Copy): string | null {
  return message.description.carried[0]?.node ?? null;
}

export function traceOf(history: HistoryView, view: WorldView, fromMs: number, toMs: number, nowMs: number): Trace {
  // Who has left keeps its line as long as the diagram shows a time at which it was there.
  const wasThere = ({ index, presence }: ReplicaView) =>
    presence !== "gone" ||
    history.spans.some((span) => span.kind === "gone" && span.replica === index && span.from > fromMs);
  const shown = view.replicas.filter(wasThere);
  const places = new Map(shown.map(({ index }, place) => [index, place]));
  const place = (replica: number) => places.get(replica) ?? -1;
  const copies = history.flights.filter(
    ({ from, to, endsAt }) => endsAt >= fromMs && places.has(from) && places.has(to),
  );
  const areApart = copies.length <= MESSAGES_APART_MAX;
  return {
    fromMs,
    toMs,
    nowMs,
    names: shown.map(({ name }) => name),
    replicas: shown.map(({ index }) => index),
    operations: history.operations
      .filter(({ at, replica }) => at >= fromMs && places.has(replica))
      .map(({ at, replica, operations }) => ({ at, row: place(replica), node: operations[0]?.node ?? "" })),
    messages: copies.map((copy) => ({
      from: place(copy.from),
      to: place(copy.to),
      sentAt: copy.sentAt,
      endsAt: copy.endsAt,
      isLost: isLost(copy),
      // To read what a message tells of takes long for thousands.
      node: areApart ? nodeOf(copy) : null,
    })),
    spans: spansOf(history).filter(({ to }) => to > fromMs),
    agreement: history.agreement,
  };
}

/** Cuts that begin and end together are one span: "C is cut off". */
function spansOf({ spans }: HistoryView): Trace["spans"] {
  const told = new Map<string, { from: number; to: number; pairs: (readonly [number, number])[]; words: string }>();
  for (const span of spans) {
    const key = span.kind === "cut" ? `${span.from} ${span.to}` : `${span.kind} ${span.replica} ${span.from}`;
    const known = told.get(key);
    if (span.kind === "cut") {
      const pairs = [...(known?.pairs ?? []), span.between];
      told.set(key, { from: span.from, to: span.to, pairs, words: cutWords(pairs) });
    } else {
      told.set(key, {
        from: span.from,
        to: span.to,
        pairs: [],
        words: `${nameOf(span.replica)} ${SPAN_WORDS[span.kind]}`,
      });
    }
  }
  return [...told.values()];
}

const SPAN_WORDS = {
  offline: "is offline",
  crashed: "has crashed",
  gone: "is gone",
  unheard: "is not heard from",
} as const;

function cutWords(pairs: readonly (readonly [number, number])[]): string {
  const [first, ...others] = pairs;
  if (first === undefined) return "";
  const apart = first.find((replica) => others.length > 0 && others.every((pair) => pair.includes(replica)));
  if (apart !== undefined) return `${nameOf(apart)} is cut off`;
  return pairs.map(([a, b]) => `${nameOf(a)}–${nameOf(b)}`).join(", ") + (pairs.length === 1 ? " is cut" : " are cut");
}

export function trafficWords({ flights }: HistoryView, nowMs: number): string {
  // Copies of one message are sent once, to all.
  let bytes = 0;
  let last: Copy["message"] | undefined;
  for (const { message } of flights) {
    if (message !== last) bytes += message.bytes.length;
    last = message;
  }
  const lost = flights.filter((copy) => isLost(copy) && copy.endsAt <= nowMs).length;
  return `${grouped(bytes)} bytes sent${lost > 0 ? ` · ${lost} lost` : ""}`;
}
