/** The inputs of a world as bytes: `bytes.ts` has the numbers and texts, and this the order in which they stand. */
import {
  AMOUNT_MAX,
  DELAY_MS_MAX,
  NODE_BYTES_MAX,
  OPERATIONS_MAX,
  REPLICAS_MAX,
  TIME_MS_MAX,
  type Conditions,
  type Input,
  type Operation,
  type Pair,
  type Range,
} from "../world/input";
import { nodesOf } from "../stories/story";
import { INPUTS_MAX } from "../world/log";
import { Reader, Writer } from "./bytes";

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
] as const;
const OPERATIONS = ["register", "release", "increase", "decrease", "tighten"] as const;

type Kind = (typeof KINDS)[number];

/** Whether a world can be a link: what came from other tabs is not, since its bytes would not fit. */
export function isLinkable(inputs: readonly Input[]): boolean {
  return inputs.every(({ kind }) => kind !== "heard");
}

/** So many bytes inputs have at least: to see soon that they are too many. */
export function leastBytesOf(inputs: readonly Input[]): number {
  return inputs.reduce((sum, input) => sum + 3 + (input.kind === "operation" ? 4 * input.operations.length : 0), 0);
}

export function writeInputs(writer: Writer, inputs: readonly Input[]): void {
  const nodes = nodesOf(inputs);
  writer.number(nodes.length);
  for (const node of nodes) writer.text(node);
  writer.number(inputs.length);
  let before = 0;
  for (const input of inputs) {
    if (input.kind === "heard") throw new RangeError("what came from other tabs is in no link");
    writer.number(input.at - before).number(KINDS.indexOf(input.kind));
    before = input.at;
    writeRest(writer, input, nodes);
  }
}

function writeRest(writer: Writer, input: Exclude<Input, { kind: "heard" }>, nodes: readonly string[]): void {
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
    default:
      writer.number(input.replica);
  }
}

function writePair(writer: Writer, [a, b]: Pair): void {
  writer.number(a).number(b);
}

function writeOperation(writer: Writer, operation: Operation, nodes: readonly string[]): void {
  writer.number(OPERATIONS.indexOf(operation.op)).number(nodes.indexOf(operation.node));
  writeRange(writer, operation);
  if (operation.op === "increase" || operation.op === "decrease") writer.number(operation.by);
  if (operation.op === "tighten") writeRange(writer, operation.to);
}

/** Its length, and 0 for no end. */
function writeRange(writer: Writer, { start, end }: Range): void {
  writer.number(start).number(end === null ? 0n : end - start);
}

/** What it returns is well formed; whether it makes sense, the log finds out. */
export function readInputs(reader: Reader): Input[] {
  const nodes = list(reader, INPUTS_MAX, () => reader.text(NODE_BYTES_MAX));
  let at = 0;
  return list(reader, INPUTS_MAX, () => {
    at += reader.number(TIME_MS_MAX);
    if (at > TIME_MS_MAX) reader.fail("A time is after the end of the day");
    const kind = KINDS[reader.number(KINDS.length - 1)];
    return kind === undefined ? reader.fail("There is no such kind of input") : readInput(reader, at, kind, nodes);
  });
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
    default:
      return { at, kind, replica: reader.number(REPLICAS_MAX - 1) };
  }
}

function readPair(reader: Reader): Pair {
  return [reader.number(REPLICAS_MAX - 1), reader.number(REPLICAS_MAX - 1)];
}

function readOperation(reader: Reader, nodes: readonly string[]): Operation {
  const op = OPERATIONS[reader.number(OPERATIONS.length - 1)] ?? reader.fail("There is no such operation");
  const node = nodes[reader.number(INPUTS_MAX)] ?? reader.fail("There is no node of that number");
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
