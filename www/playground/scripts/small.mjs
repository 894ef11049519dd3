// @ts-check
/**
 * The start of the small key space. It holds one of each thing worth seeing: nodes that share keys, equal priorities
 * (the name decides), a node that covers a key twice (its higher priority counts), two gaps, and a range without an end.
 *
 * @type {readonly import("./seed.mjs").Seed[]}
 */
export const smallKeySpace = [
  { node: "a", start: 40, end: 300, priority: 3 },
  { node: "a", start: 240, end: 430, priority: 1 },
  { node: "b", start: 120, end: 480, priority: 2 },
  { node: "c", start: 300, end: 640, priority: 4 },
  { node: "c", start: 700, end: 790, priority: 1 },
  { node: "d", start: 560, end: 790, priority: 2 },
  { node: "e", start: 400, end: 600, priority: 2 },
  { node: "e", start: 860, end: null, priority: 1 },
];
