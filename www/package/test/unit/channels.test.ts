// Connections over channels that are handed in, of which nothing is taken for granted.
import { expect, test, vi } from "vitest";
import { agree, code, map, medium, Recording, splits, until, wrong, type Change, type Channel } from "./kit.js";

test("a channel may deliver within postMessage, and callbacks answer within that", () => {
  const [here, there] = [map(1), map(2)];
  const ends = medium();
  const connection = here.connect(ends[0]!);
  expect(connection.channelName).toBeUndefined();
  there.connect(ends[1]!);
  const heard: Change[] = [];
  here.onChange((change) => heard.push(change));
  there.onChange(({ source }) => {
    if (source === "remote" && there.splits().length === 1) there.register("answer", 50, 60);
  });
  here.register("a", 0, 10);
  expect(splits(here)).toEqual(["[0, 10) a:1", "[50, 60) answer:1"]);
  expect(splits(there)).toEqual(splits(here));
  expect(heard, "in the order in which it happened").toStrictEqual([
    { source: "local", ranges: [{ start: 0n, end: 10n }] },
    { source: "remote", ranges: [{ start: 50n, end: 60n }] },
  ]);
});

test("a channel may call the map within postMessage, however often, and all is posted in order", async () => {
  const here = map(1);
  const end = new Recording();
  let left = 2_000;
  const priorities: (number | undefined)[] = [];
  end.postMessage = () => {
    priorities.push(here.priority("a", 0, 10));
    if (left > 0) {
      left -= 1;
      here.increase("a", 0, 10);
    }
  };
  here.connect(end);
  here.increase("a", 0, 10);
  await until(() => left === 0);
  expect(here.priority("a", 0, 10)).toBe(2_001);
  expect(priorities.length).toBeGreaterThan(1_999);
  here.register("b", 0, 10);
  expect(splits(here)).toEqual(["[0, 10) a:2001 b:1"]);
});

test("a channel that answers each message with an operation holds nobody up", async () => {
  const [here, there] = [map(1), map(2)];
  const [end, other] = medium() as [Recording, Recording];
  there.connect(other);
  const { postMessage } = end;
  end.postMessage = function (this: Recording, bytes) {
    postMessage.call(this, bytes);
    here.increase("a", 0, 10);
  };
  here.connect(end);
  here.register("b", 0, 10);
  const first = here.priority("a", 0, 10) ?? 0;
  await until(() => (there.priority("a", 0, 10) ?? 0) > first + 3);
  here.free();
});

test("a connection that is closed within postMessage says goodbye, and its channel is closed once", () => {
  const here = map(1);
  const end = new Recording();
  const connection = here.connect(end, { name: "here", locks: null });
  end.posts.length = 0;
  end.postMessage = (bytes) => {
    end.posts.push(bytes);
    connection.close();
  };
  here.register("a", 0, 10);
  expect([end.posts.length, end.closedWith.length, connection.isOpen]).toEqual([2, 1, false]);
  here.register("b", 0, 10);
  expect(end.posts).toHaveLength(2);
});

test("a map that is freed within postMessage posts no more", () => {
  const here = map(1);
  const end = new Recording();
  here.connect(end);
  end.posts.length = 0;
  end.postMessage = (bytes) => {
    if (end.posts.push(bytes) > 1) return;
    here.register("b", 0, 10);
    here.free();
  };
  expect(here.register("a", 0, 10).length).toBeGreaterThan(0);
  // What was done before it was freed is posted.
  expect([end.posts.length, end.closedWith.length]).toEqual([2, 1]);
  expect(code(() => here.owners(5))).toBe("freed");
});

test("a channel is closed with its map, once, and whoever kept its handler does no harm", () => {
  const [here, there] = [map(1), map(2)];
  const [end, other] = medium() as [Recording, Recording];
  here.connect(end);
  there.connect(other);
  const kept = end.onmessage;
  here.free();
  expect(end.closedWith).toEqual([null]);
  wrong(kept)(null);
  kept?.({ data: there.state() });
  there.register("b", 0, 1);
  expect(splits(there)).toEqual(["[0, 1) b:1"]);
});

test("closing a connection closes its channel, once, with no handler left", () => {
  const here = map(1);
  const end = new Recording();
  const connection = here.connect(end);
  expect(typeof end.onmessage).toBe("function");
  const posts = end.posts.length;
  connection.close();
  connection.close();
  here.register("a", 0, 1);
  here.free();
  expect(end.closedWith).toEqual([null]);
  expect(end.posts.length).toBe(posts);
});

