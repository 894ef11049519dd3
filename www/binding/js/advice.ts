// Load and capacities as they are handed in, and advice as it comes out.

import * as check from "./arguments.js";
import { describe, failure, refuse } from "./errors.js";
import { type Rule, checkedOptions, optional } from "./options.js";
import type { Advice, AdviceAims, Operation } from "./types.js";

/** Whether it is an integer from 0 on that is not greater than that. */
const isCount = (value: unknown, most: number): value is number =>
  typeof value === "number" && value >= 0 && value <= most && Number.isInteger(value);

const small: Rule = optional({ isFine: (value) => isCount(value, 2 ** 32 - 1), must: "an integer from 0 to 2^32 - 1" });
const aimRules: Record<keyof AdviceAims, Rule> = { count: small, movedPerMille: small, slackPerMille: small };

/** What is wanted: how many, how much may move, how much slack there is. */
export function aims(value: unknown): [number, number, number] {
  const wrong = (message: string) => failure("invalid-options", message);
  const {
    count = 3,
    movedPerMille = 50,
    slackPerMille = 200,
  } = checkedOptions<AdviceAims>(value, aimRules, wrong, "aims");
  return [count, movedPerMille, slackPerMille];
}

const amount = (value: unknown, name: string): bigint =>
  isCount(value, Number.MAX_SAFE_INTEGER)
    ? BigInt(value)
    : refuse("invalid-amount", name, "an integer from 0 to 2^53 - 1", value);

/** Of each bucket its start, its end, its load and its keys. */
export function buckets(list: unknown): BigUint64Array {
  if (!Array.isArray(list)) return refuse("invalid-options", "load", "an array", list);
  const words: bigint[] = [];
  for (const [index, bucket] of (list as unknown[]).entries()) {
    words.push(...check.rangeOf(bucket, `load[${index}]`));
    const { load, keys } = bucket as Record<string, unknown>;
    words.push(amount(load, `load[${index}].load`), amount(keys, `load[${index}].keys`));
  }
  return BigUint64Array.from(words);
}

/** Names, and what each can bear. */
export function capacities(value: unknown): [string[], BigUint64Array] {
  if (!(value instanceof Map)) return refuse("invalid-options", "capacities", "a Map", value);
  const names: string[] = [];
  const words: bigint[] = [];
  for (const [node, capacity] of value as Map<unknown, unknown>) {
    names.push(check.node(node, "the name of each capacity"));
    words.push(amount(capacity, `the capacity of ${describe(node)}`));
  }
  return [names, BigUint64Array.from(words)];
}

const verbs = ["register", "standIn", "drain", "unite"] as const;

/** What the module advises. */
export function advice(node: string, columns: [Float64Array, BigUint64Array, string[]]): Advice {
  const [loads, words, others] = columns;
  const [load, wanted, fair] = loads as unknown as [number, number, number];
  const operations: Operation[] = [];
  let told = 0;
  for (let at = 0; at < words.length; at += 4) {
    const [start, end] = [words[at]!, words[at + 1]! === 0n ? null : words[at + 1]!];
    const op = verbs[Number(words[at + 2])]!;
    if (op === "standIn") operations.push({ op, node, other: others[told++]!, start, end });
    else if (op === "drain") operations.push({ op, node, start, end, count: Number(words[at + 3]) });
    else operations.push({ op, node, start, end });
  }
  return { node, load, wanted, fair, operations };
}
