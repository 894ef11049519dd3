// Ownership follows life: ephemeral maps, and the living answer of those that see them. In browsers: ../browser/life.spec.ts.
import { expect, test, vi } from "vitest";
import { code, Copy, map, random, RangeMap, seen, until, wrong, type Change } from "./kit.js";
import { FakeLocks } from "./locks.js";

/** The id of an ephemeral map. */
const tab = (number: number) => (0xeeeen << 48n) | BigInt(number);

const living = (here: RangeMap, key = 5) => here.living.owners(key).map(({ node }) => node);
const agreed = (here: RangeMap, key = 5) => here.owners(key).map(({ node }) => node);

function withLocks(): FakeLocks {
  const locks = new FakeLocks();
  vi.stubGlobal("navigator", { locks });
  return locks;
}

test("an ephemeral map draws an id that tells it, a fresh one each time, and no other map draws such a one", () => {
  const drawn = new BigUint64Array(1);
  const draw = (id: bigint) =>
    vi.stubGlobal("crypto", { getRandomValues: (into: BigUint64Array) => into.fill(id) && (drawn[0] = id) && into });
  const made = (options?: object) => {
    const here = new RangeMap(options);
    const { replica, isEphemeral } = here;
    here.free();
    return [replica.toString(16), isEphemeral];
  };
  draw(0x0123_4567_89ab_cdefn);
  expect(made({ ephemeral: true })).toEqual(["eeee456789abcdef", true]);
  expect(made({ ephemeral: false })).toEqual(["123456789abcdef", false]);
  expect(made({ ephemeral: undefined })).toEqual(["123456789abcdef", false]);
  draw(0xeeee_4567_89ab_cdefn);
  expect(made()).toEqual(["6eee456789abcdef", false]);
  expect(made({})).toEqual(["6eee456789abcdef", false]);
  draw(0xeeef_ffff_ffff_ffffn);
  expect(made()).toEqual(["eeefffffffffffff", false]);
  expect(made({ ephemeral: true })).toEqual(["eeeeffffffffffff", true]);
  vi.unstubAllGlobals();
  expect(new Set(Array.from({ length: 50 }, () => made({ ephemeral: true })[0])).size).toBe(50);

  const here = map(tab(1));
  here.setReplica();
  expect([here.isEphemeral, here.replica === tab(1)]).toEqual([true, false]);
  here.setReplica(5n);
  here.setReplica();
  expect(here.isEphemeral).toBe(false);
});

test("a life is not saved, nor gone on with, and options are checked", () => {
  expect(code(() => map(tab(1)).journal(() => {}))).toBe("ephemeral");
  const here = map(1);
  const journal = here.journal(() => {});
  expect(code(() => here.setReplica(tab(2)))).toBe("ephemeral");
  expect(code(() => journal.goOnAs(tab(2), 1))).toBe("ephemeral");
  expect(code(() => journal.restart(tab(2)))).toBe("ephemeral");
  expect(here.replica).toBe(1n);
  journal.close();
  here.setReplica(tab(2));
  expect(here.isEphemeral).toBe(true);
  for (const options of [{ ephemeral: 1 }, { ephemeral: null }, { replica: 1n }, { name: "" }])
    expect(code(() => new RangeMap(wrong(options)))).toBe("invalid-options");
});

test("every question is answered as a map would that has nothing of the nodes that are down", () => {
  for (let seed = 0; seed < 20; seed += 1) {
    const draw = random(seed);
    const [here, without] = [map(1), map(2)];
    const down = new Set(["a", "b", "c", "d"].filter(() => draw(2) === 0));
    const mark = () => down.forEach((node) => here.markDown(node));
    // Before and after it was asked, it comes to the same.
    if (draw(2) === 0) mark();
    for (let step = 0; step < 40; step += 1) {
      const node = "abcdef"[draw(6)]!;
      const start = draw(50);
      const end = draw(8) === 0 ? null : start + 1 + draw(20);
      const by = 1 + draw(3);
      here.increase(node, start, end, by);
      if (!down.has(node)) without.increase(node, start, end, by);
      if (step === 20) here.living.splits();
    }
    mark();
    const answers = (of: RangeMap | RangeMap["living"]) => [
      of.splits(),
      of.splitsIn(7, 40),
      of.splitColumns(),
      of.owners(9),
      of.route(11),
      of.route(12, { by: "weight", wanted: 2, apart: (node) => (node < "c" ? "1" : "2") }),
      of.ownersIn(5, 30),
      of.ownersOf([1, 20, 45]),
      of.gaps(),
      of.gapsIn(3, null),
      of.servedByFewerThan(2, 0, 60),
      of.servedByMoreThan(1, 5, null),
      of.cover(0, 60),
    ];
    expect(answers(here.living)).toStrictEqual(answers(without));
    expect(down.size === 0 || answers(here)[0] !== answers(here.living)[0]).toBe(true);
    for (const node of down) here.markUp(node);
    expect(answers(here.living)).toStrictEqual(answers(here));
  }
});

