// Links of a map, ids that change by themselves, and calls that go wrong.
import { describe, expect, test, vi } from "vitest";
import {
  agree,
  collect,
  code,
  Connection,
  Copy,
  Journal,
  Line,
  map,
  medium,
  RangeMap,
  Recording,
  refusal,
  seen,
  splits,
  until,
  wrong,
  type Channel,
} from "./kit.js";

type ReplicaChange = Parameters<Parameters<RangeMap["onReplica"]>[0]>[0];

const ends = (line = new Line()): [Channel, Channel] => [line.open(), line.open()];

describe("links", () => {
  test("a map has several connections at once, and what comes over one goes on over the others", async () => {
    const [one, between, other] = [map(1), map(2), map(3)];
    const [left, right] = [new Line(), new Line()];
    one.connect(left.open());
    const connections = [between.connect(left.open()), between.connect(right.open())];
    other.connect(right.open());
    one.register("one", 0, 10);
    other.register("other", 20, 30);
    await until(() => agree(one, between, other));
    expect(splits(one)).toEqual(["[0, 10) one:1", "[20, 30) other:1"]);

    connections[0]!.close();
    expect(connections.map(({ isOpen }) => isOpen)).toEqual([false, true]);
    one.register("alone", 0, 10);
    other.register("still", 20, 30);
    await until(() => agree(between, other));
    expect(splits(between)).toEqual(["[0, 10) one:1", "[20, 30) other:1 still:1"]);
  });

  test("each connection counts what went over it", async () => {
    const [here, there] = [map(1), map(2)];
    const [line, silent] = [new Line(), new Recording()];
    const [busy, idle] = [here.connect(line.open()), here.connect(silent)];
    there.connect(line.open());
    there.register("a", 0, 10);
    await until(() => agree(here, there));
    await until(() => idle.statistics().posted.delta > 0);
    expect(busy.statistics().messagesReceived).toBeGreaterThan(0);
    expect(idle.statistics().messagesReceived).toBe(0);
    expect(idle.statistics().messagesPosted).toBe(silent.posts.length);
  });

  test("neighbours in a ring, each linked to two, agree, also when one link breaks", async () => {
    const maps = [1, 2, 3, 4, 5].map(map);
    const links = maps.map((here, at) => {
      const [to, from] = ends();
      const next = maps[(at + 1) % maps.length]!;
      return [here.connect(to, { kind: "neighbour" }), next.connect(from, { kind: "neighbour" })];
    });
    for (const [at, here] of maps.entries()) here.register(`n${at}`, at, 10);
    await until(() => agree(...maps));
    for (const end of links[0]!) end.close();
    for (const [at, here] of maps.entries()) here.increase(`n${at}`, at, 10);
    await until(() => agree(...maps));
    expect(maps[0]!.registrations().map(({ priority }) => priority)).toEqual([2, 2, 2, 2, 2]);
  });

  test("a medium and a neighbour are bridged", async () => {
    const [one, two, bridge, far] = [map(1), map(2), map(3), map(4)];
    for (const each of [one, two, bridge]) each.connect("bridged", { kind: "medium" });
    const { port1, port2 } = new MessageChannel();
    bridge.connect(port1 as unknown as Channel, { kind: "neighbour" });
    far.register("far", 0, 10);
    far.connect(port2 as unknown as Channel, { kind: "neighbour" });
    one.register("one", 0, 10);
    await until(() => agree(one, two, bridge, far) && far.registrations().length === 2);
  });

  test("presence is told by each connection of its own channel", async () => {
    const [left, between, right] = [map(1), map(2), map(3)];
    const [toLeft, toRight] = [ends(), ends()];
    left.connect(toLeft[0], { name: "left" });
    right.connect(toRight[0], { name: "right" });
    const connections = [
      between.connect(toLeft[1], { name: "between" }),
      between.connect(toRight[1], { name: "between" }),
    ];
    await until(() => connections.every((connection) => seen(connection).length === 1));
    expect(connections.map(seen)).toEqual([["1 left alive"], ["3 right alive"]]);
  });
});

describe("ids", () => {
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
});

