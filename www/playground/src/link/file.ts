/**
 * A moment as a file, for worlds that are too long for a link or have heard other tabs: a line of text that says what it is, with the
 * version of what follows; the world as links have it; and a checksum of all before it in the last four bytes.
 */
import { grouped } from "../model/numbers";
import { checksumOf, Reader, Unreadable, Writer } from "./bytes";
import { faultInRun, FILE_MESSAGES_MAX } from "./run";
import { readWorld, writeWorld, type SharedWorld } from "./world";

/** 8 MiB: a recording of tabs is full before. */
export const FILE_BYTES_MAX = 8 << 20;
export const FILE_ENDING = ".world";
const VERSION = 1;
const BEGIN = "crdt-range-map world ";
const CHECKSUM_BYTES = 4;

/** The bytes, or `null` if there would be more than a file may have, or its world runs too long. */
export function fileOf(shared: SharedWorld): Uint8Array<ArrayBuffer> | null {
  if (faultInRun(shared.log, shared.nowMs, FILE_MESSAGES_MAX) !== null) return null;
  const writer = new Writer();
  writeWorld(writer, shared);
  const head = new TextEncoder().encode(`${BEGIN}${VERSION}\n`);
  const body = writer.finish();
  const length = head.length + body.length + CHECKSUM_BYTES;
  if (length > FILE_BYTES_MAX) return null;
  const bytes = new Uint8Array(length);
  bytes.set(head);
  bytes.set(body, head.length);
  const end = length - CHECKSUM_BYTES;
  new DataView(bytes.buffer).setUint32(end, checksumOf(bytes.subarray(0, end)));
  return bytes;
}

/** Why a file of so many bytes is not even read, or `null`. */
export function faultInLength(length: number): string | null {
  const [has, most] = [length, FILE_BYTES_MAX].map(grouped);
  if (length === 0) return "The file is empty.";
  return length > FILE_BYTES_MAX ? `The file has ${has} bytes, and a world at most ${most}.` : null;
}

/** What a file stands for, or why for nothing, in words. */
export function readFile(
  bytes: Uint8Array,
):
  | { readonly shared: SharedWorld; readonly problem?: undefined }
  | { readonly shared?: undefined; readonly problem: string } {
  const tooLong = faultInLength(bytes.length);
  if (tooLong !== null) return { problem: tooLong };
  const begin = new TextEncoder().encode(BEGIN);
  const wrong = begin.findIndex((byte, place) => bytes[place] !== byte);
  if (wrong !== -1) return { problem: `The file is no world: it begins otherwise, at byte ${wrong}.` };
  const lineEnd = bytes.indexOf("\n".charCodeAt(0), begin.length);
  const version = new TextDecoder().decode(bytes.subarray(begin.length, Math.max(begin.length, lineEnd)));
  if (!/^\d{1,6}$/.test(version)) return { problem: `The file names no version, at byte ${begin.length}.` };
  if (version !== String(VERSION)) {
    return { problem: `The file is of version ${version}, and this page reads version ${VERSION} alone.` };
  }
  const end = bytes.length - CHECKSUM_BYTES;
  if (end <= lineEnd) return { problem: `The file was cut off, at byte ${bytes.length}.` };
  const checksum = new DataView(bytes.buffer, bytes.byteOffset).getUint32(end);
  if (checksumOf(bytes.subarray(0, end)) !== checksum) {
    return { problem: `The file was changed or cut off: its bytes are not those of the checksum at byte ${end}.` };
  }
  try {
    const { shared, fault } = readWorld(new Reader(bytes.subarray(0, end), lineEnd + 1), FILE_MESSAGES_MAX);
    return shared === undefined ? { problem: `The world in the file cannot be: ${fault}` } : { shared };
  } catch (error) {
    if (error instanceof Unreadable) return { problem: `The file cannot be read: ${error.message}.` };
    throw error;
  }
}
