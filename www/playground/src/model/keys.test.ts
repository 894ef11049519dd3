import { expect, test } from "vitest";
import { decimalKeys, ipv4Keys } from "./keys";

const small = decimalKeys(1000);

test("decimal keys: what is read, and what is refused", () => {
  expect(small.parse(" 420 ", "key")).toEqual({ ok: true, value: 420n });
  expect(small.parse("1000", "end")).toEqual({ ok: true, value: 1000n });
  for (const text of ["", "-1", "1.5", "1e3", "0x10", "1001", "9".repeat(40)]) {
    expect(small.parse(text, "key").ok, text).toBe(false);
  }
});

test("addresses: reading and showing are inverse", () => {
  for (const [quad, key] of [
    ["0.0.0.0", 0n],
    ["1.2.3.4", 0x01020304n],
    ["128.0.0.1", 0x80000001n],
    ["255.255.255.255", 0xffffffffn],
  ] as const) {
    expect(ipv4Keys.parse(quad, "key")).toEqual({ ok: true, value: key });
    expect(ipv4Keys.format(key)).toBe(quad);
  }
  for (const text of ["", "1.2.3", "1.2.3.4.5", "1.2.3.256", "a.b.c.d", "1..2.3", "1.2.3.-4", "1.2.3.4/8"]) {
    expect(ipv4Keys.parse(text, "key").ok, text).toBe(false);
  }
});

test("one past the last address is an end, not an address", () => {
  expect(ipv4Keys.parse("256.0.0.0", "end")).toEqual({ ok: true, value: 2n ** 32n });
  expect(ipv4Keys.format(2n ** 32n)).toBe("256.0.0.0");
  expect(ipv4Keys.parse("256.0.0.0", "key").ok).toBe(false);
});

test("ticks are round, in order and not too many", () => {
  for (const format of [small, ipv4Keys]) {
    for (const share of [1, 0.37, 0.01]) {
      const ticks = format.ticks(0, format.limit * share, 10);
      expect(ticks.length).toBeGreaterThan(2);
      expect(ticks.length).toBeLessThanOrEqual(11);
    }
  }
  expect(small.ticks(130, 460, 4).map(({ key }) => key)).toEqual([200, 300, 400]);
});

test("snapping finds round keys and stays in the key space", () => {
  expect(small.snap(603.4, 1.1)).toBe(605);
  expect(small.snap(1003, 0.1)).toBe(1000);
  expect(small.snap(-3, 1)).toBe(0);
  expect(ipv4Keys.snap(0x0803_1234, 2 ** 21)).toBe(0x0800_0000);
});

test("a range of addresses is a block where it is one", () => {
  const { words } = ipv4Keys;
  expect(words(25 * 2 ** 24, 26 * 2 ** 24)).toBe("25.0.0.0/8");
  expect(words(25n * 2n ** 24n, 26n * 2n ** 24n)).toBe("25.0.0.0/8");
  expect(words(0, 2 ** 32)).toBe("0.0.0.0/0");
  expect(words(2 ** 24, 2 ** 24 + 768)).toBe("1.0.0.0 – 1.0.2.255");
  expect(words(256, 768)).toBe("0.0.1.0 – 0.0.2.255");
  expect(words(25 * 2 ** 24, Infinity)).toBe("from 25.0.0.0 on");
  expect(words(25n * 2n ** 24n, null)).toBe("from 25.0.0.0 on");
});

test("a range of numbers is its bounds, exactly, or where it begins", () => {
  expect(small.words(120, 620)).toBe("120 – 620");
  expect(small.words(2n ** 64n - 2n, 2n ** 64n - 1n)).toBe("18446744073709551614 – 18446744073709551615");
  expect(small.words(120, Infinity)).toBe("from 120 on");
  expect(small.words(120n, null)).toBe("from 120 on");
});
