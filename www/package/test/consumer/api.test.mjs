// Every method once, from Node, as a user of the installed package calls it. The meaning itself is tested in Rust.
import assert from "node:assert/strict";
import { before, test } from "node:test";
import init, { RangeMap } from "crdt-range-map";

before(() => init());

const span = (start, end) => ({ start, end });

/** Asserts that `call` throws a real Error with the stable `code`, and with words. */
function assertCode(code, call) {
  assert.throws(call, (error) => {
    assert(error instanceof Error);
    assert.equal(error.code, code);
    assert(error.message.length > 0);
    return true;
  });
}

test("init resolves again, at the same time and later, without a second module", async () => {
  const map = new RangeMap();
  map.register("a", 0, 10);
  await Promise.all([init(), init()]);
  assert.equal(map.priority("a", 0, 10), 1);
  map.free();
});

test("a replica id is kept, or drawn at random", () => {
  assert.equal(new RangeMap(7n).replica, 7n);
  const one = new RangeMap().replica;
  assert.equal(typeof one, "bigint");
  assert.notEqual(one, new RangeMap().replica);
});

test("register, increase, decrease and release change the priority", () => {
  const map = new RangeMap(1n);
  assert.equal(map.priority("a", 0, 10), undefined);
  assert(map.register("a", 0, 10) instanceof Uint8Array);
  assert.equal(map.priority("a", 0, 10), 1);
  map.increase("a", 0, 10);
  map.increase("a", 0, 10, 3);
  assert.equal(map.priority("a", 0, 10), 5);
  map.decrease("a", 0, 10);
  map.decrease("a", 0, 10, 2);
  assert.equal(map.priority("a", 0, 10), 2);
  map.release("a", 0, 10);
  assert.equal(map.priority("a", 0, 10), undefined);
  assert.equal(map.decrease("a", 0, 10).length, 0, "nothing happened: the delta is empty");
});

test("tighten keeps the priority on the smaller range", () => {
  const map = new RangeMap(1n);
  map.register("a", 0, null);
  map.increase("a", 0, null, 4);
  assert(map.tighten("a", span(0, null), span(5, 8n)).length > 0);
  assert.deepEqual(map.registrations(), [{ node: "a", start: 5n, end: 8n, priority: 5 }]);
});

test("splits, owners, gaps and registrations are plain values with bigint keys", () => {
  const map = new RangeMap(1n);
  map.register("a", 0, 100);
  map.increase("b", 50, null, 2);
  map.register("c", 2n ** 63n, null);
  const a = { node: "a", priority: 1 };
  const b = { node: "b", priority: 2 };
  const c = { node: "c", priority: 1 };
  assert.deepEqual(map.splits(), [
    { start: 0n, end: 50n, owners: [a] },
    { start: 50n, end: 100n, owners: [b, a] },
    { start: 100n, end: 2n ** 63n, owners: [b] },
    { start: 2n ** 63n, end: null, owners: [b, c] },
  ]);
  assert.deepEqual(map.owners(75), [b, a]);
  assert.deepEqual(map.owners(2n ** 64n - 1n), [b, c]);
  assert.deepEqual(map.registrations(), [
    { node: "a", start: 0n, end: 100n, priority: 1 },
    { node: "b", start: 50n, end: null, priority: 2 },
    { node: "c", start: 2n ** 63n, end: null, priority: 1 },
  ]);
  assert.deepEqual(map.gaps(), []);
  map.release("b", 50, null);
  assert.deepEqual(map.gaps(), [{ start: 100n, end: 2n ** 63n }]);
  assert.deepEqual(map.owners(100), []);
});

