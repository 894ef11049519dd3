import { expect, test } from "vitest";
import { numberBelow } from "../world/random";
import { grouped } from "./numbers";

test("whole numbers are grouped as the browser's own format groups them", () => {
  const edges = Array.from({ length: 16 }, (_, digits) => [10 ** digits - 1, 10 ** digits]).flat();
  const others = Array.from({ length: 1000 }, (_, count) => numberBelow(2 ** 32, 1, count));
  for (const count of [...edges, ...others, Number.MAX_SAFE_INTEGER])
    expect(grouped(count)).toBe(count.toLocaleString("en"));
});
