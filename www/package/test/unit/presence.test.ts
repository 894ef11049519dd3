// Who is there, where there are no Web Locks, as in Node: by messages and by silence. With locks: ../browser/presence.spec.ts.
import { expect, test, vi } from "vitest";
import { code, Line, map, seen, until, wrong, type Connection } from "./kit.js";

/** How many messages about presence it has posted. */
const posted = (connection: Connection) => connection.statistics().posted.presence;

test("peers come, change their names and go, and subscribers are told", async () => {
  const [here, there] = [map(1), map(2)];
  const connection = here.connect("presence", { name: "here" });
  const log: string[] = [];
  const end = connection.onPeers((peers) => {
    // The callback may ask again.
    expect(connection.peers()).toHaveLength(peers.length);
    log.push(...seen(connection));
  });
  const other = there.connect("presence", { name: "there" });
  await until(() => seen(connection).length + seen(other).length === 2);
  expect(seen(connection)).toEqual(["2 there alive"]);
  expect(seen(other)).toEqual(["1 here alive"]);
  const { lastSeen, ...peer } = connection.peers()[0]!;
  expect(peer).toStrictEqual({ replica: 2n, name: "there", alive: true, left: false });
  const now = Date.now();
  expect(lastSeen).toBeGreaterThan(now - 60_000);
  expect(lastSeen).toBeLessThanOrEqual(now + 1);

  other.setName("größer");
  await until(() => seen(connection).join() === "2 größer alive");
  other.close();
  await until(() => seen(connection).join() === "2 größer left");
  expect(log.splice(0)).toEqual(["2 there alive", "2 größer alive", "2 größer left"]);

  end();
  there.connect("presence", { name: "back" });
  await until(() => seen(connection).join() === "2 back alive");
  there.free();
  await until(() => seen(connection).join() === "2 back left");
  expect(log).toEqual([]);
});

test("who gives no name takes no part", async () => {
  const [here, there] = [map(1), map(2)];
  const connection = here.connect("nameless", { name: "" });
  const other = there.connect("nameless", {});
  const heard = vi.fn();
  other.onPeers(heard);
  there.register("a", 0, 1);
  await until(() => here.priority("a", 0, 1) === 1);
  // It says hello three times, and later a question or a beat.
  await until(() => posted(connection) >= 4);
  other.setName("in vain");
  expect([seen(connection), seen(other)]).toEqual([[], []]);
  expect(posted(other)).toBe(0);
  expect(heard).not.toHaveBeenCalled();
  expect(connection.statistics().messagesIgnored).toBe(0);
});

test("a death is noticed by silence, and one lost beat is no death", async () => {
  const [here, there] = [map(1), map(2)];
  const line = new Line();
  const connection = here.connect(line.open(), { name: "here" });
  const other = there.connect(line.open(), { name: "there" });
  await until(() => seen(connection).length + seen(other).length === 2);
  const joined = posted(other);
  await until(() => posted(other) >= joined + 3);
  expect(seen(connection), "it has lived on beats alone for a while").toEqual(["2 there alive"]);
  line.isDead = true;
  const alive = posted(other);
  await until(() => seen(connection).join() === "2 there dead");
  expect(posted(other)).toBeGreaterThan(alive);
  line.isDead = false;
  await until(() => seen(connection).join() === "2 there alive");
});

test("who goes on under another id is there under that", async () => {
  const [here, there] = [map(1), map(2)];
  const connection = here.connect("another id", { name: "here" });
  there.connect("another id", { name: "there" });
  await until(() => seen(connection).join() === "2 there alive");
  there.setReplica(3n);
  await until(() => seen(connection).includes("3 there alive"));
  await until(() => !seen(connection).includes("2 there alive"));
});

test("names are strings of at most 64 bytes without control characters", () => {
  const here = map(1);
  for (const name of ["x".repeat(65), "ü".repeat(33), "a\nb"]) {
    expect(code(() => here.connect("names", { name }))).toBe("invalid-name");
  }
  const connection = here.connect("names", { name: "ü".repeat(32) });
  for (const name of ["x".repeat(65), "a\0", undefined, 5, null].map(wrong)) {
    expect(code(() => connection.setName(name))).toBe("invalid-name");
  }
  expect(code(() => connection.onPeers(wrong(5)))).toBe("invalid-callback");
});

test("a callback of onPeers that throws is reported and disturbs nobody", async () => {
  const [here, there] = [map(1), map(2)];
  const [report, after] = [vi.fn(), vi.fn()];
  vi.stubGlobal("reportError", report);
  const connection = here.connect("throwing", { name: "here" });
  connection.onPeers(() => {
    throw "thrown";
  });
  connection.onPeers(after);
  there.connect("throwing", { name: "there" });
  await until(() => after.mock.calls.length > 0);
  expect(report).toHaveBeenCalledWith("thrown");
});