test("apply does many operations in one call, all or none", () => {
  const map = new RangeMap(1n);
  const delta = map.apply([
    { op: "register", node: "a", start: 0, end: 100 },
    { op: "increase", node: "b", start: 50n, end: null, by: 3 },
    { op: "decrease", node: "b", start: 50, end: null },
    { op: "release", node: "a", start: 0, end: 100 },
  ]);
  const expected = [{ node: "b", start: 50n, end: null, priority: 2 }];
  assert.deepEqual(map.registrations(), expected);
  const other = new RangeMap(2n);
  other.merge(delta);
  assert.deepEqual(other.state(), map.state());

  const refuse = (item) => () => map.apply([{ op: "register", node: "c", start: 0, end: 1 }, item]);
  assert.throws(refuse({ op: "register", node: "c", start: 1, end: 1 }), { code: "invalid-range", index: 1 });
  assert.throws(refuse({ op: "increase", node: "c", start: 0, end: 1, by: 0 }), { code: "invalid-amount", index: 1 });
  assert.throws(refuse({ op: "register", node: "c", start: 0, end: 1, by: 7 }), { code: "invalid-amount", index: 1 });
  assert.throws(refuse({ op: "rename", node: "c", start: 0, end: 1 }), {
    code: "invalid-operation",
    index: 1,
    message:
      /operations\[1\]\.op must be one of register, release, increase, decrease, tighten, moveTo, carve, handOver, setPriority, drain, standIn, unite, not "rename"; nothing has changed/,
  });
  assertCode("invalid-operation", () => map.apply(undefined));
  assert.deepEqual(map.registrations(), expected);
});

test("splitColumns and ownersOf answer for many in typed arrays", () => {
  const map = new RangeMap(1n);
  map.register("a", 0, 100);
  map.increase("b", 50, null, 2);
  const { starts, ends, ownerOffsets, ownerNodes, ownerPriorities, nodes } = map.splitColumns();
  assert.deepEqual(starts, new BigUint64Array([0n, 50n, 100n]));
  assert.deepEqual(ends, new BigUint64Array([50n, 100n, 0n]), "0n: no end");
  assert.deepEqual(ownerOffsets, new Uint32Array([0, 1, 3, 4]));
  const names = Array.from(ownerNodes, (number) => nodes[number]);
  assert.deepEqual(names, ["a", "b", "a", "b"]);
  assert.deepEqual(nodes.length, 2);
  assert.deepEqual(ownerPriorities, new Float64Array([1, 2, 1, 2]));

  for (const keys of [[75, 2n ** 63n], new BigUint64Array([75n, 2n ** 63n]), new Float64Array([75, 2 ** 50])]) {
    assert.deepEqual(map.ownersOf(keys), {
      ownerOffsets: new Uint32Array([0, 2, 3]),
      ownerNodes: new Uint32Array([0, 1, 0]),
      ownerPriorities: new Float64Array([2, 1, 2]),
      nodes: ["b", "a"],
    });
  }
  assertCode("invalid-key", () => map.ownersOf([0, -1]));
  assertCode("invalid-key", () => map.ownersOf(7));
});

test("deltas and states bring replicas together", () => {
  const one = new RangeMap(1n);
  const two = new RangeMap(2n);
  assert.deepEqual(two.merge(one.register("a", 0, 10)), [{ start: 0n, end: 10n }]);
  one.increase("a", 0, 10, 2);
  two.release("a", 0, 10);
  assert.notEqual(one.fingerprint(), two.fingerprint());
  const state = two.state();
  two.merge(one.state());
  one.merge(state);
  assert.equal(one.priority("a", 0, 10), 2, "only what the release had not observed comes back");
  assert.deepEqual(one.state(), two.state());
  assert.equal(one.fingerprint(), two.fingerprint());
  assert.equal(typeof one.fingerprint(), "bigint");
  assert.deepEqual(one.merge(two.state()), [], "nothing new, nothing changed");
});

test("onChange tells of local and remote changes until it is unsubscribed", () => {
  const one = new RangeMap(1n);
  const two = new RangeMap(2n);
  const changes = [];
  const unsubscribe = two.onChange((change) => changes.push({ ...change, splits: two.splits().length }));
  two.merge(one.register("a", 0, 10));
  two.register("b", 10, 20);
  assert.deepEqual(changes, [
    { source: "remote", ranges: [{ start: 0n, end: 10n }], splits: 1 },
    { source: "local", ranges: [{ start: 10n, end: 20n }], splits: 2 },
  ]);
  unsubscribe();
  two.release("b", 10, 20);
  assert.equal(changes.length, 2);
});

