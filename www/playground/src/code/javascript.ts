/** A program in JavaScript for Node, with the npm package. */
import type { Operation, Range } from "../world/input";
import { isHeard, type Program } from "./program";
import { seconds } from "./seconds";

export function javascript(program: Program, key: bigint): string {
  const { writers, steps, answers, nowMs } = program;
  const lines = [
    'import assert from "node:assert/strict";',
    'import init, { RangeMap } from "crdt-range-map";',
    "",
    "await init();",
    "// An id of its own for each writer.",
    ...writers.map(({ variable }, place) => `const ${variable} = new RangeMap(${place + 1}n);`),
  ];
  for (const step of steps) {
    if (step.kind === "hears") {
      lines.push(...step.deeds.map((number) => `${step.who.variable}.merge(said${number + 1});`));
      continue;
    }
    const said = isHeard(program, step) ? `const said${step.number + 1} = ` : "";
    lines.push("", `// At ${seconds(step.at)}.`, `${said}${step.by.variable}.apply([`);
    lines.push(...step.operations.map((operation) => `  ${operationText(operation)},`), "]);");
  }
  lines.push("", `// What ${answers.length === 1 ? "it answers" : "each answers"} at ${seconds(nowMs)}.`);
  for (const { who, owners } of answers) {
    const told = owners.map(({ node, priority }) => `{ node: ${quoted(node)}, priority: ${priority} }`);
    lines.push(`assert.deepEqual(${who.variable}.owners(${keyText(key)}), [${told.join(", ")}]);`);
  }
  return `${lines.join("\n")}\n`;
}

function operationText(operation: Operation): string {
  const { op, node } = operation;
  const parts = [`op: "${op}"`, `node: ${quoted(node)}`, rangeText(operation)];
  if ("by" in operation) parts.push(`by: ${operation.by}`);
  if ("to" in operation) parts.push(`to: { ${rangeText(operation.to)} }`);
  return `{ ${parts.join(", ")} }`;
}

function rangeText({ start, end }: Range): string {
  return `start: ${keyText(start)}, end: ${end === null ? "null" : keyText(end)}`;
}

function keyText(key: bigint): string {
  return key <= BigInt(Number.MAX_SAFE_INTEGER) ? `${key}` : `${key}n`;
}

function quoted(text: string): string {
  return JSON.stringify(text.toWellFormed());
}
