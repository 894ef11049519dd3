/** A program in Rust, with the crate. */
import type { Operation, Range } from "../world/input";
import { isChanged, isHeard, type Program } from "./program";
import { seconds } from "./seconds";

export function rust(program: Program, key: bigint): string {
  const { writers, steps, answers, nowMs } = program;
  const lines = [
    "use crdt_range_map::{KeyRange, Operation, RangeMap, ReplicaId};",
    "",
    "fn main() -> Result<(), Box<dyn std::error::Error>> {",
    "    // An id of its own for each writer.",
    ...writers.map((writer, place) => {
      const binding = isChanged(program, writer) ? `mut ${writer.variable}` : writer.variable;
      return `    let ${binding} = RangeMap::<u64>::new(ReplicaId::new(${place + 1}));`;
    }),
  ];
  for (const step of steps) {
    if (step.kind === "hears") {
      lines.push(...step.deeds.map((number) => `    ${step.who.variable}.merge(&said_${number + 1});`));
      continue;
    }
    const said = isHeard(program, step) ? `let said_${step.number + 1}` : "_";
    lines.push(
      "",
      `    // At ${seconds(step.at)}.`,
      `    ${said} = ${step.by.variable}.apply([`,
      ...step.operations.map((operation) => `        ${operationText(operation)},`),
      "    ])?;",
    );
  }
  lines.push("", `    // What ${answers.length === 1 ? "it answers" : "each answers"} at ${seconds(nowMs)}.`);
  lines.push(
    `    let told = |map: &RangeMap<u64>| map.owners(&${key}).iter().map(ToString::to_string).collect::<Vec<_>>();`,
  );
  for (const { who, owners } of answers) {
    const told = owners.map(({ node, priority }) => quoted(`${node}:${priority}`));
    lines.push(`    assert_eq!(told(&${who.variable}), ${told.length === 0 ? '[""; 0]' : `[${told.join(", ")}]`});`);
  }
  lines.push("    Ok(())", "}");
  return `${lines.join("\n")}\n`;
}

const VARIANTS = {
  register: "Register",
  release: "Release",
  increase: "Increase",
  decrease: "Decrease",
  tighten: "Tighten",
} as const;

function operationText(operation: Operation): string {
  const parts = [`node: ${quoted(operation.node)}.parse()?`, `range: ${rangeText(operation)}`];
  if ("by" in operation) parts.push(`by: ${operation.by}.try_into()?`);
  if ("to" in operation) parts.push(`to: ${rangeText(operation.to)}`);
  return `Operation::${VARIANTS[operation.op]} { ${parts.join(", ")} }`;
}

function rangeText({ start, end }: Range): string {
  return end === null ? `KeyRange::from(${start}..)` : `KeyRange::try_from(${start}..${end})?`;
}

/** As Rust writes strings: what cannot be seen by its number. */
function quoted(text: string): string {
  const letters = [...text.toWellFormed()].map((letter) => {
    if (letter === '"' || letter === "\\") return `\\${letter}`;
    return /[\p{C}\p{Z}]/u.test(letter) && letter !== " "
      ? `\\u{${(letter.codePointAt(0) ?? 0).toString(16)}}`
      : letter;
  });
  return `"${letters.join("")}"`;
}
