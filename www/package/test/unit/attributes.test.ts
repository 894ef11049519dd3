// What maps say of themselves, and who is chosen by it.
import { expect, test, vi } from "vitest";
import { code, Line, map, RangeMap, until, wrong, type AttributesChange } from "./kit.js";

const tab = (number: number) => (0xeeeen << 48n) | BigInt(number);

test("what a map says of itself is known to all who see it, and what it says later", async () => {
  const line = new Line();
  const here = new RangeMap({ ephemeral: true, attributes: { zone: "east", ["__proto__"]: "text" } });
  const there = map(2);
  expect(here.attributes()).toEqual(
    Object.fromEntries([
      ["__proto__", "text"],
      ["zone", "east"],
    ]),
  );
  expect(there.attributes()).toBe(undefined);
  const told: AttributesChange[] = [];
  const end = there.onAttributes((change) => told.push(change));
  here.connect(line.open(), { locks: null });
  there.connect(line.open(), { name: "there", locks: null });
  await until(() => told.length > 0);
  expect(told).toEqual([{ replica: here.replica, attributes: here.attributes() }]);
  expect(there.attributes(here.replica)).toEqual(here.attributes());
  expect(there.attributes(7n)).toBe(undefined);
  here.setAttributes({ zone: "west", address: "10.0.0.7:7000" });
  await until(() => told.length > 1);
  expect(there.attributes(here.replica)).toEqual({ zone: "west", address: "10.0.0.7:7000" });
  // The new id of the same map says the same.
  here.setReplica();
  await until(() => there.attributes(here.replica)?.zone === "west");
  end();
  here.setAttributes({});
  await until(() => Object.keys(there.attributes(here.replica) ?? { none: "" }).length === 0);
  expect(told.every(({ attributes }) => attributes.zone !== undefined)).toBe(true);
  here.free();
});

test("the owners as of who is alive are told with who backs them, and chosen apart by what these say", async () => {
  const line = new Line();
  const asked = map(9);
  asked.connect(line.open(), { name: "asked", locks: null });
  const zones: [string, string | undefined][] = [
    ["a", "east"],
    ["b", "east"],
    ["c", undefined],
    ["d", "west"],
  ];
  zones.forEach(([node, zone], at) => {
    const server = map(tab(at + 1));
    if (zone !== undefined) server.setAttributes({ zone });
    server.connect(line.open(), { locks: null });
    // Of the first, most.
    server.increase(node, 0, 10, 10 - at);
  });
  await until(() => asked.living.owners(5).length === 4);
  await until(() => [1, 2, 4].every((at) => asked.attributes(tab(at)) !== undefined));
  expect(asked.living.writers(5)).toStrictEqual(
    zones.map(([node, zone], at) => ({
      node,
      replica: tab(at + 1),
      attributes: zone === undefined ? undefined : { zone },
    })),
  );
  expect(asked.living.writers(10)).toEqual([]);
  const chosen = (options?: object) => asked.living.route(5, options).map(({ node }) => node);
  expect(chosen()).toEqual(["a", "b", "c", "d"]);
  expect(chosen({ distinct: "zone" })).toEqual(["a", "d", "b", "c"]);
  expect(chosen({ distinct: "zone", wanted: 2 })).toEqual(["a", "d"]);
  expect(chosen({ distinct: "toString" })).toEqual(["a", "b", "c", "d"]);
  expect(asked.route(5, { distinct: "zone" }).map(({ node }) => node)).toEqual(["a", "d", "b", "c"]);
});

test("attributes that are none, too many or too long are refused, and nothing has changed", () => {
  const here = map(1);
  here.setAttributes({ zone: "east" });
  const pairs = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, at) => [`${at}`, ""]));
  const refused = [
    undefined,
    null,
    5,
    "zone",
    ["zone", "east"],
    { zone: 5 },
    { zone: undefined },
    { zone: "\ud800" },
    { "\udc00": "east" },
    { "": "east" },
    { ["k".repeat(33)]: "" },
    { key: "v".repeat(256) },
    { a: "v".repeat(255), b: "v".repeat(255), c: "" },
    pairs(9),
  ];
  for (const attributes of refused.map(wrong)) {
    expect(code(() => here.setAttributes(attributes))).toBe("invalid-attributes");
    if (attributes !== undefined) expect(code(() => new RangeMap({ attributes }))).toBe("invalid-attributes");
  }
  expect(here.attributes()).toEqual({ zone: "east" });
  for (const fine of [
    pairs(8),
    { ["k".repeat(32)]: "v".repeat(255) },
    { a: "v".repeat(255), b: "v".repeat(255) },
    {},
  ]) {
    here.setAttributes(fine);
    expect(here.attributes()).toEqual(fine);
  }
  expect(code(() => here.attributes(wrong(1)))).toBe("invalid-replica");
  expect(code(() => here.onAttributes(wrong(1)))).toBe("invalid-callback");
  expect(code(() => here.living.writers(wrong(-1)))).toBe("invalid-key");
  for (const options of [{ distinct: 5 }, { distinct: null }, { distinct: "zone", apart: () => "" }].map(wrong))
    expect(code(() => here.route(5, options))).toBe("invalid-options");
});

test("what apart returns is a zone, and nothing else is", () => {
  const here = map(1);
  for (const node of ["a", "b"]) here.register(node, 0, 10);
  for (const zone of [undefined, null, 5, {}, Symbol("zone")].map(wrong))
    expect(code(() => here.route(5, { apart: () => zone }))).toBe("invalid-options");
  const apart = vi.fn(() => "");
  expect(here.route(5, { apart })).toHaveLength(2);
  expect(apart).toHaveBeenCalledTimes(2);
});
