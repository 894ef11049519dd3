/**
 * A moment as the part of an address after `#`. Of a story as it is written: `who-serves/1/6000/420`, which is its step, the time in
 * milliseconds and the key; behind it there may be a country that is searched for, where keys are addresses. Of a world that went another
 * way: `world/1/`, all inputs in base64, and a checksum; the 1 is the version. What is looked at closely stands behind either.
 */
import { storyOf } from "../stories/index";
import { beginOf, type Story } from "../stories/story";
import { TIME_MS_MAX } from "../world/input";
import { checksumOf, fromBase64, Reader, toBase64, Unreadable, Writer } from "./bytes";
import { closeText, readClose, type Close } from "./close";
import { faultInRun, LINK_MESSAGES_MAX } from "./run";
import { isLinkable, leastBytesOf, readWorld, writeWorld, type Asked, type SharedWorld } from "./world";

/** What people can send everywhere. A longer world is a file. */
export const LINK_LENGTH_MAX = 2000;
const VERSION = 1;

export type Shared =
  | ({
      readonly kind: "story";
      readonly story: Story;
      readonly step: number;
      /** Its two letters. */
      readonly country?: string | undefined;
    } & Asked)
  | SharedWorld;

/** The text, or `null` if there is none that is short enough. If only what is looked at closely has no room, that is left out. */
export function linkOf(shared: Shared, close: Close = {}): string | null {
  const moment = momentText(shared);
  const whole = `${moment}${closeText(close)}`;
  return moment === null || whole.length > LINK_LENGTH_MAX ? moment : whole;
}

function momentText(shared: Shared): string | null {
  const nowMs = Math.floor(shared.nowMs);
  if (shared.kind === "story") {
    const { story, step, cursor, country } = shared;
    return [story.id, step, nowMs, cursor, ...(country === undefined ? [] : [country])].join("/");
  }
  const { inputs } = shared.log;
  if (!isLinkable(inputs) || leastBytesOf(inputs) > LINK_LENGTH_MAX) return null;
  if (faultInRun(shared.log, nowMs, LINK_MESSAGES_MAX) !== null) return null;
  const writer = new Writer();
  writeWorld(writer, shared);
  const bytes = writer.finish();
  const text = `world/${VERSION}/${toBase64(bytes)}.${checksumOf(bytes).toString(36)}`;
  return text.length <= LINK_LENGTH_MAX ? text : null;
}

type Moment =
  { readonly shared: Shared; readonly problem?: undefined } | { readonly shared?: undefined; readonly problem: string };

/** What a text stands for, or why it stands for nothing, in words. */
export function readLink(
  text: string,
):
  | (Moment & { readonly shared: Shared; readonly close: Close })
  | { readonly shared?: undefined; readonly problem: string } {
  const [main = "", ...parts] = text.replace(/^#/, "").split("&");
  const moment = readMoment(main);
  if (moment.shared === undefined) return moment;
  const close = readClose(parts, moment.shared.kind === "world" ? moment.shared.limit : moment.shared.story.limit);
  if (close === null) return { problem: "What the address says behind its & is nothing that this page knows." };
  return { ...moment, close };
}

function readMoment(text: string): Moment {
  const [first = "", ...parts] = text.split("/");
  if (first === "world") return readWorldLink(parts);
  const story = storyOf(first);
  if (story === null) return { problem: "There is no story of that name in the address, so this is the first one." };
  const [country] = story.keys === "ipv4" && /^[A-Z]{2}$/.test(parts[3] ?? "") ? parts.splice(3, 1) : [];
  const [step = 0, nowMs = 0, cursor = story.cursor, more] = parts.map((part) =>
    /^\d{1,10}$/.test(part) ? Number(part) : NaN,
  );
  const last = story.steps[step];
  const isGood = last !== undefined && nowMs <= TIME_MS_MAX && cursor < story.limit && more === undefined;
  if (!isGood) return { problem: "The address names no moment of this story, so it begins at its beginning." };
  const at = parts.length < 2 ? beginOf(story, step) : Math.min(nowMs, last.untilMs);
  return { shared: { kind: "story", story, step, nowMs: at, cursor, ...(country === undefined ? {} : { country }) } };
}

function readWorldLink([version, rest = "", ...more]: string[]): Moment {
  if (version !== String(VERSION))
    return { problem: "The link was made by another version of this page, which this one cannot read." };
  const [text = "", checksum] = rest.split(".");
  if (rest.length > LINK_LENGTH_MAX || more.length > 0)
    return { problem: "The link is longer than any that this page makes." };
  try {
    const bytes = fromBase64(text);
    if (checksumOf(bytes).toString(36) !== checksum) return { problem: "The link was changed or cut off on its way." };
    const { shared, fault } = readWorld(new Reader(bytes), LINK_MESSAGES_MAX);
    if (shared === undefined) return { problem: `The world in the link cannot be: ${fault}` };
    if (isLinkable(shared.log.inputs)) return { shared };
    return { problem: "The link has what came from other tabs, which is in files alone." };
  } catch (error) {
    if (error instanceof Unreadable) return { problem: `The link cannot be read: ${error.message}.` };
    throw error;
  }
}
