import { expect, test } from "vitest";
import { Message } from "./message";
import { Replica } from "./replica";
import { sampleLog } from "./samples";
import { World } from "./world";

test("of each message that samples send, kind and sender are known, and all kinds that there may be come up", () => {
  const kinds = new Set<string>();
  const numbers = { asks: 0, answers: 0, carried: 0 };
  for (let seed = 0; seed < 20; seed++) {
    const world = new World(sampleLog(seed));
    while ((world.nextAt() ?? Infinity) <= 40_000) {
      for (const { from, message } of world.step()?.sent ?? []) {
        const { kind, sender, fault, asks, answers, carriedCount, carried } = message.description;
        expect(fault).toBe(undefined);
        expect(sender !== undefined && world.writerOf(sender)).toBe(from);
        expect(carried).toHaveLength(carriedCount);
        kinds.add(kind);
        numbers.asks += Number(asks !== undefined);
        numbers.answers += Number(answers !== undefined);
        numbers.carried += carriedCount;
      }
    }
    world.free();
  }
  // Nobody tells who is there, nothing is announced on a medium, and many drops at once are rare.
  for (const kind of ["delta", "ask", "meet", "digest"]) expect(kinds).toContain(kind);
  for (const count of Object.values(numbers)) expect(count).toBeGreaterThan(100);
});

test("a message tells what it carries", () => {
  const replica = new Replica();
  replica.start(5n, 1n);
  replica.connect(0);
  replica.apply([
    { op: "register", node: "a", start: 3n, end: null },
    { op: "increase", node: "a", start: 3n, end: null, by: 2 },
  ]);
  const messages = replica.poll(0, () => undefined).sent.map((bytes) => new Message(bytes));
  const description = messages.find(({ kind }) => kind === "delta")?.description;
  const what = {
    kind: "contribution",
    replica: 5n,
    birth: 1,
    last: 2,
    registered: 1,
    isRegistered: true,
    adjustments: 2,
    cancelled: undefined,
  };
  expect(description).toMatchObject({
    sender: 5n,
    carriedCount: 1,
    carried: [{ node: "a", start: 3n, end: null, what }],
  });
  replica.apply([{ op: "release", node: "a", start: 3n, end: null }]);
  const released = replica.poll(1, () => undefined).sent.map((bytes) => new Message(bytes).description);
  expect(released.flatMap(({ carried }) => carried)).toEqual([
    {
      node: "a",
      start: 3n,
      end: null,
      what: { kind: "dropped", replica: 5n, birth: 1, by: { replica: 5n, sequence: 3 } },
    },
  ]);
  replica.free();
});

test("what is no message is unknown, and why is said", () => {
  expect(new Message(new Uint8Array()).description).toMatchObject({
    kind: "unknown",
    fault: "not a message of this protocol",
  });
  const replica = new Replica();
  replica.start(5n, 1n);
  replica.connect(0);
  const [bytes = new Uint8Array()] = replica.poll(1_000, () => undefined).sent;
  expect(new Message(bytes).description.fault).toBe(undefined);
  for (let place = 0; place < bytes.length; place++) {
    const damaged = bytes.slice();
    damaged[place] = (damaged[place] ?? 0) ^ 1;
    expect(new Message(damaged).description, String(place)).toMatchObject({ kind: "unknown", carried: [] });
  }
  replica.free();
});
