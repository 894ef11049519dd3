// What a journal takes and holds back, and that a restart from its pages goes on soundly.
import { expect, test, vi } from "vitest";
import {
  agree,
  code,
  increase,
  map,
  Recording,
  register,
  splits,
  until,
  wrong,
  type Journal,
  type JournalPage,
  type RangeMap,
} from "./kit.js";

/** A map with a journal, and a channel that it is connected to. */
function journaled(id = 1) {
  const here = map(id);
  const onUnsaved = vi.fn();
  const journal = here.journal(onUnsaved);
  const channel = new Recording();
  const connection = here.connect(channel);
  return { here, journal, onUnsaved, channel, connection };
}

/** What somebody knows who has heard everything that was posted. */
function heard(channel: Recording): string[] {
  const listener = map(99);
  const end = new Recording();
  listener.connect(end);
  for (const post of channel.posts) end.hear(post.slice());
  return splits(listener);
}

/** The next page, which may come a second later. */
async function page(journal: Journal): Promise<JournalPage> {
  let taken: JournalPage | undefined;
  await until(() => (taken = journal.take()) !== undefined);
  return taken!;
}

/** Saves what there is to save at once, and returns it. */
function saveAll(journal: Journal): Uint8Array[] {
  const saved: Uint8Array[] = [];
  for (let taken; (taken = journal.take()); journal.saved(taken.number)) saved.push(taken.bytes);
  return saved;
}

test("an operation is posted once it is saved", async () => {
  const { here, journal, onUnsaved, channel } = journaled();
  expect([journal.isSaved, journal.postsUnsaved]).toEqual([true, false]);
  here.apply([register("a", 0, 10), increase("a", 0, 10, 4)]);
  expect(onUnsaved, "told once").toHaveBeenCalledTimes(1);
  expect(journal.isSaved).toBe(false);

  const first = journal.take()!;
  expect(first).toMatchObject({ replica: 1n, first: 1, next: 3, isPosted: false });
  expect(Object.keys(first).sort()).toEqual(
    ["number", "replica", "first", "next", "isOwn", "isWhole", "isPosted", "bytes"].sort(),
  );
  expect(first.bytes).toBeInstanceOf(Uint8Array);
  // What comes meanwhile is for the next page.
  here.register("b", 0, 10);
  expect(journal.take(), "the same until it is saved").toEqual(first);
  expect(heard(channel)).toEqual([]);
  journal.saved(first.number + 1000);
  expect(journal.take(), "another number saves nothing").toEqual(first);
  journal.saved(first.number);
  expect(journal.isSaved, "the second page waits").toBe(false);
  const second = await page(journal);
  expect(second).toMatchObject({ replica: 1n, first: 3, next: 4 });
  expect(second.number).not.toBe(first.number);
  expect(heard(channel).join()).not.toContain("b");
  journal.saved(second.number);
  expect(journal.isSaved).toBe(true);
  expect(journal.take()).toBeUndefined();
  await until(() => heard(channel).join() === "[0, 10) a:5 b:1");
});

test("a page that could not be saved is made anew a second later, with what came since", async () => {
  const { here, journal, onUnsaved, channel } = journaled();
  here.register("a", 0, 10);
  const lost = journal.take()!;
  journal.returned(lost.number);
  here.register("b", 0, 10);
  expect(journal.take()).toBeUndefined();
  const told = onUnsaved.mock.calls.length;
  await until(() => onUnsaved.mock.calls.length > told);
  const anew = journal.take()!;
  expect(anew).toMatchObject({ replica: 1n, first: 1, next: 3, isPosted: false });
  expect(anew.number).not.toBe(lost.number);
  journal.saved(lost.number);
  expect(journal.isSaved).toBe(false);
  expect(heard(channel)).toEqual([]);
  journal.saved(anew.number);
  expect(journal.isSaved).toBe(true);
  await until(() => heard(channel).join() === "[0, 10) a:1 b:1");
});

test("what follows from a message is an own effect: it is saved before it is told", async () => {
  const { here, journal, onUnsaved } = journaled();
  const there = map(2);
  there.merge(here.register("a", 0, 10));
  saveAll(journal);
  onUnsaved.mockClear();
  // What a release elsewhere makes this writer drop takes a number.
  here.merge(there.release("a", 0, 10));
  expect(onUnsaved).toHaveBeenCalled();
  expect(await page(journal)).toMatchObject({ first: 2, next: 3 });
});

