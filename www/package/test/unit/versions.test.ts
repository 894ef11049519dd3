// Versions of answers, which a client carries.
import { expect, test } from "vitest";
import { code, compareVersions, fencingToken, map, refusal, wrong } from "./kit.js";

test("a version is newer after all that is done or learnt, and the same for who knows the same", () => {
  const [here, there] = [map(1), map(2)];
  const nothing = here.version();
  expect(nothing).toBe("0".repeat(48));
  const registered = here.register("a", 0, 10);
  const first = here.version();
  expect(first).toMatch(/^[0-9a-f]{48}$/);
  expect([compareVersions(first, nothing), compareVersions(nothing, first)]).toEqual(["newer", "older"]);
  there.merge(registered);
  expect(there.version()).toBe(first);
  here.register("b", 0, 10);
  const delta = there.release("a", 0, 10);
  expect(compareVersions(here.version(), there.version())).toBe("concurrent");
  here.merge(delta);
  expect(compareVersions(here.version(), there.version())).toBe("newer");
  expect(compareVersions(first.toUpperCase(), first)).toBe("same");
  expect(fencingToken(nothing)).toBe(0n);
  expect(fencingToken(here.version())).toBeGreaterThan(fencingToken(first));
  expect(fencingToken("f".repeat(48))).toBe(2n ** 48n - 1n);
});

test("who knows an older answer gets what is new, and who knows better is told so", () => {
  const [here, there] = [map(1), map(2)];
  const nothing = here.version();
  expect(here.ownersSince(5, nothing)).toStrictEqual({ is: "same" });
  here.register("a", 0, 10);
  const [version, owners] = [here.version(), [{ node: "a", priority: 1 }]];
  expect(here.ownersSince(5n, nothing)).toStrictEqual({ is: "newer", owners, version });
  expect(here.ownersSince(10, nothing)).toStrictEqual({ is: "newer", owners: [], version });
  expect(there.ownersSince(5, version)).toStrictEqual({ is: "older", version: nothing });
  there.register("b", 10, 20);
  expect(there.ownersSince(5, version)).toStrictEqual({ is: "concurrent", owners: [], version: there.version() });
});

test("what is no version is refused, with what is wrong with it", () => {
  const here = map(1);
  const fine = here.version();
  for (const version of ["", fine.slice(1), `${fine}0`, `-${fine.slice(1)}`, 5, undefined, null].map(wrong)) {
    expect(code(() => here.ownersSince(5, version))).toBe("malformed");
    expect(code(() => compareVersions(version, fine))).toBe("malformed");
    expect(code(() => compareVersions(fine, version))).toBe("malformed");
    expect(code(() => fencingToken(version))).toBe("malformed");
  }
  expect(code(() => here.ownersSince(wrong("5"), fine))).toBe("invalid-key");
  expect(refusal(() => fencingToken(`${fine.slice(1)}g`)).message).toContain("byte 47 is no hexadecimal digit");
});
