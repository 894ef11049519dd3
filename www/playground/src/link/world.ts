/** A world as bytes, for links and files: `bytes.ts` has the numbers and texts, and this the order in which they stand. */
import {
  AMOUNT_MAX,
  BYTES_MAX,
  DELAY_MS_MAX,
  NODE_BYTES_MAX,
  OPERATIONS_MAX,
  REPLICAS_MAX,
  TAKES_MS_MAX,
  TIME_MS_MAX,
  TOLD_MAX,
  type Conditions,
  type Input,
  type Operation,
  type Pair,
  type Range,
  type Told,
} from "../world/input";
import { nodesOf } from "../stories/story";
import { INPUTS_MAX, Log, SEED_MAX } from "../world/log";
import { Reader, Writer } from "./bytes";
import { faultInRun } from "./run";

/** Their places are what stands in links: new ones go to the end. */
const KINDS = [
  "join",
  "leave",
  "crash",
  "restart",
  "offline",
  "online",
  "cut",
  "mend",
  "weather",
  "operation",
  "heard",
  "told",
] as const;
const OPERATIONS = ["register", "release", "increase", "decrease", "tighten"] as const;

const LIMIT_MAX = 2 ** 32;

type Kind = (typeof KINDS)[number];

/** So many operations, and registrations that are told of, are in a world that is read: whoever reads it is not to wait long. */
export const PIECES_MAX = 100_000;

/** Whether a world can be a link: what came from other tabs is in files alone. */
export function isLinkable(inputs: readonly Input[]): boolean {
  return inputs.every(({ kind }) => kind !== "heard" && kind !== "told");
}

/** So many bytes inputs have at least: to see soon that they are too many. */
export function leastBytesOf(inputs: readonly Input[]): number {
  return inputs.reduce((sum, input) => sum + 3 + (input.kind === "operation" ? 4 * input.operations.length : 0), 0);
}

/** When, and for which key, a world is asked. */
export interface Asked {
  readonly nowMs: number;
  readonly cursor: number;
}

/** A moment of a world that is no story's. */
export type SharedWorld = { readonly kind: "world"; readonly limit: number; readonly log: Log } & Asked;

export function writeWorld(writer: Writer, { log, limit, nowMs, cursor }: SharedWorld): void {
  writer.number(log.seed).number(limit).number(Math.floor(nowMs)).number(cursor);
  writeInputs(writer, log.inputs);
}

/** All that there is to read, or what is wrong with it though it is well formed. `messagesMax`: how long it may run. */
export function readWorld(
  reader: Reader,
  messagesMax: number,
):
  | { readonly shared: SharedWorld; readonly fault?: undefined }
  | { readonly shared?: undefined; readonly fault: string } {
  const seed = reader.number(SEED_MAX);
  const limit = reader.number(LIMIT_MAX);
  const nowMs = reader.number(TIME_MS_MAX);
  const cursor = reader.number(LIMIT_MAX);
  if (limit < 2 || cursor >= limit) reader.fail("The key is not among the keys");
  const inputs = readInputs(reader);
  if (!reader.isAtEnd) reader.fail("There is something behind its end");
  const isBeyond = ({ start, end }: Range) => start >= BigInt(limit) || (end ?? 0n) > BigInt(limit);
  const operations = inputs.flatMap((input) => (input.kind === "operation" ? input.operations : []));
  if (operations.some((it) => isBeyond(it) || (it.op === "tighten" && isBeyond(it.to)))) {
    return { fault: `it has keys from ${limit} on.` };
  }
  const { log, fault, input } = Log.of(seed, inputs);
  if (log !== undefined) {
    const tooLong = faultInRun(log, nowMs, messagesMax);
    return tooLong === null ? { shared: { kind: "world", limit, log, nowMs, cursor } } : { fault: tooLong };
  }
  return { fault: input === undefined ? fault : `of its input ${input + 1}, ${fault}` };
}

function writeInputs(writer: Writer, inputs: readonly Input[]): void {
  const nodes = nodesOf(inputs);
  const places = new Map(nodes.map((node, place) => [node, place]));
  writer.number(nodes.length);
  for (const node of nodes) writer.text(node);
  writer.number(inputs.length);
  let before = 0;
  for (const input of inputs) {
    writer.number(input.at - before).number(KINDS.indexOf(input.kind));
    before = input.at;
    writeRest(writer, input, places);
  }
}

/** Where in the list of its nodes a world has each. */
type Places = ReadonlyMap<string, number>;

function placeOf(places: Places, node: string): number {
  const place = places.get(node);
  if (place === undefined) throw new RangeError(`the node ${node} is not listed`);
  return place;
}

function writeRest(writer: Writer, input: Input, nodes: Places): void {
  switch (input.kind) {
    case "cut":
    case "mend":
      return void writePair(writer, input.between);
    case "weather": {
      const { delayMs, jitterMs, lossPercent, duplicatePercent } = input.conditions;
      writer.number(delayMs).number(jitterMs).number(lossPercent).number(duplicatePercent);
      writer.number(input.between === undefined ? 0 : 1);
      if (input.between !== undefined) writePair(writer, input.between);
      return;
    }
    case "operation":
      writer.number(input.replica).number(input.operations.length);
      for (const operation of input.operations) writeOperation(writer, operation, nodes);
      return;
    case "heard":
      writer
        .number(input.replica)
        .number(input.from)
        .number(input.takesMs)
        .number(input.isLost ? 1 : 0);
      return void writer.bytes(input.bytes);
    case "told":
      writer.number(input.replica).number(input.knows === null ? 0 : 1);
      if (input.knows !== null) writeTold(writer, input.knows, nodes);
      return;
    default:
      writer.number(input.replica);
  }
}

