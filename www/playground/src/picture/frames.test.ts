import { describe, expect, test } from "vitest";
import { seeded } from "../model/random";
import { answerKey, framesOf } from "./frames";
import { Registrations, Splits } from "./ranges";
import type { Frame, Owner, Row, Split } from "./scene";

const KEYS = 40;

/** Splits of a replica that has these owners at each key. */
function splitsOf(owners: readonly (readonly Owner[])[]): Split[] {
  const splits: Split[] = [];
  owners.forEach((here, key) => {
    const last = splits.at(-1);
    const end = key + 1 === owners.length ? Infinity : key + 1;
    if (last !== undefined && answerKey(last.owners) === answerKey(here)) splits[splits.length - 1] = { ...last, end };
    else splits.push({ start: key, end, owners: here });
  });
  return splits;
}

function rowOf(replica: number, owners: readonly (readonly Owner[])[]): Row {
  return {
    replica,
    name: String.fromCharCode(65 + replica),
    presence: "online",
    registrations: Registrations.NONE,
    splits: Splits.of(splitsOf(owners)),
  };
}

function randomOwners(random: () => number): Owner[] {
  const nodes = ["oak", "maple", "elm"].filter(() => random() < 0.4);
  return nodes.map((node) => ({ node, priority: 1 + Math.floor(random() * 2) }));
}

/** What is wrong with the frames at a key, by what each row answers there. */
function faultsAt(frames: readonly Frame[], answers: readonly string[], key: number): string[] {
  const here = answers.map((_, row) =>
    frames.filter((frame) => frame.row === row && frame.start <= key && key < frame.end),
  );
  return answers.flatMap((answer, row) => {
    const [frame, ...more] = here[row] ?? [];
    const faults = more.length > 0 ? [`two frames of row ${row}`] : [];
    answers.forEach((other, place) => {
      const isApart = frame !== undefined || (here[place]?.length ?? 0) > 0;
      if (answer !== other && !isApart) faults.push(`rows ${row} and ${place} differ`);
    });
    if (frame === undefined) return faults;
    // It differs from those that it names, and they are at least as many as say what it says.
    if (frame.unlike.some((place) => answers[place] === answer)) faults.push(`row ${row} is like one that it names`);
    if (frame.unlike.length < answers.filter((other) => other === answer).length)
      faults.push(`row ${row} says what most say`);
    return faults;
  });
}

describe("frames", () => {
  test("two rows that differ at a key are framed apart there, and nothing else is: 2,000 random worlds against every key", () => {
    for (let seed = 0; seed < 2000; seed++) {
      const random = seeded(seed);
      const base = Array.from({ length: KEYS }, () => randomOwners(random));
      const worlds = Array.from({ length: 2 + Math.floor(random() * 4) }, () =>
        base.map((owners) => (random() < 0.8 ? owners : randomOwners(random))),
      );
      const frames = framesOf(worlds.map((owners, replica) => rowOf(replica, owners)));
      for (let key = 0; key < KEYS; key++) {
        const answers = worlds.map((owners) => answerKey(owners[key] ?? []));
        const faults = faultsAt(frames, answers, key);
        if (faults.length > 0) expect.fail(`seed ${seed}, key ${key}: ${faults.join()}`);
      }
    }
  });

  test("a difference up to the end of the key space, and next to each other ones that name others", () => {
    const oak = [{ node: "oak", priority: 1 }];
    const rows: Row[] = [
      rowOf(0, []),
      { ...rowOf(1, []), splits: Splits.of([{ start: 5, end: Infinity, owners: oak }]) },
      rowOf(2, []),
    ];
    expect(framesOf(rows)).toEqual([{ row: 1, start: 5, end: Infinity, unlike: [0, 2] }]);
    expect(framesOf(rows.slice(0, 1))).toEqual([]);
    expect(framesOf([])).toEqual([]);
  });
});
