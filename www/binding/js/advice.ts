// Load and capacities as they are handed in, and advice as it comes out and goes back in.

import * as check from "./arguments.js";
import { describe, failure, refuse } from "./errors.js";
import { type Rule, checkedOptions, optional } from "./options.js";
import type { Advice, AdviceAims, AdviceStep } from "./types.js";

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

const kinds = ["register", "standIn", "drain", "unite"] as const;

/** What the module advises. */
export function advice(node: string, count: number, columns: [Float64Array, BigUint64Array, string[]]): Advice {
  const [loads, words, others] = columns;
  const [load, wanted, fair] = loads as unknown as [number, number, number];
  const steps: AdviceStep[] = [];
  let told = 0;
  for (let at = 0; at < words.length; at += 3) {
    const [start, end] = [words[at]!, words[at + 1]! === 0n ? null : words[at + 1]!];
    const step = kinds[Number(words[at + 2])]!;
    if (step === "standIn") steps.push({ step, other: others[told++]!, start, end });
    else steps.push({ step, start, end });
  }
  return { node, count: Math.max(count, 1), load, wanted, fair, steps };
}

/** Advice that is to be followed: the node, of each step its start, its end and its number, for whom some stand in, and the count. */
export function followed(value: unknown): [string, BigUint64Array, string[], number] {
  if (typeof value !== "object" || value === null) return refuse("invalid-options", "advice", "an object", value);
  const { node, count, steps } = value as Record<string, unknown>;
  const name = check.node(node, "advice.node");
  const checked = check.count(count);
  if (!Array.isArray(steps)) return refuse("invalid-options", "advice.steps", "an array", steps);
  const words: bigint[] = [];
  const others: string[] = [];
  for (const [index, item] of (steps as unknown[]).entries()) {
    const path = `advice.steps[${index}]`;
    words.push(...check.rangeOf(item, path));
    const { step, other } = item as Record<string, unknown>;
    const kind = (kinds as readonly unknown[]).indexOf(step);
    if (kind < 0) return refuse("invalid-operation", `${path}.step`, `one of ${kinds.join(", ")}`, step);
    words.push(BigInt(kind));
    if (step === "standIn") others.push(check.node(other, `${path}.other`));
  }
  return [name, BigUint64Array.from(words), others, checked];
}
