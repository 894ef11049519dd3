// What the module exports.

export { default, initSync } from "./module.js";
export { Connection } from "./connection.js";
export type { ErrorCode, RangeMapError } from "./errors.js";
export { Journal } from "./journal.js";
export { RangeMap } from "./range_map.js";
export type * from "./types.js";
