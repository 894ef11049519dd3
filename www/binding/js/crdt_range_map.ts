/// <reference lib="esnext.disposable" preserve="true" />
// What the module exports. The reference spares users from having to name the library of `[Symbol.dispose]` themselves.

/** @internal */
export { default } from "./module.js";
export { Connection } from "./connection.js";
export type { ErrorCode, RangeMapError } from "./errors.js";
export { Journal } from "./journal.js";
export type { LivingAnswer } from "./living.js";
export type { Operations } from "./operations.js";
export type { Answer } from "./queries.js";
export { RangeMap } from "./range_map.js";
export type * from "./types.js";
export { compareVersions, fencingToken, type OwnersSince, type VersionOrder } from "./versions.js";