test("what is merged is saved, and what is known already is not", async () => {
  const { here, journal } = journaled();
  const there = map(2);
  const delta = there.register("far", 0, 10);
  here.merge(delta);
  here.merge(delta);
  const merged = await page(journal);
  expect(merged).toMatchObject({ first: 1, next: 1 });
  journal.saved(merged.number);
  here.merge(delta);
  expect([journal.take(), journal.isSaved]).toEqual([undefined, true]);
  const again = map(3);
  again.journal(() => {}).absorb(merged.bytes);
  expect(splits(again)).toEqual(["[0, 10) far:1"]);
});

test("pages bring a map back, in any order and more than once, and its id goes on", async () => {
  const { here, journal } = journaled();
  const saved: Uint8Array[] = [];
  let nextSeq = 0;
  const save = async () => {
    // The page that is out, and what came since.
    while (!journal.isSaved) {
      const { number, bytes, next } = await page(journal);
      saved.push(bytes);
      nextSeq = next;
      journal.saved(number);
    }
  };
  here.register("a", 0, 10);
  await save();
  here.increase("a", 0, 10, 4);
  here.register("b", 0, 10);
  await save();
  here.release("b", 0, 10);
  await save();

  const again = map(99);
  const onUnsaved = vi.fn();
  const journalAgain = again.journal(onUnsaved);
  for (const bytes of [...saved, ...saved].reverse()) journalAgain.absorb(bytes);
  expect(journalAgain.goOnAs(1n, nextSeq)).toBe(true);
  expect(again.replica).toBe(1n);
  expect(onUnsaved, "what is saved already is not to be saved").not.toHaveBeenCalled();
  expect(journalAgain.take()).toBeUndefined();
  expect(agree(again, here)).toBe(true);
  again.register("b", 0, 10);
  expect(await page(journalAgain)).toMatchObject({ replica: 1n, first: nextSeq });
});

test("a page that was damaged is refused, and so is what is none", () => {
  const { here, journal } = journaled();
  here.register("a", 0, 10);
  const { bytes } = journal.take()!;
  const fresh = map(5);
  const journalOfFresh = fresh.journal(() => {});
  for (let at = 0; at < bytes.length; at += 1) {
    const damaged = bytes.slice();
    damaged[at]! ^= 0x10;
    expect(code(() => journalOfFresh.absorb(damaged))).toBe("malformed");
    if (at > 0) expect(code(() => journalOfFresh.absorb(bytes.subarray(0, at)))).toBe("malformed");
  }
  for (const notBytes of [new Uint8Array(3), undefined, "page"].map(wrong)) {
    expect(code(() => journalOfFresh.absorb(notBytes))).toBe("malformed");
  }
  expect(fresh.registrations()).toEqual([]);
});

test("what somebody else saved is withdrawn from the page that is out", async () => {
  const { here, journal } = journaled();
  const there = map(2);
  here.register("a", 0, 10);
  const out = journal.take()!;
  journal.absorb(there.register("far", 20, 30));
  journal.saved(out.number);
  expect(journal.isSaved, "that page is out no more").toBe(false);
  const next = await page(journal);
  expect(next).toMatchObject({ first: 1, next: 2 });
  expect(next.number).not.toBe(out.number);
  journal.saved(next.number);
  expect([journal.isSaved, journal.take()]).toEqual([true, undefined]);
  expect(splits(here)).toEqual(["[0, 10) a:1", "[20, 30) far:1"]);
});

test("what was there before the journal is on its pages", async () => {
  const [here, there] = [map(1), map(2)];
  here.register("before", 0, 10);
  const journal = here.journal(() => {});
  const { bytes } = await page(journal);
  there.journal(() => {}).absorb(bytes);
  expect(splits(there)).toEqual(splits(here));
});

test("what was saved and is lost is saved anew", async () => {
  const { here, journal } = journaled();
  here.register("a", 0, 10);
  saveAll(journal);
  here.register("b", 0, 10);
  saveAll(journal);
  journal.forgetSaved();
  const anew = await page(journal);
  const there = map(2);
  there.journal(() => {}).absorb(anew.bytes);
  expect(splits(there)).toEqual(["[0, 10) a:1 b:1"]);
});

test("nothing waits under an id that is thrown away", async () => {
  const { here, journal, channel } = journaled();
  here.register("a", 0, 10);
  expect(heard(channel)).toEqual([]);
  journal.postsUnsaved = true;
  expect(journal.postsUnsaved).toBe(true);
  await until(() => heard(channel).join() === "[0, 10) a:1");
  saveAll(journal);
  here.register("b", 0, 10);
  await until(() => heard(channel).join() === "[0, 10) a:1 b:1");
  expect(journal.isSaved).toBe(false);
  expect(journal.take()).toMatchObject({ replica: 1n, first: 2, next: 3, isPosted: true });
});

