// What every system under measurement can do: a map from registrations to numbers that replicas merge. A document is the system's own.

/** @import { Item } from "./workload.js" */

/**
 * @template Doc
 * @typedef {object} System
 * @property {string} name
 * @property {(replica: number) => Doc} create an empty replica
 * @property {(doc: Doc, items: Item[]) => void} putAll raises each item by its amount, in one transaction
 * @property {(doc: Doc, items: Item[]) => number} putEach the same in a transaction each; the bytes of all that is to be sent
 * @property {(doc: Doc, item: Item) => Uint8Array} register what is to be sent when a new item comes with the number 1
 * @property {(doc: Doc) => Uint8Array} encode
 * @property {(bytes: Uint8Array, replica: number) => Doc} load
 * @property {(doc: Doc, bytes: Uint8Array) => void} merge
 * @property {(doc: Doc) => number} sum reads all numbers
 * @property {(doc: Doc) => Iterable<[key: string, value: number]>} entries
 * @property {(one: Doc, other: Doc) => number | Promise<number>} synchronise until both are equal; the bytes on the way
 * @property {(doc: Doc) => void} free
 * @property {number} eachMax how many transactions of their own are within reason
 * @property {number} nMax the greatest workload that is within reason
 */

/**
 * @param {Iterable<number>} values
 */
export function total(values) {
  let sum = 0;
  for (const value of values) sum += value;
  return sum;
}

/** @param {Uint8Array[]} messages */
export const bytesOf = (messages) => total(messages.map((message) => message.length));

/**
 * A 64-bit id that looks random, as such ids are, for a replica's number.
 *
 * @param {number} replica
 */
export const wideId = (replica) => BigInt.asUintN(64, BigInt(replica) * 0x9e3779b97f4a7c15n);