describe("misuse", () => {
  const calls: Record<string, (here: RangeMap) => unknown> = {
    apply: (here) => here.apply([]),
    connect: (here) => here.connect(new Recording()),
    context: (here) => here.context(),
    decrease: (here) => here.decrease("a", 0, 1),
    deltaSince: (here) => here.deltaSince(new Uint8Array(1)),
    fingerprint: (here) => here.fingerprint(),
    gaps: (here) => here.gaps(),
    increase: (here) => here.increase("a", 0, 1),
    journal: (here) => here.journal(() => {}),
    maintain: (here) => here.maintain(),
    merge: (here) => here.merge(new Uint8Array()),
    onChange: (here) => here.onChange(() => {}),
    onReplica: (here) => here.onReplica(() => {}),
    owners: (here) => here.owners(1),
    ownersOf: (here) => here.ownersOf([1]),
    priority: (here) => here.priority("a", 0, 1),
    register: (here) => here.register("a", 0, 1),
    registrations: (here) => here.registrations(),
    release: (here) => here.release("a", 0, 1),
    replica: (here) => here.replica,
    retire: (here) => here.retire(9n),
    setReplica: (here) => here.setReplica(9n),
    splitColumns: (here) => here.splitColumns(),
    splits: (here) => here.splits(),
    state: (here) => here.state(),
    tighten: (here) => here.tighten("a", { start: 0, end: 2 }, { start: 0, end: 1 }),
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
    const methods = Object.getOwnPropertyNames(RangeMap.prototype).filter((name) => !name.startsWith("_"));
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

  test("connections end with their map, and still tell what they counted", () => {
    const here = map(1);
    const [end, other] = medium() as [Recording, Recording];
    const connection = here.connect(end, { name: "here" });
    map(2).connect(other, { name: "there" });
    const before = connection.statistics();
    here.free();
    connection.close();
    connection[Symbol.dispose]();
    expect(connection.isOpen).toBe(false);
    expect(connection.peers()).toEqual([]);
    expect(connection.statistics().messagesReceived).toBeGreaterThanOrEqual(before.messagesReceived);
    expect(end.closedWith).toEqual([null]);
  });

  test("a map may be freed by its own callback, within the operation", () => {
    const here = map(1);
    const connection = here.connect(new Recording());
    here.onChange(() => here.free());
    const delta = here.register("a", 0, 1);
    expect(connection.isOpen).toBe(false);
    expect(code(() => here.splits())).toBe("freed");
    const other = map(2);
    other.merge(delta);
    expect(splits(other)).toEqual(["[0, 1) a:1"]);
  });

  test("options are checked, and a channel is left as it was if one is wrong", () => {
    const here = map(1);
    const end = new Recording();
    const refused = [
      ...[5, "x", null].map((value) => ["options", value] as const),
      ...["bus", null, 1].map((kind) => ["kind", { kind }] as const),
      ...[5, null, {}].map((name) => ["name", { name }] as const),
      ...[5, {}, true].map((locks) => ["locks", { name: "n", locks }] as const),
      ["nmae", { nmae: "typo" }] as const,
    ];
    for (const [word, options] of refused) {
      const error = refusal(() => here.connect(end, wrong(options)));
      expect(error.code).toBe("invalid-options");
      expect(error.message).toContain(word);
    }
    expect([end.onmessage, end.posts, end.closedWith]).toEqual([null, [], []]);
    here.connect(end, { name: undefined, kind: undefined, locks: null });
    expect(end.posts.length).toBeGreaterThan(0);
  });

  test("the classes have their names", () => {
    const here = map(1);
    const connection = here.connect(new Recording());
    const journal = here.journal(() => {});
    expect([RangeMap.name, Connection.name, Journal.name]).toEqual(["RangeMap", "Connection", "Journal"]);
    const tags = [here, connection, journal].map((it) => Object.prototype.toString.call(it));
    expect(tags).toEqual(["[object RangeMap]", "[object Connection]", "[object Journal]"]);
  });
});

describe("memory", () => {
  /** Maps that nobody holds but their own callbacks. */
  const forgotten = (prepare: (here: RangeMap) => void) => {
    const here = new RangeMap();
    here.onChange(() => here.splits());
    prepare(here);
    return new WeakRef(here);
  };

  test("a map that only its callbacks mention is collected", async () => {
    const refs = [
      forgotten(() => {}),
      forgotten((here) => here.onReplica(() => here.splits())),
      forgotten((here) => here.connect(new Recording()).close()),
      forgotten((here) => {
        const connection = here.connect(new Recording(), { name: "here" });
        connection.onPeers(() => here.splits());
        connection.close();
      }),
    ];
    await collect();
    expect(refs.map((ref) => ref.deref())).toEqual([undefined, undefined, undefined, undefined]);
  });

  test("a map with an open connection lives until that is closed", async () => {
    const there = map(2);
    const heard = vi.fn();
    const connections: Connection[] = [];
    const ref = forgotten((here) => {
      here.onChange(heard);
      connections.push(here.connect("alive"));
    });
    await collect();
    there.connect("alive");
    there.register("a", 0, 10);
    await until(() => heard.mock.calls.length > 0);
    connections.pop()!.close();
    await collect();
    expect(ref.deref()).toBeUndefined();
  });

  test("a connection with a name that is closed leaves no memory behind", async () => {
    const { RangeMap, sizes } = await Copy.load();
    const rounds = async (count: number) => {
      for (let done = 0; done < count; done += 1) {
        new RangeMap(1n).connect(new Recording(), { name: "here" }).close();
        if (done % 20 === 0) await collect();
      }
    };
    await rounds(100);
    const before = sizes();
    await rounds(400);
    expect(Math.max(...sizes().map((size, at) => size - before[at]!))).toBeLessThan(200_000);
  });
});