function writeTold(writer: Writer, { id, fingerprint, registrations }: Told, nodes: Places): void {
  writer
    .number(id)
    .number(BigInt(`0x${fingerprint}`))
    .number(registrations.length);
  for (const registration of registrations) {
    writer.number(placeOf(nodes, registration.node)).number(registration.priority);
    writeRange(writer, registration);
  }
}

function writePair(writer: Writer, [a, b]: Pair): void {
  writer.number(a).number(b);
}

function writeOperation(writer: Writer, operation: Operation, nodes: Places): void {
  writer.number(OPERATIONS.indexOf(operation.op)).number(placeOf(nodes, operation.node));
  writeRange(writer, operation);
  if (operation.op === "increase" || operation.op === "decrease") writer.number(operation.by);
  if (operation.op === "tighten") writeRange(writer, operation.to);
}

/** Its length, and 0 for no end. */
function writeRange(writer: Writer, { start, end }: Range): void {
  writer.number(start).number(end === null ? 0n : end - start);
}

/** What it returns is well formed; whether it makes sense, the log finds out. */
function readInputs(reader: Reader): Input[] {
  const nodes = list(reader, PIECES_MAX, () => reader.text(NODE_BYTES_MAX));
  let [at, pieces] = [0, 0];
  return list(reader, INPUTS_MAX, () => {
    at += reader.number(TIME_MS_MAX);
    if (at > TIME_MS_MAX) reader.fail("A time is after the end of the day");
    const kind = KINDS[reader.number(KINDS.length - 1)];
    if (kind === undefined) reader.fail("There is no such kind of input");
    const input = readInput(reader, at, kind, nodes);
    pieces += piecesOf(input);
    return pieces > PIECES_MAX ? reader.fail(`There are more than ${PIECES_MAX} operations`) : input;
  });
}

function piecesOf(input: Input): number {
  if (input.kind === "operation") return input.operations.length;
  return input.kind === "told" ? (input.knows?.registrations.length ?? 0) : 0;
}

/** As many as it says, but no room is taken before they are there. */
function list<T>(reader: Reader, most: number, read: () => T): T[] {
  const items: T[] = [];
  for (let rest = reader.number(most); rest > 0; rest--) items.push(read());
  return items;
}

function readInput(reader: Reader, at: number, kind: Kind, nodes: readonly string[]): Input {
  switch (kind) {
    case "cut":
    case "mend":
      return { at, kind, between: readPair(reader) };
    case "weather": {
      const conditions: Conditions = {
        delayMs: reader.number(DELAY_MS_MAX),
        jitterMs: reader.number(DELAY_MS_MAX),
        lossPercent: reader.number(100),
        duplicatePercent: reader.number(100),
      };
      return reader.number(1) === 0 ? { at, kind, conditions } : { at, kind, conditions, between: readPair(reader) };
    }
    case "operation": {
      const replica = reader.number(REPLICAS_MAX - 1);
      return { at, kind, replica, operations: list(reader, OPERATIONS_MAX, () => readOperation(reader, nodes)) };
    }
    case "heard": {
      const [replica, from] = readPair(reader);
      const [takesMs, isLost] = [reader.number(TAKES_MS_MAX), reader.number(1) === 1];
      return { at, kind, from, replica, takesMs, isLost, bytes: reader.bytes(BYTES_MAX) };
    }
    case "told": {
      const replica = reader.number(REPLICAS_MAX - 1);
      return { at, kind, replica, knows: reader.number(1) === 0 ? null : readTold(reader, nodes) };
    }
    default:
      return { at, kind, replica: reader.number(REPLICAS_MAX - 1) };
  }
}

function readTold(reader: Reader, nodes: readonly string[]): Told {
  const [id, fingerprint] = [reader.bigint(), reader.bigint().toString(16).padStart(16, "0")];
  const registrations = list(reader, TOLD_MAX, () => {
    const node = readNode(reader, nodes);
    return { node, priority: reader.number(AMOUNT_MAX), ...readRange(reader) };
  });
  return { id, fingerprint, registrations };
}

function readNode(reader: Reader, nodes: readonly string[]): string {
  return nodes[reader.number(PIECES_MAX)] ?? reader.fail("There is no node of that number");
}

function readPair(reader: Reader): Pair {
  return [reader.number(REPLICAS_MAX - 1), reader.number(REPLICAS_MAX - 1)];
}

function readOperation(reader: Reader, nodes: readonly string[]): Operation {
  const op = OPERATIONS[reader.number(OPERATIONS.length - 1)] ?? reader.fail("There is no such operation");
  const node = readNode(reader, nodes);
  const range = readRange(reader);
  switch (op) {
    case "register":
    case "release":
      return { op, node, ...range };
    case "increase":
    case "decrease":
      return { op, node, ...range, by: reader.number(AMOUNT_MAX) };
    case "tighten":
      return { op, node, ...range, to: readRange(reader) };
  }
}

function readRange(reader: Reader): Range {
  const [start, length] = [reader.bigint(), reader.bigint()];
  return { start, end: length === 0n ? null : start + length };
}
