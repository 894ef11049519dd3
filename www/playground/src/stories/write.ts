/** Inputs in few words, with keys as numbers. */
import { FAIR, type Conditions, type Input, type Operation } from "../world/input";

interface Bounds {
  readonly start: number;
  /** Infinity is no end. */
  readonly end: number;
}

type Draft =
  | ({ readonly op: "register" | "release"; readonly node: string } & Bounds)
  | ({ readonly op: "increase" | "decrease"; readonly node: string; readonly by: number } & Bounds)
  | ({ readonly op: "tighten"; readonly node: string; readonly to: Bounds } & Bounds);

export function join(at: number, ...replicas: number[]): Input[] {
  return replicas.map((replica) => ({ at, kind: "join", replica }));
}

export function at(time: number, replica: number, drafts: readonly Draft[]): Input[] {
  return [{ at: time, kind: "operation", replica, operations: drafts.map(operation) }];
}

export function weather(at: number, conditions: Partial<Conditions>): Input {
  return { at, kind: "weather", conditions: { ...FAIR, ...conditions } };
}

export function operation(draft: Draft): Operation {
  if (draft.op === "tighten") return { ...draft, ...range(draft), to: range(draft.to) };
  return { ...draft, ...range(draft) };
}

function range({ start, end }: Bounds): { start: bigint; end: bigint | null } {
  return { start: BigInt(start), end: end === Infinity ? null : BigInt(end) };
}
