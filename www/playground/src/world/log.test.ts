import { expect, test } from "vitest";
import type { Input, What } from "./input";
import { INPUTS_MAX, Log, SEED_MAX } from "./log";
import { sampleLog } from "./samples";

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
  const heard = { bytes: new Uint8Array(), takesMs: 1, isLost: false };
  const after = (kinds: readonly What["kind"][], kind: What["kind"]) => {
    const inputs = [...kinds, kind].map((it, at) => {
      if (it === "cut" || it === "mend") return { at, kind: it, between: [1, 0] };
      if (it === "operation")
        return { at, kind: it, replica: 0, operations: [{ op: "release", node: "a", start: 0n, end: null }] };
      if (it === "heard") return { at, kind: it, from: 2, replica: 0, ...heard };
      return it === "told" ? { at, kind: it, replica: 0, knows: null } : { at, kind: it, replica: 0 };
    });
    const others: Input[] = [
      { at: 0, kind: "join", replica: 1 },
      { at: 0, kind: "told", replica: 2, knows: null },
    ];
    return Log.of(1, [...others, ...(inputs as Input[])]).fault ?? "";
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
    "told",
    "cut",
    "mend",
  ] as const;
  const good = (...before: (typeof kinds)[number][]) => kinds.filter((kind) => after(before, kind) === "");
  expect(good()).toEqual(["join", "told"]);
  expect(good("join")).toEqual(["leave", "crash", "offline", "operation", "heard", "cut", "mend"]);
  expect(good("join", "offline")).toEqual(["leave", "crash", "online", "operation", "heard", "cut", "mend"]);
  expect(good("join", "offline", "online")).toEqual(good("join"));
  expect(good("join", "crash")).toEqual(["restart", "cut", "mend"]);
  expect(good("join", "crash", "restart")).toEqual(good("join"));
  expect(good("join", "leave")).toEqual([]);
  expect(good("told")).toEqual(["leave", "told", "cut", "mend"]);
  expect(good("told", "leave")).toEqual(["told"]);
  expect(good("told", "leave", "told")).toEqual(good("told"));
  expect(after(["join"], "told")).toBe("A lives here.");
  expect(after(["told"], "operation")).toBe("A lives elsewhere.");
  expect(after([], "leave")).toBe("A has not joined by then.");
  expect(after(["join"], "join")).toBe("A has joined before.");
  expect(after(["join"], "online")).toBe("A is online already.");
  expect(after(["join"], "restart")).toBe("A has not crashed by then.");
  expect(after(["join", "crash"], "operation")).toBe("A has crashed by then.");
  expect(after(["join", "leave"], "mend")).toBe("A is gone by then.");
});

test("what is appended has to make sense, as if all were given at once", () => {
  for (let seed = 0; seed < 20; seed++) {
    const { inputs } = sampleLog(seed);
    let { log } = Log.of(seed);
    for (let place = 0; place < inputs.length; place += 3) log = log?.append(...inputs.slice(place, place + 3)).log;
    expect(log?.inputs).toEqual(inputs);
    const { log: once } = Log.of(seed, inputs);
    for (const kind of ["join", "leave", "crash", "restart", "offline", "online"] as const) {
      for (let replica = 0; replica < 5; replica++) {
        const next = { at: inputs.at(-1)?.at ?? 0, kind, replica };
        expect(log?.append(next).fault).toBe(Log.of(seed, [...inputs, next]).fault);
        expect(once?.append(next).fault).toBe(log?.append(next).fault);
      }
    }
  }
});

test("logs have limits", () => {
  for (const seed of [0, SEED_MAX]) expect(Log.of(seed).log?.seed).toBe(seed);
  for (const seed of [-1, SEED_MAX + 1, 0.5, NaN]) expect(Log.of(seed).fault).toMatch(/^A seed is/);
  const cuts = Array.from({ length: INPUTS_MAX - 2 }, (_, at) => ({ at, ...cut }));
  const { log } = Log.of(1, [...joins, ...cuts]);
  expect(log?.inputs).toHaveLength(INPUTS_MAX);
  expect(log?.append({ at: 0, ...cut }).fault).toBe("A log has at most 10000 inputs.");
});
