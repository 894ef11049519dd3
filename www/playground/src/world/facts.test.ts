import { expect, test } from "vitest";
import { agreement, differences } from "./facts";
import { sampleLog } from "./samples";
import { WorldView } from "./view";
import { World } from "./world";

const KEYS = 40;

function viewOf(seed: number, at: number): WorldView {
  const world = new World(sampleLog(seed));
  world.runTo(at);
  return new WorldView(world);
}

/** The owners at each replica that is there, as texts, of one key. */
function textsAt(view: WorldView, key: bigint): string[] {
  return view.replicas.filter(({ isThere }) => isThere).map(({ owners }) => JSON.stringify(owners(key)));
}

test("differences are those that are found key by key, and no two neighbours are alike", () => {
  let [different, alike, unbounded] = [0, 0, 0];
  for (let seed = 0; seed < 150; seed++) {
    const view = viewOf(seed, 300 * (seed % 50));
    const found = differences(view);
    // Ranges begin below KEYS, and are at most as long and one.
    for (let key = 0n; key < BigInt(2 * KEYS + 5); key++) {
      const texts = textsAt(view, key);
      const within = found.filter(({ start, end }) => start <= key && (end === null || key < end));
      expect(within.length, `seed ${seed}, key ${key}`).toBe(new Set(texts).size > 1 ? 1 : 0);
      const there = view.replicas.filter(({ isThere }) => isThere);
      for (const { replicas, owners } of within[0]?.groups ?? []) {
        const same = there.filter((_, place) => texts[place] === JSON.stringify(owners)).map(({ index }) => index);
        expect(replicas).toEqual(same);
      }
      if (within[0]) {
        expect(within[0].groups.flatMap(({ replicas }) => replicas).toSorted()).toEqual(
          there.map(({ index }) => index),
        );
        different += 1;
      } else {
        alike += 1;
      }
    }
    found.forEach(({ start, end, groups }, place) => {
      const next = found[place + 1];
      if (next === undefined) return void (unbounded += Number(end === null));
      expect(end !== null && end <= next.start && start < end).toBe(true);
      if (end === next.start) expect(next.groups).not.toEqual(groups);
    });
    view.free();
  }
  // All of that came up.
  expect(Math.min(different, alike)).toBeGreaterThan(300);
  expect(unbounded).toBeGreaterThan(3);
});

test("who has the same fingerprint knows the same, and all that are there are in one group", () => {
  let [agreed, disagreed] = [0, 0];
  for (let seed = 0; seed < 100; seed++) {
    const view = viewOf(seed, 250 * (seed % 40));
    const { isAgreed, groups } = agreement(view);
    const there = view.replicas.filter(({ isThere }) => isThere).map(({ index }) => index);
    expect(groups.flat().toSorted()).toEqual(there);
    expect(isAgreed).toBe(groups.length < 2);
    for (const group of groups) {
      const texts = group.map((index) => {
        const { names, nodes, ...columns } = view.replicas[index]?.registrationsIn({ start: 0n, end: null }) ?? {
          names: [],
          nodes: [],
        };
        return JSON.stringify([Array.from(nodes, (node) => names[node]), Object.values(columns).map(String)]);
      });
      expect(new Set(texts).size).toBe(1);
    }
    if (isAgreed) expect(differences(view)).toEqual([]);
    agreed += Number(isAgreed);
    disagreed += Number(!isAgreed);
    view.free();
  }
  expect(Math.min(agreed, disagreed)).toBeGreaterThan(5);
});
