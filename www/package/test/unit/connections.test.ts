// Maps of one process on BroadcastChannels: what each knows reaches all.
import { spawnSync } from "node:child_process";
import { expect, test, vi } from "vitest";
import { agree, code, map, register, splits, until, wrong, type IgnoreReason, type MessageKind } from "./kit.js";

test("an operation in one map shows in the other", async () => {
  const [here, there] = [map(1), map(2)];
  const connection = here.connect("operations");
  expect(connection.channelName).toBe("operations");
  expect(connection.isOpen).toBe(true);
  there.connect("operations");
  const heard = vi.fn();
  there.onChange(heard);

  here.register("a", 0, 100);
  await until(() => splits(there).join() === "[0, 100) a:1");
  expect(heard.mock.calls).toStrictEqual([[{ source: "remote", ranges: [{ start: 0n, end: 100n }] }]]);
  there.increase("a", 0, 100, 2);
  await until(() => splits(here).join() === "[0, 100) a:3");
  // A release makes the writers drop their records, and that is news as well.
  here.release("a", 0, 100);
  await until(() => there.splits().length === 0 && agree(here, there));
});

test("statistics count what is posted and received, by kind", async () => {
  const [here, there] = [map(1), map(2)];
  const [connection, other] = [here.connect("statistics"), there.connect("statistics")];
  here.register("a", 0, 10);
  await until(() => agree(here, there));
  const statistics = connection.statistics();
  expect(Object.keys(statistics)).toEqual([
    "messagesPosted",
    "bytesPosted",
    "messagesReceived",
    "bytesReceived",
    "messagesIgnored",
    "sessionsBegun",
    "sessionsFinished",
    "registrationsTooLong",
    "messagesTooLong",
    "posted",
    "ignored",
  ]);
  const { messagesPosted, bytesPosted, posted, ignored } = statistics;
  // The module names them; the types do too, to which the compiler holds these lists.
  const kinds: Record<MessageKind, true> = {
    delta: true,
    ask: true,
    meet: true,
    digest: true,
    presence: true,
    announce: true,
    drops: true,
  };
  const reasons: Record<IgnoreReason, true> = {
    foreign: true,
    version: true,
    "key-kind": true,
    "message-kind": true,
    "too-long": true,
    "own-replica": true,
    checksum: true,
    malformed: true,
    retired: true,
  };
  expect([Object.keys(posted), Object.keys(ignored)]).toEqual([Object.keys(kinds), Object.keys(reasons)]);
  expect(Object.values(posted).reduce((sum, count) => sum + count)).toBe(messagesPosted);
  expect(posted.delta).toBeGreaterThan(0);
  expect(posted.ask).toBeGreaterThan(0);
  expect(bytesPosted).toBeGreaterThan(messagesPosted);
  expect(Object.values(ignored).every((count) => count === 0)).toBe(true);
  const received = other.statistics();
  expect(received.messagesReceived).toBeGreaterThan(0);
  expect(received.bytesReceived).toBeGreaterThan(0);
  expect(received.messagesIgnored).toBe(0);
});

test("a late joiner catches up and brings what it has", async () => {
  const early = [map(1), map(2), map(3)];
  for (const [number, each] of early.entries()) {
    each.register("early", number, 1000);
    each.connect("late");
  }
  await until(() => agree(...early));
  const late = map(4);
  const heard = vi.fn();
  late.onChange(heard);
  late.register("late", 5, null);
  late.connect("late");
  await until(() => agree(...early, late));
  expect(late.registrations()).toHaveLength(4);
  expect(heard.mock.calls.map(([{ source }]) => source)).toContain("remote");
});

test("what is merged from elsewhere is passed on, once", async () => {
  const [here, there, elsewhere] = [map(1), map(2), map(3)];
  const connection = here.connect("passed on");
  there.connect("passed on");
  const delta = elsewhere.register("far", 0, 7);
  here.merge(delta);
  await until(() => splits(there).join() === "[0, 7) far:1");
  const { delta: deltas } = connection.statistics().posted;
  expect(deltas).toBeGreaterThan(0);
  here.merge(delta);
  // What is done then is heard after anything that the second merge would have posted.
  here.register("then", 8, 9);
  await until(() => splits(there).length === 2);
  expect(connection.statistics().posted.delta).toBe(deltas + 1);
});

