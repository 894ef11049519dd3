// What is freed is gone, and leaves no memory behind.
import { expect, test, vi } from "vitest";
import {
  agree,
  code,
  collect,
  type Connection,
  Copy,
  map,
  medium,
  RangeMap,
  Recording,
  register,
  splits,
  until,
} from "./kit.js";

test("a map that is freed is gone, and calls nobody", () => {
  const here = map(1);
  const heard = vi.fn();
  const unsubscribe = here.onChange(heard);
  here.free();
  expect(() => here.register("a", 0, 1)).toThrow();
  expect(() => here.splits()).toThrow();
  expect(() => here.replica).toThrow();
  unsubscribe();
  expect(heard).not.toHaveBeenCalled();
});

test("using a map frees it where there is Symbol.dispose", () => {
  const here = map(1);
  const connection = here.connect(new Recording());
  here[Symbol.dispose]();
  expect(() => here.splits()).toThrow();
  expect(connection.isOpen).toBe(false);
});

test("freeing the object of a connection closes it", async () => {
  const [here, there] = [map(1), map(2)];
  const [end, other] = [new Recording(), new Recording()];
  here.connect(end).free();
  expect(end.closedWith).toEqual([null]);
  here.connect(other)[Symbol.dispose]();
  expect(other.closedWith).toEqual([null]);
  // And the map goes on.
  here.connect("after");
  there.connect("after");
  here.register("a", 0, 1);
  await until(() => agree(here, there));
});

test("a connection lives whether or not its object is kept, and the map with it", async () => {
  const there = map(2);
  const connect = () => void map(1).connect("kept");
  connect();
  await collect();
  const connection = there.connect("kept");
  await until(() => connection.statistics().messagesReceived > 0);
});

test("what is freed leaves neither memory nor references behind", async () => {
  const { RangeMap, sizes } = await Copy.load();
  vi.stubGlobal("reportError", () => {});
  const persisting = new RangeMap(3n);
  // Its log of recent changes is as long as it may become.
  const release = { ...register("a", 0, 1), op: "release" } as const;
  const again = Array.from({ length: 500 }, () => [register("a", 0, 1), release]).flat();
  for (let count = 0; count < 100; count += 1) persisting.apply(again);
  persisting.onChange(() => {
    throw "noise";
  });
  const round = () => {
    persisting.register("a", 0, 1);
    persisting.release("a", 0, 1);
    const [here, there] = [new RangeMap(1n), new RangeMap(2n)];
    for (let start = 0; start < 20; start += 1) here.register("a", start, 100);
    there.merge(here.state());
    there.splits();
    const closed = here.connect(new Recording());
    closed.close();
    here.connect(new Recording()).free();
    const last = here.connect(new Recording(), { name: "last" });
    here.release("a", 0, 100);
    for (const done of [here, there, closed, last]) done.free();
  };
  // The first rounds fill caches and make the heap as large as it has to be.
  for (let count = 0; count < 500; count += 1) round();
  const before = sizes();
  for (let count = 0; count < 1000; count += 1) round();
  expect(sizes()).toEqual(before);
});

test("what is forgotten is freed by the garbage collector", async () => {
  const { RangeMap, sizes } = await Copy.load();
  let thrown = 0;
  const round = () => {
    const here = new RangeMap(1n);
    here.register("a", 0, 100);
    here.onChange(() => {});
    here.connect(new Recording()).close();
    try {
      here.owners(-1);
    } catch {
      thrown += 1;
    }
  };
  const rounds = async (count: number) => {
    for (let done = 0; done < count; done += 1) {
      round();
      if (done % 20 === 0) await collect();
    }
  };
  await rounds(100);
  const before = sizes();
  await rounds(400);
  // It depends on when the collector runs, but a map takes more than a few hundred bytes, and some references.
  expect(Math.max(...sizes().map((size, at) => size - before[at]!))).toBeLessThan(200_000);
  expect(thrown).toBe(500);
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

test("a large memory grows in few steps, for at each of them the engine collects garbage", async () => {
  const { RangeMap, sizes } = await Copy.load();
  const here = new RangeMap(1n);
  const steps = new Set<number>();
  for (let start = 0; start < 150_000; start += 500) {
    here.apply(Array.from({ length: 500 }, (_, at) => register("a", start + at, start + at + 1)));
    here.owners(start);
    steps.add(Math.max(...sizes()));
  }
  const large = [...steps].filter((bytes) => bytes > 6 << 20);
  expect(large.length).toBeGreaterThan(0);
  // By single pages there would be some ninety.
  expect(large.length).toBeLessThan(20);
  here.free();
});
