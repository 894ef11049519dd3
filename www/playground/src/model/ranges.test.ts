import type { Registration } from "crdt-range-map";
import { expect, test } from "vitest";
import { neighbourOf } from "./ranges";

const named = (node: string, start: number, end: number | null): Registration => ({
  node,
  start: BigInt(start),
  end: end === null ? null : BigInt(end),
  priority: 1,
});

test("one goes on from where a registration is, and from where it was", () => {
  const all = [named("a", 0, 5), named("b", 0, 5), named("a", 0, null), named("a", 7, 9)];
  all.forEach((registration, index) => {
    expect(neighbourOf(all, registration, 1)).toBe(index + 1);
    expect(neighbourOf(all, registration, -1)).toBe(index - 1);
    const rest = all.toSpliced(index, 1);
    expect(neighbourOf(rest, registration, 1)).toBe(index);
    expect(neighbourOf(rest, registration, -1)).toBe(index - 1);
  });
});
