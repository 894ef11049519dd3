import { describe, expect, test } from "vitest";
import type { Operation } from "../world/input";
import { Log } from "../world/log";
import { numberBelow } from "../world/random";
import { sampleLog, SMALL } from "../world/samples";
import { Timeline } from "../world/timeline";
import type { WorldView } from "../world/view";
import { at, join } from "../stories/write";
import { rowsOf } from "./moment";
import { wordingOf } from "./wording";
import { partsOf, sumOf, unheardAt, whyApart, whyOrder, whyPriority } from "./why";

const WORLDS = 1000;

/** A random moment of each of many worlds. */
function eachWorld(look: (view: WorldView, log: Log, seed: number) => void): void {
  for (let seed = 0; seed < WORLDS; seed++) {
    const log = sampleLog(seed);
    const timeline = new Timeline(log);
    const until = (log.inputs.at(-1)?.at ?? 0) + 2000;
    look(timeline.stateAt(numberBelow(until, seed, 1)), log, seed);
    timeline.free();
  }
}

/** Whether a replica did, by then, what a sentence says that it did. */
function did(log: Log, until: number, replica: string, deed: string): boolean {
  const node = deed.split(" ").at(-1);
  const verbs: readonly Operation["op"][] = deed.startsWith("released")
    ? ["release", "tighten", "decrease"]
    : ["register", "increase", "decrease", "tighten", "release"];
  return log.inputs.some(
    (input) =>
      input.kind === "operation" &&
      input.at <= until &&
      (replica === "somebody" || "ABCDEFGH"[input.replica] === replica.charAt(0)) &&
      input.operations.some((operation) => operation.node === node && verbs.includes(operation.op)),
  );
}

describe(`in ${WORLDS} random worlds`, () => {
  test("the parts of each priority sum up to what the map says, and the sentence names it", () => {
    let looked = 0;
    eachWorld((view) => {
      for (const row of rowsOf(view)) {
        const replica = view.replicas.find(({ index }) => index === row.replica);
        if (replica === undefined) throw new Error("each row is of a replica");
        for (const registration of row.registrations) {
          const { node, start, end, priority } = registration;
          const range = { start: BigInt(start), end: end === Infinity ? null : BigInt(end) };
          const parts = partsOf(view, replica, node, range);
          const sentence = whyPriority(view, replica, registration);
          if (sumOf(parts) !== priority || !sentence.startsWith(`Priority ${priority}: `)) {
            expect.fail(`${sentence} ${JSON.stringify(parts)}`);
          }
          looked++;
        }
      }
    });
    expect(looked).toBeGreaterThan(WORLDS);
  });

  test("wherever two answer otherwise, something is unheard, and whoever is said to have done it did it", () => {
    let looked = 0;
    eachWorld((view, log, seed) => {
      const there = view.replicas.filter(({ isThere }) => isThere);
      for (let key = 0; key < SMALL.keys; key += 3) {
        const answers = new Set(there.map((replica) => JSON.stringify(replica.owners(BigInt(key)))));
        const unheard = unheardAt(view, key);
        if (answers.size <= 1 !== (unheard.length === 0)) {
          expect.fail(`seed ${seed}, key ${key}: ${[...answers].join()} ${JSON.stringify(unheard)}`);
        }
        for (const { by, of, deed } of unheard) {
          looked++;
          if (by === of) expect.fail(`seed ${seed}, key ${key}: ${by} knows what it did itself: ${deed}`);
          if (!did(log, view.now, of, deed)) expect.fail(`seed ${seed}, key ${key}: ${of} never ${deed}`);
        }
      }
    });
    expect(looked).toBeGreaterThan(WORLDS / 10);
  });

  test("the order of owners is the one that the sentence gives a reason for", () => {
    eachWorld((view) => {
      for (const row of rowsOf(view)) {
        for (const { start } of row.splits) {
          const owners = row.splits.ownersAt(start);
          const [first, second] = owners;
          const sentence = whyOrder(owners, String(start));
          if (first === undefined || second === undefined) continue;
          const isByName = sentence.includes("the name decides");
          const isRight = isByName
            ? first.priority === second.priority && first.node < second.node
            : first.priority > second.priority;
          if (!isRight) expect.fail(`${sentence} ${JSON.stringify([first, second])}`);
        }
      }
    });
  });
});

test("the words", () => {
  const maple = { node: "maple", start: 300, end: 600 };
  const { log, fault } = Log.of(1, [
    ...join(0, 0, 1),
    ...at(0, 0, [
      { op: "register", ...maple },
      { op: "increase", ...maple, by: 4 },
    ]),
    { at: 1500, kind: "cut", between: [0, 1] },
    ...at(2000, 1, [{ op: "increase", ...maple, by: 2 }]),
    ...at(2500, 0, [
      { op: "release", ...maple },
      { op: "register", node: "oak", start: 0, end: 1000 },
    ]),
    { at: 3000, kind: "mend", between: [0, 1] },
  ]);
  if (log === undefined) throw new Error(fault);
  const timeline = new Timeline(log);
  const why = (time: number, row: number) => {
    const view = timeline.stateAt(time);
    const [replica, registration] = [view.replicas[row], rowsOf(view)[row]?.registrations.find(maple)];
    return replica === undefined || registration === undefined ? "" : whyPriority(view, replica, registration);
  };
  expect(why(1000, 1)).toBe("Priority 5: A registered it and added 4; a register counts 1.");
  expect(why(2200, 1)).toBe("Priority 7: A registered it and added 4 and B added 2; a register counts 1.");
  expect(whyApart(timeline.stateAt(2700), 400)).toBe(
    "B has not heard that A registered oak; A has not heard that B added 2 to maple; B has not heard that A released maple.",
  );
  expect(why(5000, 0)).toBe("Priority 2: B added 2.");
  timeline.free();
});

test("of countries the code decides, and the words say so; keys are addresses", () => {
  const wording = wordingOf({ keys: "ipv4" });
  const owners = [
    { node: "IE", priority: 1 },
    { node: "IS", priority: 1 },
  ];
  expect(whyOrder(owners, "25.200.0.1", wording)).toBe(
    "Ireland comes before Iceland: both have priority 1, and then the code decides, IE before IS.",
  );
  expect(whyOrder(owners.slice(0, 1), "25.200.0.1", wording)).toBe("Only Ireland is registered for 25.200.0.1.");
  expect(whyOrder([], "25.200.0.1", wording)).toBe("No range that is registered holds 25.200.0.1.");
  expect(whyOrder([], "420")).toBe("No range that is registered holds key 420.");
});