test("two maps on one channel agree", async () => {
  const one = new RangeMap(1n);
  const two = new RangeMap(2n);
  const connections = [one.connect("packed"), two.connect("packed")];
  try {
    assert.equal(connections[0].channelName, "packed");
    assert.equal(connections[0].isOpen, true);
    assertCode("invalid-options", () => one.connect("packed", { kind: "star" }));
    one.register("a", 0, 10);
    const deadline = Date.now() + 300_000;
    while (two.priority("a", 0, 10) !== 1) {
      assert(Date.now() < deadline, "the other map has not heard of it");
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    const { messagesPosted, bytesPosted } = connections[0].statistics();
    const { messagesReceived, bytesReceived, messagesIgnored } = connections[1].statistics();
    assert(messagesPosted > 0 && bytesPosted > 0 && messagesReceived > 0 && bytesReceived > 0);
    assert.equal(messagesIgnored, 0);
    const { posted } = connections[0].statistics();
    assert.deepEqual(Object.keys(posted), ["delta", "ask", "meet", "digest", "presence", "announce", "drops"]);
    assert.equal(
      Object.values(posted).reduce((sum, count) => sum + count),
      messagesPosted,
    );
    assert(posted.delta > 0 && posted.ask > 0);
  } finally {
    for (const connection of connections) connection.close();
  }
  connections[0].close();
  assert.equal(connections[0].isOpen, false);
  one.connect("packed").close();
});

test("a channel may be one's own", () => {
  const ends = [0, 1].map((at) => ({
    onmessage: null,
    postMessage: (bytes) => ends[1 - at].onmessage?.({ data: bytes }),
    close() {
      this.onmessage = "closed";
    },
  }));
  const [one, two] = ends.map(() => new RangeMap());
  const connection = one.connect(ends[0]);
  two.connect(ends[1]);
  assert.equal(connection.channelName, undefined);
  one.register("a", 0, 10);
  assert.equal(two.priority("a", 0, 10), 1);
  connection.close();
  assert.equal(ends[0].onmessage, "closed");
  assertCode("channel-unavailable", () => one.connect({ postMessage() {} }));
});

test("what an ephemeral map registers counts while it is seen, until it leaves or is evicted", () => {
  const [tab, map] = [new RangeMap({ ephemeral: true }), new RangeMap(1n)];
  assert.deepEqual([tab.isEphemeral, tab.replica >> 48n, map.isEphemeral], [true, 0xeeeen, false]);
  map.merge(tab.register("tab", 0, 10));
  map.register("a", 0, 10);
  const nodes = (answer) => answer.owners(5).map(({ node }) => node);
  assert.deepEqual([nodes(tab.living), nodes(map), nodes(map.living)], [["tab"], ["a", "tab"], ["a"]]);
  const changes = [];
  map.living.onChange((change) => changes.push(change));
  map.markDown("a");
  assert.deepEqual([nodes(map.living), map.living.gapsIn(0, 10)], [[], [{ start: 0n, end: 10n }]]);
  map.markUp("a");
  assert.deepEqual(changes, Array(2).fill({ source: "local", ranges: [{ start: 0n, end: 10n }] }));
  assert.equal(map.evictAfterMs, undefined);
  map.evictAfterMs = 60_000;
  assert.equal(map.evictAfterMs, 60_000);
  assert(map.evict(tab.replica).length > 0);
  assert(map.leave("a").length > 0);
  assert.deepEqual(map.owners(5), []);
  assert(tab.leave().length > 0);
  assert.deepEqual(tab.registrations(), []);
  assertCode("ephemeral", () => tab.journal(() => {}));
});

test("a journal saves what happens, and brings it back under the same id", () => {
  const saved = [];
  const map = new RangeMap(1n);
  let isTold = 0;
  let nextSeq = 0;
  const journal = map.journal(() => (isTold += 1));
  const save = () => {
    for (let page; (page = journal.take()); journal.saved(page.number)) {
      saved.push(page.bytes);
      nextSeq = page.next;
    }
  };
  map.register("a", 0, 10);
  map.increase("a", 0, 10, 2);
  assert.equal(isTold, 1);
  assert.equal(journal.isSaved, false);
  save();
  assert.equal(journal.isSaved, true);
  map.merge(new RangeMap(2n).register("b", 0, 10));
  save();
  assertCode("already-journaled", () => map.journal(() => {}));

  const again = new RangeMap();
  const journalAgain = again.journal(() => {});
  for (const bytes of saved) journalAgain.absorb(bytes);
  assert.equal(journalAgain.goOnAs(1n, nextSeq), true);
  assert.deepEqual(again.state(), map.state());
  assert.equal(journalAgain.take(), undefined);
  journal.close();
  journalAgain.free();
});

test("a saved map is for browsers", async () => {
  const { openRangeMap } = await import("crdt-range-map/persistent");
  await assert.rejects(openRangeMap({ name: "n" }), { name: "PersistentError", code: "no-storage" });
  await assert.rejects(openRangeMap({ name: 5 }), { name: "PersistentError", code: "invalid-options" });
});

test("replicas catch up by context, retire others, and clear up", () => {
  const [one, two] = [new RangeMap(1n), new RangeMap(2n)];
  two.merge(one.register("a", 0, 10));
  one.increase("a", 0, 10);
  two.merge(one.deltaSince(two.context()));
  assert.deepEqual(two.state(), one.state());
  assert.equal(one.deltaSince(two.context()).length, 0);
  assertCode("malformed", () => one.deltaSince(two.state()));
  assertCode("malformed", () => one.merge(two.context()));
  const told = [];
  one.onReplica((change) => told.push(change));
  one.merge(two.retire(1n));
  assert.notEqual(one.replica, 1n);
  assert.deepEqual(told, [{ from: 1n, to: one.replica, reason: "retired", unheard: [] }]);
  assert.equal(two.maintain().length, 0);
  one.register("b", 0, 10);
});

test("errors carry a stable code, and nothing has changed", () => {
  const map = new RangeMap(1n);
  map.register("a", 0, 10);
  const state = map.state();
  for (const key of [-1, 0.5, Number.NaN, 2 ** 53, -1n, 2n ** 64n, "0", null, undefined]) {
    assertCode("invalid-key", () => map.owners(key));
  }
  assertCode("invalid-node", () => map.register("", 0, 10));
  assertCode("invalid-node", () => map.register("n".repeat(256), 0, 10));
  assertCode("invalid-range", () => map.register("a", 10, 10));
  for (const by of [0, -1, 1.5, 2 ** 32]) assertCode("invalid-amount", () => map.increase("a", 0, 10, by));
  assertCode("invalid-replica", () => new RangeMap(-1n));
  assertCode("invalid-replica", () => new RangeMap(2n ** 64n));
  assertCode("not-registered", () => map.tighten("b", span(0, 10), span(0, 5)));
  assertCode("not-sub-range", () => map.tighten("a", span(0, 10), span(0, 11)));
  assertCode("malformed", () => map.merge(new Uint8Array([255, 255, 255])));
  assertCode("malformed", () => map.merge(state.subarray(0, state.length - 1)));
  assertCode("invalid-callback", () => map.onChange(undefined));
  assert.deepEqual(map.state(), state);
});

test("free and Symbol.dispose release the object", () => {
  const map = new RangeMap();
  map.free();
  assert.throws(() => map.replica);
  if (Symbol.dispose) {
    const other = new RangeMap();
    other[Symbol.dispose]();
    assert.throws(() => other.replica);
  }
});
