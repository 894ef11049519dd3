// Ids that change by themselves: of who was retired though it lives, or is not alone under its id.
import { expect, test, vi } from "vitest";
import { code, Line, map, RangeMap, splits, until, wrong, type Channel } from "./kit.js";

type ReplicaChange = Parameters<Parameters<RangeMap["onReplica"]>[0]>[0];

const ends = (line = new Line()): [Channel, Channel] => [line.open(), line.open()];

test("a map that learns that it was retired goes on under another id at once", () => {
  const [here, there] = [map(1), map(2)];
  const changes: ReplicaChange[] = [];
  const unsubscribe = here.onReplica((change) => changes.push(change));
  there.merge(here.register("a", 0, 10));
  here.merge(there.retire(1n));
  const { replica } = here;
  expect(replica).not.toBe(1n);
  expect(changes).toHaveLength(1);
  expect(changes[0]).toMatchObject({ from: 1n, to: replica, reason: "retired" });
  expect(Array.isArray(changes[0]!.unheard)).toBe(true);
  there.merge(here.register("b", 20, 30));
  there.merge(here.state());
  expect(splits(there)).toEqual(["[0, 10) a:1", "[20, 30) b:1"]);
  expect("isRetired" in here).toBe(false);

  unsubscribe();
  unsubscribe();
  here.merge(there.retire(replica));
  expect(here.replica).not.toBe(replica);
  expect(changes).toHaveLength(1);
  expect(code(() => here.onReplica(wrong(undefined)))).toBe("invalid-callback");
});

test("what nobody had heard of when the id was retired is told", async () => {
  const [here, there] = [map(1), map(2)];
  there.merge(here.register("heard", 0, 10));
  here.register("unheard", 20, null);
  there.retire(1n);
  const [end, other] = ends();
  const changed = vi.fn();
  here.onReplica(changed);
  here.connect(end);
  there.connect(other);
  await until(() => here.replica !== 1n);
  const unheard = [{ node: "unheard", start: 20n, end: null }];
  expect(changed.mock.calls).toStrictEqual([[{ from: 1n, to: here.replica, reason: "retired", unheard }]]);
  here.register("after", 0, 10);
  await until(() => there.priority("after", 0, 10) === 1);
});

test("two writers of one id find out, and each says what it did under its own", async () => {
  const [here, there, witness] = [map(1), map(1), map(3)];
  const reasons: string[] = [];
  for (const each of [here, there]) each.onReplica(({ reason }) => reasons.push(reason));
  here.register("here", 0, 10);
  there.register("there", 0, 10);
  for (const each of [here, there, witness]) each.connect("twins");
  const both = "[0, 10) here:1 there:1";
  await until(() => [here, there, witness].every((each) => splits(each).join() === both));
  expect(here.replica).not.toBe(there.replica);
  expect(new Set(reasons)).toEqual(new Set(["twin"]));
});

test("whoever sets an id is not told of it, and a callback may call the map", () => {
  const [here, there] = [map(1), map(2)];
  const changed = vi.fn(() => void here.register("within", 0, 10));
  here.onReplica(changed);
  here.setReplica(5n);
  expect([here.replica, changed.mock.calls.length]).toEqual([5n, 0]);
  here.merge(there.retire(5n));
  expect(changed).toHaveBeenCalledTimes(1);
  expect(here.priority("within", 0, 10)).toBe(1);
});
