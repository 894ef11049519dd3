// Arguments that run code: they are taken apart before anything is borrowed, so whatever they do to the map comes first.
import { expect, test, vi } from "vitest";
import { increase, map, Recording, wrong, type RangeMap } from "./kit.js";

/** Every argument of every method, and every part of one. */
const calls: Record<string, (here: RangeMap, evil: never) => unknown> = {
  "owners(key)": (here, evil) => here.owners(evil),
  "ownersOf(keys)": (here, evil) => here.ownersOf(evil),
  "ownersOf(a key)": (here, evil) => here.ownersOf([1, evil]),
  "tighten(node)": (here, evil) => here.tighten(evil, { start: 0, end: 9 }, { start: 0, end: 1 }),
  "tighten(from)": (here, evil) => here.tighten("a", evil, { start: 0, end: 1 }),
  "tighten(from.start)": (here, evil) => here.tighten("a", { start: evil, end: 9 }, { start: 0, end: 1 }),
  "tighten(to)": (here, evil) => here.tighten("a", { start: 0, end: 9 }, evil),
  "tighten(to.end)": (here, evil) => here.tighten("a", { start: 0, end: 9 }, { start: 0, end: evil }),
  "apply(operations)": (here, evil) => here.apply(evil),
  "apply(an operation)": (here, evil) => here.apply([increase("a", 0, 9), evil]),
  "apply(op)": (here, evil) => here.apply([{ ...increase("a", 0, 9), op: evil }]),
  "apply(node)": (here, evil) => here.apply([increase(evil, 0, 9)]),
  "apply(start)": (here, evil) => here.apply([increase("a", evil, 9)]),
  "apply(end)": (here, evil) => here.apply([increase("a", 0, evil)]),
  "apply(by)": (here, evil) => here.apply([increase("a", 0, 9, evil)]),
  "merge(delta)": (here, evil) => here.merge(evil),
  "deltaSince(context)": (here, evil) => here.deltaSince(evil),
  "retire(replica)": (here, evil) => here.retire(evil),
  "setReplica(replica)": (here, evil) => here.setReplica(evil),
  "onChange(callback)": (here, evil) => here.onChange(evil),
  "onReplica(callback)": (here, evil) => here.onReplica(evil),
  "watch(range)": (here, evil) => here.watch(evil, () => {}),
  "watch(range.start)": (here, evil) => here.watch({ start: evil, end: 9 }, () => {}),
  "watch(range.end)": (here, evil) => here.watch({ start: 0, end: evil }, () => {}),
  "watch(callback)": (here, evil) => here.watch({ start: 0, end: 9 }, evil),
  "living.watch(range)": (here, evil) => here.living.watch(evil, () => {}),
  "living.watch(callback)": (here, evil) => here.living.watch({ start: 0, end: 9 }, evil),
  "living.writers(key)": (here, evil) => here.living.writers(evil),
  "ownersSince(key)": (here, evil) => here.ownersSince(evil, here.version()),
  "ownersSince(version)": (here, evil) => here.ownersSince(5, evil),
  "attributes(replica)": (here, evil) => here.attributes(evil),
  "setAttributes(attributes)": (here, evil) => here.setAttributes(evil),
  "setAttributes(zone)": (here, evil) => here.setAttributes({ zone: evil }),
  "onAttributes(callback)": (here, evil) => here.onAttributes(evil),
  "route(options)": (here, evil) => here.route(5, evil),
  "route(distinct)": (here, evil) => here.route(5, { distinct: evil }),
  "journal(callback)": (here, evil) => here.journal(evil),
  "absorb(bytes)": (here, evil) => here.journal(() => {}).absorb(evil),
  "connect(channel)": (here, evil) => here.connect(evil),
  "connect(options)": (here, evil) => here.connect(new Recording(), evil),
  "connect(name)": (here, evil) => here.connect(new Recording(), { name: evil }),
  "connect(kind)": (here, evil) => here.connect(new Recording(), { kind: evil }),
  "connect(locks)": (here, evil) => here.connect(new Recording(), { name: "n", locks: evil }),
  "setName(name)": (here, evil) => here.connect(new Recording(), { name: "n" }).setName(evil),
  "onPeers(callback)": (here, evil) => here.connect(new Recording(), { name: "n" }).onPeers(evil),
};
for (const method of ["moveTo", "carve"] as const) {
  calls[`${method}(node)`] = (here, evil) => here[method](evil, { start: 0, end: 9 }, { start: 0, end: 1 });
  calls[`${method}(range)`] = (here, evil) => here[method]("a", evil, { start: 0, end: 1 });
  calls[`${method}(range.end)`] = (here, evil) => here[method]("a", { start: 0, end: evil }, { start: 0, end: 1 });
  calls[`${method}(other)`] = (here, evil) => here[method]("a", { start: 0, end: 9 }, evil);
}
calls["handOver(node)"] = (here, evil) => here.handOver(evil, 0, 9, "b");
calls["handOver(end)"] = (here, evil) => here.handOver("a", 0, evil, "b");
calls["handOver(to)"] = (here, evil) => here.handOver("a", 0, 9, evil);
for (const method of ["drain", "neededIn"] as const) {
  calls[`${method}(node)`] = (here, evil) => here[method](evil, 0, 9, 1);
  calls[`${method}(start)`] = (here, evil) => here[method]("a", evil, 9, 1);
  calls[`${method}(count)`] = (here, evil) => here[method]("a", 0, 9, evil);
}
calls["standIn(other)"] = (here, evil) => here.standIn("b", evil, 0, 9);
calls["standIn(end)"] = (here, evil) => here.standIn("b", "a", 0, evil);
const bucket = { start: 0, end: 9, load: 1, keys: 1 };
calls["advice(node)"] = (here, evil) => here.advice(evil, [bucket], new Map());
calls["advice(load)"] = (here, evil) => here.advice("a", evil, new Map());
calls["advice(load.keys)"] = (here, evil) => here.advice("a", [{ ...bucket, keys: evil }], new Map());
calls["advice(capacities)"] = (here, evil) => here.advice("a", [bucket], evil);
calls["advice(capacity)"] = (here, evil) => here.advice("a", [bucket], new Map([["a", evil]]));
calls["advice(aims)"] = (here, evil) => here.advice("a", [bucket], new Map(), evil);
calls["unite(node)"] = (here, evil) => here.unite(evil, 0, 9);
calls["unite(end)"] = (here, evil) => here.unite("a", 0, evil);
calls["setPriority(start)"] = (here, evil) => here.setPriority("a", evil, 9, 2);
calls["setPriority(to)"] = (here, evil) => here.setPriority("a", 0, 9, evil);
for (const method of ["register", "release", "increase", "decrease", "priority"] as const) {
  calls[`${method}(node)`] = (here, evil) => here[method](evil, 0, 9);
  calls[`${method}(start)`] = (here, evil) => here[method]("a", evil, 9);
  calls[`${method}(end)`] = (here, evil) => here[method]("a", 0, evil);
}
for (const method of ["increase", "decrease"] as const) {
  calls[`${method}(by)`] = (here, evil) => here[method]("a", 0, 9, evil);
}

