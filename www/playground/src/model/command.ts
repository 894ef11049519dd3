/** From typed text to an operation, or to words on what is wrong with it, field by field. */
import type { KeyFormat } from "./keys";
import type { Parsed } from "./parsed";
import { failed, parsed } from "./parsed";

export type FieldName = "node" | "start" | "end" | "amount";
export type Problems = Partial<Record<FieldName, string>>;
export type Verb = "register" | "release" | "increase" | "decrease";

export interface Input {
  readonly node: string;
  readonly start: string;
  readonly end: string;
  readonly noEnd: boolean;
  readonly amount: string;
}

export interface Command {
  readonly node: string;
  readonly range: { readonly start: bigint; readonly end: bigint | null };
  readonly amount: number;
}

const LONGEST_NODE_BYTES = 255;
const GREATEST_AMOUNT = 2 ** 32 - 1;

/** Reads all fields that `verb` needs, and reports every problem at once. */
export function readCommand(
  input: Input,
  verb: Verb,
  format: KeyFormat,
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
  const usesAmount = verb === "increase" || verb === "decrease";
  const amount = usesAmount ? take("amount", readAmount(input.amount)) : 1;

  if (start !== undefined && end !== undefined && end !== null && start >= end)
    problems.end = `Must be after the start, ${format.format(start)}.`;
  if (node === undefined || start === undefined || end === undefined || amount === undefined || !isEmpty(problems))
    return { problems };
  return { command: { node, range: { start, end }, amount } };
}

function readNode(text: string): Parsed<string> {
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

function isEmpty(problems: Problems): boolean {
  return Object.keys(problems).length === 0;
}
