// Pages that go and come back: nothing that was acknowledged is lost, and no id has two writers.
import { agreed, expect, ready, register, registrations, replicaOf, test } from "./browser.js";

test("a reload finds everything, and goes on under the same id", async ({ profile }) => {
  const page = await profile.open();
  const id = await replicaOf(page);
  await register(page, "a");
  await page.evaluate(() => replica.map.increase("a", 0, 10, 4));
  await page.evaluate(() => replica.saved());
  await page.reload();
  await ready(page);
  expect(await registrations(page)).toEqual(["a 0 10 5"]);
  expect(await replicaOf(page)).toBe(id);
  expect(await page.evaluate(() => replica.status)).toEqual({ storage: "saved", error: undefined, damaged: 0 });
  await register(page, "b");
  expect(await registrations(page)).toEqual(["a 0 10 5", "b 0 10 1"]);
});

test("closing every tab and the browser loses nothing", async ({ profile }) => {
  const [one, two] = [await profile.open(), await profile.open()];
  const ids = [await replicaOf(one), await replicaOf(two)];
  expect(new Set(ids).size).toBe(2);
  await register(one, "a");
  await register(two, "b");
  expect(await agreed(one, two)).toEqual(["a 0 10 1", "b 0 10 1"]);
  await profile.end();
  const [again, other] = [await profile.open(), await profile.open()];
  expect(await registrations(again)).toEqual(["a 0 10 1", "b 0 10 1"]);
  await register(again, "c");
  expect(await agreed(again, other)).toEqual(["a 0 10 1", "b 0 10 1", "c 0 10 1"]);
  expect([await replicaOf(again), await replicaOf(other)].sort()).toEqual(ids.sort());
});
