import { expect, test } from "vitest";
import type { Input, What } from "./input";
import { INPUTS_MAX, Log, SEED_MAX } from "./log";

function logOf(...inputs: readonly Input[]): Log {
  const { log, fault } = Log.of(1, inputs);
  if (log === undefined) throw new Error(fault);
  return log;
}

const joins: readonly Input[] = [0, 1].map((replica) => ({ at: 0, kind: "join", replica }));
const cut: What = { kind: "cut", between: [0, 1] };

test("inputs are in the order of time, and of one time in the order in which they were given", () => {
  const log = logOf({ at: 5, kind: "offline", replica: 0 }, ...joins, { at: 5, kind: "offline", replica: 1 });
  const inputs = [...log.inputs, { at: 3, ...cut }, { at: 5, kind: "online", replica: 0 } as const];
  const { log: longer } = Log.of(1, inputs);
  expect(longer?.inputs.map(({ at, kind }) => `${at} ${kind}`)).toEqual([
    "0 join",
    "0 join",
    "3 cut",
    "5 offline",
    "5 offline",
    "5 online",
  ]);
  expect(longer?.inputs.filter(({ kind }) => kind === "offline").map((it) => "replica" in it && it.replica)).toEqual([
    0, 1,
  ]);
});

test("appending and branching leave the log as it is", () => {
  const log = logOf(...joins, { at: 5, ...cut }, { at: 9, kind: "mend", between: [0, 1] });
  const before = [...log.inputs];
  expect(log.append({ at: 7, kind: "leave", replica: 0 }).fault).toBe("A is gone by then.");
  expect(log.append({ at: 9, kind: "leave", replica: 0 }).log?.inputs).toHaveLength(5);
  expect(log.branch(5, { at: 7, kind: "leave", replica: 0 }).log?.inputs.map(({ kind }) => kind)).toEqual([
    "join",
    "join",
    "cut",
    "leave",
  ]);
  expect(log.branch(4, { at: 4, kind: "leave", replica: 0 }).log?.inputs.map(({ kind }) => kind)).toEqual([
    "join",
    "join",
    "leave",
  ]);
  expect(log.inputs).toEqual(before);
});

test("an input has to make sense after those before", () => {
  const after = (kinds: readonly What["kind"][], kind: What["kind"]) => {
    const inputs = [...kinds, kind].map((it, at) => {
      if (it === "cut" || it === "mend") return { at, kind: it, between: [1, 0] };
      if (it === "operation")
        return { at, kind: it, replica: 0, operations: [{ op: "release", node: "a", start: 0n, end: null }] };
      return it === "heard" ? { at, kind: it, replica: 0, bytes: new Uint8Array() } : { at, kind: it, replica: 0 };
    });
    return Log.of(1, [{ at: 0, kind: "join", replica: 1 }, ...(inputs as Input[])]).fault ?? "";
  };
  const kinds = [
    "join",
    "leave",
    "crash",
    "restart",
    "offline",
    "online",
    "operation",
    "heard",
    "cut",
    "mend",
  ] as const;
  const good = (...before: (typeof kinds)[number][]) => kinds.filter((kind) => after(before, kind) === "");
  expect(good()).toEqual(["join"]);
  expect(good("join")).toEqual(["leave", "crash", "offline", "operation", "heard", "cut", "mend"]);
  expect(good("join", "offline")).toEqual(["leave", "crash", "online", "operation", "heard", "cut", "mend"]);
  expect(good("join", "offline", "online")).toEqual(good("join"));
  expect(good("join", "crash")).toEqual(["restart", "cut", "mend"]);
  expect(good("join", "crash", "restart")).toEqual(good("join"));
  expect(good("join", "leave")).toEqual([]);
  expect(after([], "leave")).toBe("A has not joined by then.");
  expect(after(["join"], "join")).toBe("A has joined before.");
  expect(after(["join"], "online")).toBe("A is online already.");
  expect(after(["join"], "restart")).toBe("A has not crashed by then.");
  expect(after(["join", "crash"], "operation")).toBe("A has crashed by then.");
  expect(after(["join", "leave"], "mend")).toBe("A is gone by then.");
});

test("logs have limits", () => {
  for (const seed of [0, SEED_MAX]) expect(Log.of(seed).log?.seed).toBe(seed);
  for (const seed of [-1, SEED_MAX + 1, 0.5, NaN]) expect(Log.of(seed).fault).toMatch(/^A seed is/);
  const cuts = Array.from({ length: INPUTS_MAX - 2 }, (_, at) => ({ at, ...cut }));
  const { log } = Log.of(1, [...joins, ...cuts]);
  expect(log?.inputs).toHaveLength(INPUTS_MAX);
  expect(log?.append({ at: 0, ...cut }).fault).toBe("A log has at most 10000 inputs.");
});
