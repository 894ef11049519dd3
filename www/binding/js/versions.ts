// Versions of answers, which a client carries as text.

import { compareVersions as compare, tokenOf } from "#glue";
import * as check from "./arguments.js";
import { guarded } from "./errors.js";
import { mustBeLoaded } from "./module.js";
import type { Owner } from "./types.js";

/** How one version of an answer is to another. */
export type VersionOrder =
  /** The answers are the same. */
  | "same"
  /** Whoever gave it knew all that whoever gave the other knew, and more. */
  | "newer"
  /** The other way round. */
  | "older"
  /** Each of the two knew something that the other lacked. */
  | "concurrent";

/** What is new about a key for who knows an answer of some version. */
export type OwnersSince =
  /** Nothing. */
  | { is: "same" }
  /** The map knows more: who serves the key, and the version of that. */
  | { is: "newer"; owners: Owner[]; version: string }
  /** Who asks knows better: the map lacks something. */
  | { is: "older"; version: string }
  /** Each knows something that the other lacks. */
  | { is: "concurrent"; owners: Owner[]; version: string };

/** @internal What the module says of an order. */
export const orderOf = (order: number | null | undefined): VersionOrder =>
  order === undefined || order === null ? "concurrent" : order === 0 ? "same" : order > 0 ? "newer" : "older";

/**
 * Whether `version` is newer than `other`, or older, the same, or concurrent. Both are from `version()` of any maps, or from `ownersSince`.
 *
 * "same", "newer" and "older" are told always where it is so, and "concurrent" always is so. But no 24 bytes can tell everything: some that are
 * concurrent are called newer or older: of two sides on each of which one replica did up to 9 things, 7 %; if one did hundreds more, most.
 * Nothing is authenticated: who makes one up can be called newer than all. O(1).
 *
 * Throws `not-initialized`, `malformed`.
 */
export function compareVersions(version: string, other: string): VersionOrder {
  mustBeLoaded();
  const [one, two] = [check.version(version, "version"), check.version(other, "other")];
  return orderOf(guarded(() => compare(one, two)));
}

/**
 * A number that grows with the version, for fencing: of two ordered versions the newer has the greater. From 0 to 2^48 - 1.
 *
 * Whoever acts for an owner sends it along; the resource keeps the greatest that it has seen, with who came with it, and refuses lesser
 * ones, and an equal one of somebody else. It is no lock: replicas that cannot hear each other both name an owner, and their tokens are in no
 * order of time. If two must never act in turns, let a single map hand out all answers that are acted on. O(1).
 *
 * Throws `not-initialized`, `malformed`.
 */
export function fencingToken(version: string): bigint {
  mustBeLoaded();
  const checked = check.version(version, "version");
  return guarded(() => tokenOf(checked));
}