test("a tab whose lock is lost does not count, and the others take over", async () => {
  const locks = withLocks();
  const [first, second, server] = [map(tab(1)), map(tab(2)), map(3)];
  // Who is bound to its life is heard of without a name; who wants to see it gives one.
  const connections = [first.connect("work"), second.connect("work"), server.connect("work", { name: "server" })];
  first.register("first", 0, 10);
  second.register("second", 0, 10);
  server.increase("server", 0, 10, 2);
  const all = ["server", "first", "second"];
  await until(() => [first, second, server].every((each) => living(each).length === 3));
  expect(living(server)).toEqual(all);
  expect(seen(connections[2]!)).toEqual([`${tab(1)}  alive`, `${tab(2)}  alive`]);
  const told: Change[] = [];
  const end = server.living.onChange((change) => told.push(change));
  const agreedChanged = vi.fn();
  server.onChange(agreedChanged);
  expect(locks.kill(`work/${tab(1).toString(16)}`)).toBe(1);
  await until(() => living(server).length === 2 && living(second).length === 2);
  expect(living(server)).toEqual(["server", "second"]);
  expect(agreed(server)).toEqual(all);
  expect(told).toEqual([{ source: "remote", ranges: [{ start: 0n, end: 10n }] }]);
  expect(agreedChanged).not.toHaveBeenCalled();
  end();
  server.evict(tab(1));
  expect(agreed(server)).toEqual(["server", "second"]);
  await until(() => agreed(second).length === 2);
});

test("a tab that closes is out at once; who sees nobody counts no tab", async () => {
  withLocks();
  const [here, blind, server] = [map(tab(1)), map(2), map(3)];
  const connection = here.connect("closing");
  blind.connect("closing");
  server.connect("closing", { name: "server" });
  here.register("here", 0, 10);
  await until(() => living(server).length === 1 && agreed(blind).length === 1);
  expect(living(blind)).toEqual([]);
  connection.close();
  await until(() => living(server).length === 0);
  expect(agreed(server)).toEqual(["here"]);
  expect(living(here), "it sees itself").toEqual(["here"]);
  here.connect("closing");
  await until(() => living(server).length === 1);
});

test("a page that is frozen does not count, and counts again when it wakes, without an operation", async () => {
  withLocks();
  const [page, document] = [new EventTarget(), new EventTarget()];
  vi.stubGlobal("document", document);
  vi.stubGlobal("addEventListener", page.addEventListener.bind(page));
  const here = map(tab(1));
  here.connect("frozen");
  vi.stubGlobal("document", undefined);
  const server = map(3);
  server.connect("frozen", { name: "server" });
  here.register("here", 0, 10);
  await until(() => living(server).length === 1);
  const state = here.state();
  document.dispatchEvent(new Event("freeze"));
  await until(() => living(server).length === 0);
  document.dispatchEvent(new Event("resume"));
  await until(() => living(server).length === 1);
  page.dispatchEvent(Object.assign(new Event("pagehide"), { persisted: true }));
  await until(() => living(server).length === 0);
  page.dispatchEvent(Object.assign(new Event("pageshow"), { persisted: true }));
  await until(() => living(server).length === 1);
  expect(Buffer.compare(server.state(), state)).toBe(0);
});

test("who leaves takes all of its own along and is there no more; a node is left to nobody", async () => {
  withLocks();
  const [here, server] = [map(tab(1)), map(3)];
  const connection = here.connect("leaving", { name: "here" });
  const listening = server.connect("leaving", { name: "server" });
  here.register("shared", 0, 10);
  here.increase("own", 0, 10, 5);
  server.increase("shared", 0, 10, 2);
  await until(() => agreed(server).join() === "own,shared" && agreed(here).join() === "own,shared");
  await until(() => server.priority("shared", 0, 10) === 3 && seen(listening).length === 1);
  expect(here.leave().length).toBeGreaterThan(0);
  await until(() => agreed(server).join() === "shared");
  expect(server.priority("shared", 0, 10)).toBe(2);
  await until(() => seen(listening).join() === `${tab(1)} here left`);
  expect([connection.isOpen, connection.peers()]).toEqual([true, []]);
  connection.setName("in vain");
  expect(here.leave()).toEqual(new Uint8Array());
  expect(server.leave("nobody")).toEqual(new Uint8Array());
  expect(server.leave("shared").length).toBeGreaterThan(0);
  expect(agreed(server)).toEqual([]);
  await until(() => agreed(here).length === 0);
  expect(code(() => server.leave(wrong(5)))).toBe("invalid-node");
  expect(code(() => server.leave(""))).toBe("invalid-node");
  // A connection of its own takes part again.
  here.connect("leaving", { name: "again" });
  await until(() => seen(listening).join() === `${tab(1)} again alive`);
});

