import { expect, test } from "vitest";
import type { Input, What } from "./input";
import { Log } from "./log";
import { sampleLog } from "./samples";
import { spansUntil } from "./spans";
import { World } from "./world";

test("spans begin and end as the log says, and those that are open end with the moment", () => {
  const inputs: readonly (readonly [number, What])[] = [
    [0, { kind: "join", replica: 0 }],
    [0, { kind: "join", replica: 1 }],
    [5, { kind: "cut", between: [1, 0] }],
    [6, { kind: "cut", between: [0, 1] }],
    [7, { kind: "offline", replica: 0 }],
    [9, { kind: "mend", between: [0, 1] }],
    [10, { kind: "crash", replica: 0 }],
    [12, { kind: "restart", replica: 0 }],
    [14, { kind: "leave", replica: 1 }],
    [14, { kind: "told", replica: 2, knows: null }],
    [15, { kind: "told", replica: 2, knows: { id: 1n, fingerprint: "0".repeat(16), registrations: [] } }],
    [16, { kind: "told", replica: 2, knows: null }],
    [18, { kind: "leave", replica: 2 }],
  ];
  const { log } = Log.of(
    1,
    inputs.map(([at, what]): Input => ({ at, ...what })),
  );
  const text = (until: number) =>
    spansUntil(log ?? sampleLog(0), until).map(
      (it) => `${it.kind} ${it.kind === "cut" ? it.between : it.replica} ${it.from}-${it.to}`,
    );
  expect(text(4)).toEqual([]);
  expect(text(8)).toEqual(["cut 0,1 5-8", "offline 0 7-8"]);
  expect(text(20)).toEqual([
    "cut 0,1 5-9",
    "offline 0 7-10",
    "crashed 0 10-12",
    "gone 1 14-20",
    "unheard 2 16-18",
    "gone 2 18-20",
  ]);
});

test("spans are what the world was like", () => {
  let seen = 0;
  for (let seed = 0; seed < 100; seed++) {
    const log = sampleLog(seed);
    const world = new World(log);
    const until = (log.inputs.at(-1)?.at ?? 0) + 100;
    const spans = spansUntil(log, until);
    for (let at = 50; at < until; at += 487) {
      world.runTo(at);
      const now = spans.filter(({ from, to }) => from <= at && at < to);
      seen += now.length;
      world.replicas.forEach((it, replica) => {
        const away = now.filter((span) => span.kind !== "cut" && span.replica === replica).map(({ kind }) => kind);
        expect(away).toEqual(it === undefined || it.presence === "online" ? [] : [it.presence]);
        for (let other = 0; other < replica; other++) {
          const isCut = now.some(
            (span) => span.kind === "cut" && span.between[0] === other && span.between[1] === replica,
          );
          expect(isCut).toBe(world.network.isCut([replica, other]));
        }
      });
    }
    world.free();
  }
  expect(seen).toBeGreaterThan(1_000);
});
