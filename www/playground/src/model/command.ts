/** From typed text to an operation on a map, or to words on what is wrong with it, field by field. */
import type { KeyRange, RangeMap } from "crdt-range-map";
import type { KeyFormat } from "./keys";
import type { Parsed } from "./parsed";
import { failed, parsed } from "./parsed";
import { isProperSubRange, type RegistrationName } from "./ranges";

export type FieldName = "node" | "start" | "end" | "amount";
export type Problems = Partial<Record<FieldName, string>>;
export type Operation = "register" | "release" | "increase" | "decrease" | "tighten";

export interface Input {
  readonly node: string;
  readonly start: string;
  readonly end: string;
  readonly noEnd: boolean;
  readonly amount: string;
}

export interface Command {
  readonly node: string;
  readonly range: KeyRange;
  readonly amount: number;
}

const LONGEST_NODE_BYTES = 255;
const GREATEST_AMOUNT = 2 ** 32 - 1;

/** Reads all fields that `operation` needs, and reports every problem at once. */
export function readCommand(
  input: Input,
  operation: Operation,
  format: KeyFormat,
  selected: RegistrationName | null,
): { readonly command: Command } | { readonly problems: Problems } {
  const problems: Problems = {};
  const take = <T>(field: FieldName, result: Parsed<T>): T | undefined => {
    if (result.ok) return result.value;
    problems[field] = result.problem;
    return undefined;
  };
  const node = take("node", readNode(input.node));
  const start = take("start", format.parse(input.start, "key"));
  const end = input.noEnd ? null : take("end", format.parse(input.end, "end"));
  const usesAmount = operation === "increase" || operation === "decrease";
  const amount = usesAmount ? take("amount", readAmount(input.amount)) : 1;

  if (start !== undefined && end !== undefined && end !== null && start >= end)
    problems.end = `Must be after the start, ${format.format(start)}.`;
  if (operation === "tighten" && start !== undefined && end !== undefined && problems.end === undefined) {
    const problem = problemOfTighten({ start, end }, node, selected);
    if (problem !== null) problems[problem.field] = problem.words;
  }
  if (node === undefined || start === undefined || end === undefined || amount === undefined || !isEmpty(problems))
    return { problems };
  return { command: { node, range: { start, end }, amount } };
}

function problemOfTighten(
  to: KeyRange,
  node: string | undefined,
  selected: RegistrationName | null,
): { field: FieldName; words: string } | null {
  if (selected === null) return { field: "start", words: "Select a registration to tighten first." };
  if (node !== undefined && node !== selected.node)
    return { field: "node", words: "Not the node of the selected one." };
  if (isProperSubRange(to, selected)) return null;
  const field = to.start < selected.start ? "start" : "end";
  return { field, words: "Must be a smaller part of the selected one." };
}

export function readNode(text: string): Parsed<string> {
  const bytes = new TextEncoder().encode(text).length;
  if (text.trim() === "") return failed("A name is needed.");
  // They would turn what stands beside around, or be taken for another name.
  if (/[\p{Cc}\p{Cf}]/u.test(text.replaceAll(/\u200d/g, ""))) return failed("It has characters that cannot be seen.");
  if (bytes > LONGEST_NODE_BYTES) return failed(`${bytes} bytes; at most ${LONGEST_NODE_BYTES} fit.`);
  return parsed(text);
}

function readAmount(text: string): Parsed<number> {
  const digits = text.trim();
  if (!/^\d+$/.test(digits)) return failed("A whole number.");
  const amount = Number(digits);
  if (amount < 1) return failed("At least 1.");
  if (amount > GREATEST_AMOUNT) return failed(`At most ${GREATEST_AMOUNT}.`);
  return parsed(amount);
}

/** Does it, and says in words what happened. Throws what the map throws. */
export function perform(map: RangeMap, operation: Operation, command: Command, from: RegistrationName | null): string {
  const { node, amount } = command;
  const { start, end } = command.range;
  switch (operation) {
    case "register":
      map.register(node, start, end);
      return `Registered, priority ${map.priority(node, start, end) ?? 0}.`;
    case "release":
      return map.release(node, start, end).length > 0 ? "Released." : "Nothing to release: it is not registered here.";
    case "increase":
      map.increase(node, start, end, amount);
      return `Increased to priority ${map.priority(node, start, end) ?? 0}.`;
    case "decrease": {
      if (map.decrease(node, start, end, amount).length === 0) return "Nothing to decrease: it is not registered here.";
      const priority = map.priority(node, start, end);
      return priority === undefined ? "Decreased below 1, so released." : `Decreased to priority ${priority}.`;
    }
    case "tighten":
      if (from !== null) map.tighten(node, from, command.range);
      return `Tightened, priority ${map.priority(node, start, end) ?? 0}.`;
  }
}

/** Where an error of the map belongs. What the fields' own checks let through should be none of these. */
export function problemsOf(error: unknown): Problems {
  if (!(error instanceof Error)) return { node: String(error) };
  switch ("code" in error ? error.code : undefined) {
    case "invalid-key":
    case "not-registered":
      return { start: error.message };
    case "invalid-range":
    case "not-sub-range":
      return { end: error.message };
    case "invalid-amount":
    case "exhausted":
      return { amount: error.message };
    default:
      return { node: error.message };
  }
}

function isEmpty(problems: Problems): boolean {
  return Object.keys(problems).length === 0;
}
