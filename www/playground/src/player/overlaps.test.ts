import { expect, test } from "vitest";
import { seeded } from "../model/random";
import { Replica } from "../world/replica";
import { columnsOf } from "./moment";
import { overlapsIn } from "./overlaps";

test("as many owners are counted as the splits of a replica have: 300 random maps of different nodes", () => {
  const random = seeded(7);
  const below = (most: number) => Math.floor(random() * most);
  for (let count = 0; count < 300; count++) {
    const replica = new Replica();
    replica.start(5n, 1n);
    for (let node = below(12); node > 0; node--) {
      const start = BigInt(below(30));
      const end = below(5) === 0 ? null : start + 1n + BigInt(below(20));
      replica.apply([{ op: "register", node: `n${node}`, start, end }]);
    }
    const all = { start: 0n, end: null };
    expect(overlapsIn(columnsOf(replica.registrationsIn(all)))).toBe(replica.splitsIn(all).nodes.length);
    replica.free();
  }
});

test("a hundred thousand ranges that all lie over each other are counted soon", () => {
  const starts = Float64Array.from({ length: 100_000 }, (_, place) => place);
  const ends = starts.map((start) => 1_000_000 - start);
  expect(overlapsIn({ starts, ends })).toBe(100_000 ** 2);
});
