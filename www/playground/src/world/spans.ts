import type { Pair } from "./input";
import type { Log } from "./log";

/** For how long something was so: up to, but not including, `to`. */
export type Span =
  | {
      readonly kind: "offline" | "crashed" | "gone" | "unheard";
      readonly replica: number;
      readonly from: number;
      readonly to: number;
    }
  | { readonly kind: "cut"; readonly between: Pair; readonly from: number; readonly to: number };

type Open = Span & { to: number };

/** What a log says of who was not there, and of what was cut, until a moment; in the order of their beginnings. */
export function spansUntil(log: Log, until: number): Span[] {
  const spans: Span[] = [];
  const open = new Map<string, Open>();
  const known = new Set<number>();
  const end = (key: string, at: number) => {
    const span = open.get(key);
    if (span !== undefined) span.to = at;
    open.delete(key);
  };
  const begin = (key: string, span: Open) => {
    if (open.has(key)) return;
    open.set(key, span);
    spans.push(span);
  };
  for (const input of log.inputs) {
    const { at: from } = input;
    if (from > until) break;
    switch (input.kind) {
      case "cut":
      case "mend": {
        const between = [Math.min(...input.between), Math.max(...input.between)] as const;
        if (input.kind === "mend") end(between.join(), from);
        else begin(between.join(), { kind: "cut", between, from, to: until });
        break;
      }
      case "told":
      case "offline":
      case "online":
      case "crash":
      case "restart":
      case "leave": {
        const { replica } = input;
        const key = String(replica);
        end(key, from);
        if (input.kind === "offline") begin(key, { kind: "offline", replica, from, to: until });
        if (input.kind === "crash") begin(key, { kind: "crashed", replica, from, to: until });
        if (input.kind === "told") {
          // Nothing is known yet of who has just come.
          if (input.knows === null && known.has(replica)) begin(key, { kind: "unheard", replica, from, to: until });
          if (input.knows !== null) known.add(replica);
        }
        if (input.kind === "leave") known.delete(replica);
        if (input.kind === "leave") begin(key, { kind: "gone", replica, from, to: until });
      }
    }
  }
  return spans;
}
