import { expect, test } from "vitest";
import * as limits from "./input";
import { FAIR, faultIn, nameOf, type Input, type Operation } from "./input";

const range = { start: 0n, end: 10n };

function operating(operation: object): Input {
  return { at: 0, kind: "operation", replica: 0, operations: [operation as Operation] };
}

function isGood(input: object): boolean {
  return faultIn(input as Input) === undefined;
}

/** Of a number with limits: the least and the greatest are good; one beyond, and what is no whole number, is not. */
function tryNumber(least: number, most: number, inputOf: (value: number) => object): void {
  for (const value of [least, most]) expect(faultIn(inputOf(value) as Input)).toBe(undefined);
  for (const value of [least - 1, most + 1, least + 0.5, NaN, Infinity, "1", null, undefined]) {
    expect(isGood(inputOf(value as number)), String(value)).toBe(false);
  }
}

test("numbers have limits", () => {
  tryNumber(0, limits.TIME_MS_MAX, (at) => ({ at, kind: "join", replica: 0 }));
  for (const kind of ["join", "leave", "crash", "restart", "offline", "online"]) {
    tryNumber(0, limits.REPLICAS_MAX - 1, (replica) => ({ at: 0, kind, replica }));
  }
  for (const kind of ["cut", "mend"]) {
    tryNumber(1, limits.REPLICAS_MAX - 1, (replica) => ({ at: 0, kind, between: [0, replica] }));
    tryNumber(1, limits.REPLICAS_MAX - 1, (replica) => ({ at: 0, kind, between: [replica, 0] }));
  }
  const weather = (change: object) => ({ at: 0, kind: "weather", conditions: { ...FAIR, ...change } });
  tryNumber(0, limits.DELAY_MS_MAX, (delayMs) => weather({ delayMs }));
  tryNumber(0, limits.DELAY_MS_MAX, (jitterMs) => weather({ jitterMs }));
  tryNumber(0, 100, (lossPercent) => weather({ lossPercent }));
  tryNumber(0, 100, (duplicatePercent) => weather({ duplicatePercent }));
  for (const op of ["increase", "decrease"]) {
    tryNumber(1, limits.AMOUNT_MAX, (by) => operating({ op, node: "a", by, ...range }));
  }
});

test("lists, names and messages have limits", () => {
  const register = { op: "register", node: "a", ...range };
  const lists = [1, limits.OPERATIONS_MAX, 0, limits.OPERATIONS_MAX + 1].map((length) =>
    isGood({ at: 0, kind: "operation", replica: 0, operations: Array.from({ length }, () => register) }),
  );
  expect(lists).toEqual([true, true, false, false]);
  // Two bytes, three bytes, and four bytes that are two units of a string.
  for (const [character, bytes] of [
    ["a", 1],
    ["ü", 2],
    ["→", 3],
    ["🦀", 4],
  ] as const) {
    const most = Math.floor(limits.NODE_BYTES_MAX / bytes);
    expect(isGood(operating({ ...register, node: character.repeat(most) }))).toBe(true);
    expect(isGood(operating({ ...register, node: character.repeat(most + 1) }))).toBe(false);
  }
  for (const node of ["", "\ud800", "a\udc00", 5, null, undefined]) {
    expect(isGood(operating({ ...register, node })), String(node)).toBe(false);
  }
  const way = { from: 1, takesMs: 1, isLost: false };
  const heard = (bytes: unknown) => isGood({ at: 0, kind: "heard", replica: 0, ...way, bytes });
  expect([0, limits.BYTES_MAX, limits.BYTES_MAX + 1].map((length) => heard(new Uint8Array(length)))).toEqual([
    true,
    true,
    false,
  ]);
  expect([[1], "a", undefined].map(heard)).toEqual([false, false, false]);
  const bytes = new Uint8Array();
  for (const wrong of [
    { from: 0 },
    { from: 16 },
    { takesMs: 0 },
    { takesMs: limits.TAKES_MS_MAX + 1 },
    { isLost: 1 },
  ]) {
    expect(isGood({ at: 0, kind: "heard", replica: 0, ...way, bytes, ...wrong }), JSON.stringify(wrong)).toBe(false);
  }
  const registration = { node: "a", start: 0n, end: null, priority: 1 };
  const told = { id: 1n, fingerprint: "0123456789abcdef", registrations: [registration] };
  const isTold = (knows: unknown) => isGood({ at: 0, kind: "told", replica: 0, knows });
  expect([null, told, { ...told, registrations: [] }].map(isTold)).toEqual([true, true, true]);
  for (const wrong of [
    undefined,
    5,
    {},
    { ...told, id: 1 },
    { ...told, id: -1n },
    { ...told, fingerprint: "0123456789ABCDEF" },
    { ...told, registrations: [5] },
    { ...told, registrations: [{ ...registration, priority: 0 }] },
    { ...told, registrations: [{ ...registration, node: "" }] },
    { ...told, registrations: [{ ...registration, end: 0n }] },
    { ...told, registrations: Array.from({ length: limits.TOLD_MAX + 1 }, () => registration) },
  ]) {
    expect(isTold(wrong)).toBe(false);
  }
});

test("ranges have keys, and tightening leaves a part of one", () => {
  const most = limits.KEY_MAX;
  const registers = (start: unknown, end: unknown) => isGood(operating({ op: "register", node: "a", start, end }));
  expect(registers(0n, null) && registers(most, null) && registers(most - 1n, most) && registers(0n, 1n)).toBe(true);
  for (const [start, end] of [
    [-1n, null],
    [most + 1n, null],
    [0n, most + 1n],
    [5n, 5n],
    [5n, 4n],
    [0n, 0n],
    [0, 1],
    [0n, undefined],
  ]) {
    expect(registers(start, end), `${start} ${end}`).toBe(false);
  }
  const tightens = (from: [bigint, bigint | null], to: [bigint, bigint | null]) =>
    isGood(operating({ op: "tighten", node: "a", start: from[0], end: from[1], to: { start: to[0], end: to[1] } }));
  expect(tightens([0n, 9n], [0n, 8n]) && tightens([0n, 9n], [1n, 9n]) && tightens([0n, null], [1n, null])).toBe(true);
  expect(tightens([0n, null], [0n, 5n])).toBe(true);
  for (const to of [
    [0n, 9n],
    [0n, 10n],
    [0n, null],
    [9n, 12n],
    [3n, 3n],
  ] as [bigint, bigint | null][]) {
    expect(tightens([0n, 9n], to), to.join()).toBe(false);
  }
  expect(isGood(operating({ op: "tighten", node: "a", ...range }))).toBe(false);
});

test("what is no input at all is refused in words", () => {
  const wrong = [
    { at: 0, kind: "explode" },
    { at: 0, kind: "cut", between: [0] },
    { at: 0, kind: "cut" },
    { at: 0, kind: "weather" },
    { at: 0, kind: "weather", conditions: FAIR, between: [1, 1] },
    { at: 0, kind: "operation", replica: 0 },
    operating({ op: "explode", node: "a", ...range }),
    { at: 0, kind: "operation", replica: 0, operations: [null] },
  ];
  for (const input of wrong) expect(faultIn(input as Input)).toMatch(/^[A-Z].+\.$/);
  expect(isGood({ at: 0, kind: "weather", conditions: FAIR, between: [0, 1] })).toBe(true);
});

test("replicas have letters", () => {
  expect([0, 1, limits.REPLICAS_MAX - 1].map(nameOf)).toEqual(["A", "B", "P"]);
});