/** Values that run `act` when somebody looks at them. */
function evils(act: () => void): Record<string, unknown> {
  const run =
    <T>(value: T) =>
    () => {
      act();
      return value;
    };
  const trap = (_: object, name: string) =>
    typeof Reflect.get(Reflect, name) !== "function"
      ? undefined
      : (...given: unknown[]) => {
          act();
          return Reflect.apply(Reflect.get(Reflect, name), undefined, given);
        };
  const proxied = (target: object) => new Proxy(target, new Proxy({}, { get: wrong(trap) }));
  const getters = ["start", "end", "op", "node", "by", "name", "kind", "locks", "postMessage", "close", "length"];
  const withGetters = {};
  for (const name of [...getters, Symbol.toStringTag]) {
    Object.defineProperty(withGetters, name, { enumerable: true, get: run(undefined) });
  }
  return {
    "an object with toString": { toString: run("x") },
    "an object with valueOf": { valueOf: run(1), toString: run("1") },
    "an object with toPrimitive": { [Symbol.toPrimitive]: run(1) },
    "an array with toString": Object.assign([1], { toString: run("1") }),
    "an object with getters": withGetters,
    "a proxy of an object": proxied({ start: 0, end: 5, op: "register", node: "b", name: "n" }),
    "a proxy of an array": proxied([1, 2]),
    "a proxy of bytes": proxied(new Uint8Array(3)),
    "a proxy of a function": proxied(() => {}),
    "a proxy of a channel": proxied({ postMessage() {}, close() {}, onmessage: null }),
  };
}

for (const [name, call] of Object.entries(calls)) {
  test(`${name} may run code that operates on the map or frees it`, () => {
    vi.stubGlobal("reportError", () => {});
    for (const isFreeing of [false, true]) {
      const kinds = Object.keys(evils(() => {}));
      for (const kind of kinds) {
        const here = map(1);
        here.register("a", 0, 9);
        let depth = 0;
        const act = () => {
          // What is called within is no test of its own.
          if (depth > 0) return;
          depth += 1;
          if (isFreeing) here.free();
          else here.register("within", 0, 1);
          depth -= 1;
        };
        try {
          call(here, evils(act)[kind] as never);
        } catch (error) {
          expect.soft(error, kind).toMatchObject({ name: "RangeMapError", code: expect.any(String) });
        }
        if (!isFreeing) {
          here.register("after", 5, 6);
          expect.soft(here.priority("after", 5, 6), kind).toBe(1);
        }
        here.free();
        expect.soft(() => here.splits(), kind).toThrow();
      }
    }
  });
}

test("a key that registers when it is described is refused, and the map works on", () => {
  const here = map(1);
  const evil = {
    get [Symbol.toStringTag]() {
      here.register("a", 0, 1);
      return "x";
    },
  };
  expect(() => here.owners(wrong(evil))).toThrow(expect.objectContaining({ code: "invalid-key" }));
  expect(here.priority("a", 0, 1)).toBe(1);
  here.free();
});
