// Methods that are called before there is anything, after it is gone, or on something else.
import { expect, test } from "vitest";
import { code, Connection, Copy, Journal, map, RangeMap, Recording, wrong } from "./kit.js";

const calls: Record<string, (here: RangeMap) => unknown> = {
  advice: (here) => here.advice("a", [], new Map()),
  apply: (here) => here.apply([]),
  attributes: (here) => here.attributes(),
  carve: (here) => here.carve("a", { start: 0, end: 2 }, { start: 0, end: 1 }),
  connect: (here) => here.connect(new Recording()),
  context: (here) => here.context(),
  cover: (here) => here.cover(0, 1),
  decrease: (here) => here.decrease("a", 0, 1),
  deltaSince: (here) => here.deltaSince(new Uint8Array(1)),
  down: (here) => here.down(),
  drain: (here) => here.drain("a", 0, 1, 2),
  evict: (here) => here.evict(9n),
  evictAfterMs: (here) => here.evictAfterMs,
  fingerprint: (here) => here.fingerprint(),
  gaps: (here) => here.gaps(),
  gapsIn: (here) => here.gapsIn(0, 1),
  gone: (here) => here.gone(),
  handOver: (here) => here.handOver("a", 0, 1, "b"),
  increase: (here) => here.increase("a", 0, 1),
  isEphemeral: (here) => here.isEphemeral,
  journal: (here) => here.journal(() => {}),
  leave: (here) => here.leave(),
  living: (here) => here.living,
  maintain: (here) => here.maintain(),
  markDown: (here) => here.markDown("a"),
  markUp: (here) => here.markUp("a"),
  merge: (here) => here.merge(new Uint8Array()),
  moveTo: (here) => here.moveTo("a", { start: 0, end: 2 }, { start: 0, end: 1 }),
  neededIn: (here) => here.neededIn("a", 0, 1, 2),
  nodes: (here) => here.nodes(),
  onAttributes: (here) => here.onAttributes(() => {}),
  onChange: (here) => here.onChange(() => {}),
  onReplica: (here) => here.onReplica(() => {}),
  owners: (here) => here.owners(1),
  ownersIn: (here) => here.ownersIn(0, 1),
  ownersOf: (here) => here.ownersOf([1]),
  ownersSince: (here) => here.ownersSince(1, "0".repeat(48)),
  priority: (here) => here.priority("a", 0, 1),
  register: (here) => here.register("a", 0, 1),
  registrations: (here) => here.registrations(),
  registrationsIn: (here) => here.registrationsIn(0, 1),
  registrationsOf: (here) => here.registrationsOf("a"),
  release: (here) => here.release("a", 0, 1),
  replica: (here) => here.replica,
  retire: (here) => here.retire(9n),
  route: (here) => here.route(1),
  servedByFewerThan: (here) => here.servedByFewerThan(1, 0, 1),
  servedByMoreThan: (here) => here.servedByMoreThan(1, 0, 1),
  setAttributes: (here) => here.setAttributes({ zone: "east" }),
  setPriority: (here) => here.setPriority("a", 0, 1, 2),
  setReplica: (here) => here.setReplica(9n),
  splitColumns: (here) => here.splitColumns(),
  splits: (here) => here.splits(),
  splitsIn: (here) => here.splitsIn(0, 1),
  standIn: (here) => here.standIn("a", "b", 0, 1),
  state: (here) => here.state(),
  tighten: (here) => here.tighten("a", { start: 0, end: 2 }, { start: 0, end: 1 }),
  unite: (here) => here.unite("a", 0, 2),
  version: (here) => here.version(),
  watch: (here) => here.watch({ start: 0, end: 1 }, () => {}),
};

test("before init() there are no maps", async () => {
  const copy = await Copy.load(false);
  expect(code(() => new copy.RangeMap())).toBe("not-initialized");
});

test("after free() every method says so, and free() again does nothing", () => {
  const here = map(1);
  here.free();
  here.free();
  here[Symbol.dispose]();
  const codes = Object.entries(calls).map(([name, call]) => [name, code(() => call(here))]);
  expect(codes).toEqual(Object.keys(calls).map((name) => [name, "freed"]));
  const prototypes: object[] = [];
  for (let of: object = RangeMap.prototype; of !== Object.prototype; of = Object.getPrototypeOf(of) as object) {
    prototypes.push(of);
  }
  expect(prototypes).toHaveLength(3);
  const methods = prototypes
    .flatMap((prototype) => Object.getOwnPropertyNames(prototype))
    .filter((name) => !name.startsWith("_"));
  expect(methods.filter((name) => !["constructor", "free", ...Object.keys(calls)].includes(name))).toEqual([]);
});

test("what is no map of this copy of the package is refused", async () => {
  const copy = await Copy.load();
  for (const stranger of [{}, null, 5, new copy.RangeMap(7n), RangeMap.prototype, new Proxy(map(1), {})].map(wrong)) {
    const { prototype } = RangeMap;
    expect(code(() => prototype.owners.call(stranger, 1))).toBe("invalid-this");
    expect(code(() => prototype.register.call(stranger, "a", 0, 1))).toBe("invalid-this");
    expect(code(() => Reflect.get(prototype, "replica", stranger))).toBe("invalid-this");
  }
  expect(code(() => Connection.prototype.statistics.call(wrong({})))).toBe("invalid-this");
  expect(code(() => Journal.prototype.take.call(wrong({})))).toBe("invalid-this");
});

test("the classes have their names", () => {
  const here = map(1);
  const connection = here.connect(new Recording());
  const journal = here.journal(() => {});
  expect([RangeMap.name, Connection.name, Journal.name]).toEqual(["RangeMap", "Connection", "Journal"]);
  const tags = [here, connection, journal].map((it) => Object.prototype.toString.call(it));
  expect(tags).toEqual(["[object RangeMap]", "[object Connection]", "[object Journal]"]);
});