test("a connection that is closed hears and says nothing more, and another takes its place", async () => {
  const [here, there, witness] = [map(1), map(2), map(3)];
  const connection = here.connect("closing");
  there.connect("closing");
  here.register("a", 0, 1);
  await until(() => agree(here, there));

  connection.close();
  connection.close();
  expect(connection.isOpen).toBe(false);
  const before = connection.statistics();
  here.register("b", 0, 1);
  there.register("c", 0, 1);
  // Who hears it later than the closed one would have.
  witness.connect("closing");
  there.register("d", 0, 1);
  there.release("d", 0, 1);
  await until(() => agree(there, witness));
  witness.free();
  expect(splits(here)).toEqual(["[0, 1) a:1 b:1"]);
  expect(splits(there)).toEqual(["[0, 1) a:1 c:1"]);
  expect(connection.statistics()).toStrictEqual(before);

  const again = here.connect("closing");
  await until(() => agree(here, there));
  expect(splits(here)).toEqual(["[0, 1) a:1 b:1 c:1"]);
  expect(again.isOpen).toBe(true);
});

test("foreign and broken messages are counted and do no harm", async () => {
  const here = map(1);
  const connection = here.connect("foreign");
  here.register("a", 0, 1);
  const stranger = new BroadcastChannel("foreign");
  const messages = [
    null,
    5,
    "hello",
    [1],
    new Float64Array(2),
    new ArrayBuffer(7),
    new Uint8Array(),
    Uint8Array.of(17, 0, 0, 0),
    new Uint8Array(5000).fill(0xff),
    new Uint8Array(2 ** 24 + 1),
    here.state(),
  ];
  for (const message of messages) stranger.postMessage(message);
  await until(() => connection.statistics().messagesIgnored >= messages.length);
  stranger.close();
  const { messagesReceived, messagesIgnored, ignored } = connection.statistics();
  expect([messagesReceived, messagesIgnored]).toEqual([messages.length, messages.length]);
  expect(Object.values(ignored).reduce((sum, count) => sum + count)).toBe(messages.length);
  expect(splits(here)).toEqual(["[0, 1) a:1"]);
});

test("callbacks may close and operate while a message is handled", async () => {
  const [here, there, witness] = [map(1), map(2), map(4)];
  const connection = there.connect("callbacks");
  here.connect("callbacks");
  there.onChange(({ source }) => {
    if (source === "local") return;
    there.register("answer", 0, 1);
    connection.close();
    there.register("after closing", 0, 1);
  });
  here.register("a", 0, 1);
  await until(() => splits(here).join() === "[0, 1) a:1 answer:1");
  expect(connection.isOpen).toBe(false);
  expect(splits(there)).toEqual(["[0, 1) a:1 after closing:1 answer:1"]);
  witness.connect("callbacks");
  here.register("b", 0, 1);
  await until(() => agree(here, witness));
  expect(splits(witness)).toEqual(["[0, 1) a:1 answer:1 b:1"]);
});

test("a callback may free its map while a message is handled", async () => {
  const [here, there, witness] = [map(1), map(2), map(3)];
  here.connect("freeing");
  witness.connect("freeing");
  const connection = there.connect("freeing");
  const freed = vi.fn(() => there.free());
  vi.stubGlobal("reportError", () => {});
  there.onChange(freed);
  here.register("a", 0, 1);
  await until(() => !connection.isOpen);
  expect(() => there.splits()).toThrow();
  here.register("b", 0, 1);
  await until(() => agree(here, witness));
  expect(freed).toHaveBeenCalledTimes(1);
});

/** Sizes of messages that are multiplied do not fit into 32 bits. */
test("a state of megabytes comes in few messages", async () => {
  const [here, there] = [map(1), map(2)];
  const name = (start: number) => start.toString(16).padEnd(255);
  here.apply(Array.from({ length: 25_000 }, (_, start) => register(name(start), start, start + 1)));
  const connection = here.connect("megabytes");
  there.connect("megabytes");
  await until(() => there.fingerprint() === here.fingerprint());
  expect(agree(here, there)).toBe(true);
  expect(connection.statistics().messagesPosted).toBeLessThan(10);
});

test("maps connect nowhere without a channel", () => {
  vi.stubGlobal("BroadcastChannel", undefined);
  const here = map(1);
  expect(code(() => here.connect("nowhere"))).toBe("channel-unavailable");
  expect(code(() => here.connect(wrong(undefined)))).toBe("channel-unavailable");
});

test("an open connection alone does not keep a process running", () => {
  const script = `
    import init, { RangeMap } from "crdt-range-map";
    await init();
    const map = new RangeMap();
    map.connect("process", { name: "process" });
    map.register("a", 0, 1);
    console.log("connected");
  `;
  const options = { cwd: import.meta.dirname, encoding: "utf8", timeout: 250_000 } as const;
  const { status, stdout } = spawnSync(process.execPath, ["--input-type=module", "--eval", script], options);
  expect([status, stdout.trim()]).toEqual([0, "connected"]);
});
