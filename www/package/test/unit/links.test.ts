// Several links of a map, of both kinds.
import { expect, test } from "vitest";
import { agree, Line, map, Recording, seen, splits, until, type Channel } from "./kit.js";

const ends = (line = new Line()): [Channel, Channel] => [line.open(), line.open()];

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
