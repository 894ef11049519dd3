import { expect, test } from "vitest";
import { stories } from "../stories/index";
import { inputsUpTo } from "../stories/story";
import { at, join } from "../stories/write";
import { REPLICAS_MAX, TIME_MS_MAX, type Input } from "../world/input";
import { Log } from "../world/log";
import { numberBelow } from "../world/random";
import { sampleLog } from "../world/samples";
import { Timeline } from "../world/timeline";
import { checksumOf, toBase64, Writer } from "./bytes";
import { fileOf, readFile } from "./file";
import { linkOf, readLink } from "./link";
import { FILE_MESSAGES_MAX, LINK_MESSAGES_MAX, messagesOf } from "./run";
import { writeWorld, type SharedWorld } from "./world";

function worldOf(inputs: readonly Input[], nowMs: number): SharedWorld {
  const { log, fault } = Log.of(1, inputs);
  if (log === undefined) throw new Error(fault);
  return { kind: "world", log, limit: 1000, nowMs, cursor: 420 };
}

const ALL = join(0, ...Array(REPLICAS_MAX).keys());
/** Two replicas say something to each other twice in ten seconds. */
const msFor = (messages: number) => messages * 5_000;

test("a link, and a file, may run for nothing and up to what they may, and for no message more", () => {
  for (const nowMs of [0, 1, msFor(LINK_MESSAGES_MAX)]) {
    const shared = worldOf(join(0, 0, 1), nowMs);
    const link = linkOf(shared);
    expect(link, `${nowMs}`).not.toBeNull();
    expect(readLink(link ?? "")).toMatchObject({ shared: { nowMs } });
  }
  expect(messagesOf(worldOf(join(0, 0, 1), msFor(LINK_MESSAGES_MAX)).log, msFor(LINK_MESSAGES_MAX))).toBe(
    LINK_MESSAGES_MAX,
  );
  expect(linkOf(worldOf(join(0, 0, 1), msFor(LINK_MESSAGES_MAX) + 1))).toBeNull();
  // 240 messages in ten seconds.
  const longest = Math.floor((FILE_MESSAGES_MAX * 10_000) / 240);
  const bytes = fileOf(worldOf(ALL, longest));
  expect(bytes).not.toBeNull();
  expect(readFile(bytes ?? new Uint8Array())).toMatchObject({ shared: { nowMs: longest } });
  expect(fileOf(worldOf(ALL, longest + 42))).toBeNull();
});

test("one that somebody else made is refused in words, whether the moment or an input is too late", () => {
  const words =
    /^The world in the link cannot be: it runs too long, for 1,440 minutes, in which .* 3,000 is the most\.$/;
  for (const [inputs, nowMs] of [
    [ALL, TIME_MS_MAX],
    [[...ALL, ...at(TIME_MS_MAX, 0, [{ op: "register", node: "oak", start: 0, end: 5 }])], 0],
  ] as const) {
    expect(readLink(written(worldOf(inputs, nowMs)))).toMatchObject({
      problem: expect.stringMatching(words) as string,
    });
  }
});

/** As `linkOf`, but of any length of time. */
function written(shared: SharedWorld): string {
  const writer = new Writer();
  writeWorld(writer, shared);
  const bytes = writer.finish();
  return `world/1/${toBase64(bytes)}.${checksumOf(bytes).toString(36)}`;
}

test("who is not there sends nothing; all stories, and 200 random worlds, may be links", () => {
  const gone: Input[] = [1, 2].map((replica) => ({ at: 10_000, kind: replica === 1 ? "crash" : "leave", replica }));
  expect(messagesOf(worldOf([...join(0, 0, 1, 2), ...gone], TIME_MS_MAX).log, TIME_MS_MAX)).toBe(6);
  for (const story of stories) {
    const { log } = worldOf(inputsUpTo(story, story.steps.length), 0);
    expect(messagesOf(log, 0), story.id).toBeLessThan(LINK_MESSAGES_MAX / 20);
  }
  for (let seed = 0; seed < 200; seed++) expect(messagesOf(sampleLog(seed), 0)).toBeLessThan(LINK_MESSAGES_MAX);
});

test("about so many are sent: in idle worlds, of any number of replicas, not many more than are counted", () => {
  for (let seed = 0; seed < 10; seed++) {
    const count = 2 + numberBelow(6, seed, 1);
    const { log } = worldOf(join(0, ...Array(count).keys()), 0);
    const timeline = new Timeline(log);
    const ms = 300_000 + numberBelow(300_000, seed, 2);
    const { flights } = timeline.history(ms);
    expect(flights.length).toBeLessThan(1.5 * messagesOf(log, ms) + 20 * count * count);
    timeline.free();
  }
});