test("messages may come as an ArrayBuffer, and bytes are the channel's to keep", async () => {
  const [here, there] = [map(1), map(2)];
  const [from, to] = [new Recording(), new Recording()];
  here.connect(from);
  there.connect(to);
  here.register("a", 0, 10);
  const before = from.posts.map((post) => post.slice());
  for (let start = 0; start < 2000; start += 1) here.register("b", start, 5000);
  expect(from.posts.slice(0, before.length)).toEqual(before);
  for (const post of from.posts) to.hear(post.slice().buffer);
  expect(splits(there)).toEqual(splits(here));
  expect(from.posts.every((post) => post.constructor === Uint8Array && post.length <= 2 ** 24)).toBe(true);
});

test("the ends of a message channel are channels", async () => {
  const [here, there] = [map(1), map(2)];
  const { port1, port2 } = new MessageChannel();
  here.connect(port1 as unknown as Channel);
  there.connect(port2 as unknown as Channel);
  here.register("a", 0, 10);
  await until(() => agree(here, there));
  expect(splits(there)).toEqual(["[0, 10) a:1"]);
});

test("a channel that loses, repeats and reorders messages brings agreement once it carries some", async () => {
  const [here, there] = [map(1), map(2)];
  const [one, other] = [new Recording(), new Recording()];
  let isLossy = true;
  for (const [from, to] of [
    [one, other],
    [other, one],
  ] as const) {
    from.postMessage = (bytes) => {
      from.posts.push(bytes);
      if (isLossy && from.posts.length % 2 === 0) return;
      const delays = isLossy ? [from.posts.length % 3, 5] : [0];
      for (const delay of delays) setTimeout(() => to.hear(bytes), delay);
    };
  }
  here.connect(one);
  there.connect(other);
  for (let start = 0; start < 50; start += 1) {
    here.increase("here", start, 100);
    there.register("there", start, 100);
    here.release("here", start - (start % 3), 100);
  }
  isLossy = false;
  await until(() => agree(here, there));
  expect(here.splits().length).toBeGreaterThan(0);
});

test("a channel may throw, and hand over nonsense", () => {
  const throwing: Channel = {
    onmessage: null,
    postMessage() {
      throw "full";
    },
    close() {
      throw "closed already";
    },
  };
  const here = map(1);
  const connection = here.connect(throwing);
  for (const nonsense of [null, undefined, 5, {}]) wrong(throwing.onmessage)(nonsense);
  const { messagesIgnored, ignored } = connection.statistics();
  expect([messagesIgnored, ignored.foreign]).toEqual([4, 4]);
  here.register("a", 0, 1);
  expect(splits(here)).toEqual(["[0, 1) a:1"]);
  const report = vi.fn();
  vi.stubGlobal("reportError", report);
  connection.close();
  expect(connection.isOpen).toBe(false);
  expect(report.mock.calls).toEqual([["closed already"]]);
});

test("a channel may operate, close and free while something is posted", () => {
  for (const method of ["close", "free"] as const) {
    const here = map(1);
    const end = new Recording();
    const connection = here.connect(end);
    let isFirst = true;
    end.postMessage = () => {
      if (!isFirst) return;
      isFirst = false;
      here.register("within", 0, 1);
      if (method === "close") return connection.close();
      // What is in use may be freed when it is out of use.
      here.free();
    };
    const delta = here.register("a", 0, 1);
    expect(connection.isOpen).toBe(false);
    expect(end.closedWith).toEqual([null]);
    const other = map(2);
    other.merge(delta);
    expect(splits(other)).toEqual(["[0, 1) a:1"]);
  }
});

test("what is no channel is refused, and a channel that is refused is left as it was", () => {
  const here = map(1);
  const half = { postMessage() {}, onmessage: null };
  for (const notAChannel of [null, undefined, 5, {}, half].map(wrong)) {
    expect(code(() => here.connect(notAChannel))).toBe("channel-unavailable");
  }
  const frozen = Object.freeze({ postMessage() {}, close() {}, onmessage: null });
  expect(code(() => here.connect(frozen))).toBe("channel-unavailable");
  const end = new Recording();
  expect(code(() => here.connect(end, { name: "x".repeat(65) }))).toBe("invalid-name");
  expect([end.onmessage, end.posts, end.closedWith]).toEqual([null, [], []]);
  expect(here.connect(end).isOpen).toBe(true);
});