test("who is evicted and lives goes on under another ephemeral id", async () => {
  withLocks();
  const [here, server] = [map(tab(1)), map(3)];
  here.connect("evicted");
  server.connect("evicted", { name: "server" });
  here.register("here", 0, 10);
  const renamed = vi.fn(() => here.register("here", 0, 10));
  here.onReplica(renamed);
  await until(() => living(server).length === 1);
  expect(server.evict(tab(1)).length).toBeGreaterThan(0);
  expect(server.evict(tab(1))).toEqual(new Uint8Array());
  await until(() => renamed.mock.calls.length > 0 && living(server).join() === "here");
  expect([here.isEphemeral, here.replica === tab(1)]).toEqual([true, false]);
  expect(code(() => server.evict(wrong(1)))).toBe("invalid-replica");
});

test("what is left of a dead tab goes after a while, if that is wanted", async () => {
  const server = map(3);
  const gone = map(tab(1));
  server.merge(gone.register("gone", 0, 10));
  expect(server.evictAfterMs).toBe(undefined);
  // Who hears nobody evicts nobody.
  server.evictAfterMs = 0;
  expect(agreed(server)).toEqual(["gone"]);
  expect(server.gone()).toEqual([]);
  server.evictAfterMs = undefined;
  server.connect("evicting", { name: "server" });
  for (const wrongTime of [-1, 1.5, 2 ** 53, NaN, "1", null].map(wrong))
    expect(code(() => (server.evictAfterMs = wrongTime))).toBe("invalid-options");
  for (const time of [2 ** 53 - 1, undefined, 500]) {
    server.evictAfterMs = time;
    expect(server.evictAfterMs).toBe(time);
    expect(agreed(server)).toEqual(["gone"]);
    expect(server.gone().map(({ replica }) => replica)).toEqual(time === undefined ? [] : [tab(1)]);
    for (const { since } of server.gone()) expect(Math.abs(Date.now() - since)).toBeLessThan(60_000);
  }
  await until(() => agreed(server).length === 0);
  expect(server.gone()).toEqual([]);
  server.merge(map(tab(2)).register("gone", 0, 10));
  expect(agreed(server)).toEqual(["gone"]);
  server.evictAfterMs = 0;
  expect(agreed(server), "at once").toEqual([]);
});

test("callbacks of the living answer hear of operations and marks, too", () => {
  const here = map(tab(1));
  const told: Change[] = [];
  const end = here.living.onChange((change) => told.push(change));
  here.register("a", 0, 10);
  here.markDown("a");
  here.markDown("a");
  here.markDown("unknown");
  here.markUp("a");
  const change = { source: "local", ranges: [{ start: 0n, end: 10n }] };
  expect(told).toEqual([change, change, change]);
  end();
  here.markDown("a");
  expect(told).toHaveLength(3);
  expect(code(() => here.living.onChange(wrong(5)))).toBe("invalid-callback");
  for (const node of ["", 5, undefined].map(wrong)) {
    expect(code(() => here.markDown(node))).toBe("invalid-node");
    expect(code(() => here.markUp(node))).toBe("invalid-node");
  }
});

test("the living answer is one object, which ends with its map", async () => {
  const here = map(1);
  const { living } = here;
  expect(here.living).toBe(living);
  expect(Object.prototype.toString.call(living)).toBe("[object LivingAnswer]");
  here.free();
  expect(code(() => living.owners(1))).toBe("freed");
  expect(code(() => living.onChange(() => {}))).toBe("freed");
  const copy = await Copy.load();
  const stranger = wrong(new copy.RangeMap(7n).living);
  expect(code(() => living.owners.call(stranger, 1))).toBe("invalid-this");
  expect(code(() => living.onChange.call(stranger, () => {}))).toBe("invalid-this");
  expect(code(() => living.onChange.call(wrong(map(8)), () => {}))).toBe("invalid-this");
});