test("a restart forgets what was not saved", () => {
  const { here, journal, channel } = journaled();
  here.register("a", 0, 10);
  const changed = vi.fn();
  here.onChange(changed);
  journal.restart(5n);
  expect(changed.mock.calls).toStrictEqual([[{ source: "remote", ranges: [{ start: 0n, end: null }] }]]);
  expect([here.splits(), here.replica, journal.isSaved]).toEqual([[], 5n, true]);
  expect(heard(channel)).toEqual([]);
  here.register("b", 0, 10);
  expect(journal.take()).toMatchObject({ replica: 5n, first: 1, next: 2 });
  journal.restart();
  expect(here.replica).not.toBe(5n);
  expect(code(() => journal.restart(wrong(5)))).toBe("invalid-replica");
});

test("a restart tells what it undoes", () => {
  const { here, journal } = journaled();
  here.register("saved", 0, 10);
  saveAll(journal);
  here.register("undone", 20, null);
  const changed = vi.fn();
  here.onReplica(changed);
  journal.restart(5n);
  const unheard = [{ node: "undone", start: 20n, end: null }];
  expect(changed.mock.calls).toStrictEqual([[{ from: 1n, to: 5n, reason: "twin", unheard }]]);
});

test("a map has one journal at a time", () => {
  const here: RangeMap = map(1);
  const [first, second] = [vi.fn(), vi.fn()];
  const journal = here.journal(first);
  expect(code(() => here.journal(() => {}))).toBe("already-journaled");
  journal.close();
  journal.close();
  const next = here.journal(second);
  journal.close();
  here.register("a", 0, 10);
  expect([first.mock.calls.length, second.mock.calls.length], "the second is not closed with the first").toEqual([
    0, 1,
  ]);
  next.close();
  here.register("b", 0, 10);
  expect(second).toHaveBeenCalledTimes(1);
});

test("a retirement takes no number", async () => {
  const { here, journal } = journaled();
  here.register("a", 0, 10);
  saveAll(journal);
  here.retire(7n);
  const { number, bytes, ...rest } = await page(journal);
  expect(rest).toMatchObject({ first: 2, next: 2 });
  expect(bytes.length).toBeGreaterThan(0);
  journal.saved(number);
  expect(journal.take()).toBeUndefined();
});

test("numbers of pages go on after a restart, so that a late acknowledgement is none", async () => {
  const { here, journal } = journaled();
  here.register("old", 0, 10);
  const old = await page(journal);
  journal.restart(5n);
  here.register("new", 0, 10);
  journal.saved(old.number);
  expect(journal.isSaved).toBe(false);
  expect((await page(journal)).number).toBeGreaterThan(old.number);
});

test("who opens a journal has it before it is told that something is to be saved", async () => {
  const here = map(1);
  here.register("a", 0, 10);
  const told = vi.fn();
  const journal = here.journal(() => told(journal.take()?.isOwn));
  expect(told).not.toHaveBeenCalled();
  expect(journal.isSaved).toBe(false);
  await until(() => told.mock.calls.length > 0);
  expect(told).toHaveBeenCalledWith(true);
});

test("an id of which a page is missing is not gone on with", async () => {
  const { here, journal } = journaled();
  const pages: Uint8Array[] = [];
  let nextSeq = 0;
  for (const by of [5, 3, 1]) {
    here.increase("a", 0, 10, by);
    const { number, bytes, next } = await page(journal);
    pages.push(bytes);
    nextSeq = next;
    journal.saved(number);
  }
  const again = map(9);
  const journalAgain = again.journal(() => {});
  const goesOn = () => [journalAgain.goOnAs(1n, nextSeq), again.replica];
  for (const bytes of [pages[0]!, pages[1]!]) journalAgain.absorb(bytes);
  expect(goesOn(), "the last one").toEqual([false, 9n]);
  const other = map(8);
  const journalOfOther = other.journal(() => {});
  for (const bytes of [pages[0]!, pages[2]!]) journalOfOther.absorb(bytes);
  expect([journalOfOther.goOnAs(1n, nextSeq), other.replica], "one amid others").toEqual([false, 8n]);
  journalAgain.absorb(pages[2]!);
  expect(goesOn()).toEqual([true, 1n]);
  for (const notReplica of [1, -1n, 2n ** 64n, undefined]) {
    expect(code(() => journalAgain.goOnAs(notReplica as bigint, 4))).toBe("invalid-replica");
  }
  for (const notNumber of [-1, 0.5, NaN, 4n, 2 ** 53, undefined]) {
    expect(code(() => journalAgain.goOnAs(1n, notNumber as number))).toBe("invalid-options");
  }
});
