// Checks objects of options, of this package's entries all alike.

import { describe } from "./errors.js";
import type { ConnectOptions, MapOptions, RouteOptions } from "./types.js";

/** What an option must be, and how that is told. */
export interface Rule {
  isFine(value: unknown): boolean;
  must: string;
}

export const anything: Rule = { isFine: () => true, must: "" };

export const text: Rule = { isFine: (value) => typeof value === "string", must: "a string" };

/** The same, or left out. */
export const optional = ({ isFine, must }: Rule): Rule => ({
  isFine: (value) => value === undefined || isFine(value),
  must,
});

/** Those of a map. */
export const mapRules: Record<keyof MapOptions, Rule> = {
  ephemeral: optional({ isFine: (ephemeral) => typeof ephemeral === "boolean", must: "true or false" }),
  // It has rules of its own.
  attributes: anything,
};

/** Those of `connect`. */
export const connectRules: Record<keyof ConnectOptions, Rule> = {
  kind: optional({ isFine: (kind) => kind === "medium" || kind === "neighbour", must: '"medium" or "neighbour"' }),
  name: optional(text),
  locks: optional({ isFine: (locks) => locks === null || typeof locks === "string", must: "a string or null" }),
};

/** Those of `route`. */
export const routeRules: Record<keyof RouteOptions, Rule> = {
  by: optional({ isFine: (by) => by === "preference" || by === "weight", must: '"preference" or "weight"' }),
  wanted: optional({
    isFine: (wanted) => typeof wanted === "number" && wanted >= 0 && wanted < 2 ** 32 && Number.isInteger(wanted),
    must: "an integer from 0 to 2^32 - 1",
  }),
  apart: optional({ isFine: (apart) => typeof apart === "function", must: "a function" }),
  distinct: optional(text),
};

/**
 * Options by the name of the argument that they are, each read once; `undefined` for all is none. Throws what `failure` makes of a message
 * if one is wrong, or there is one that does not exist.
 */
export function checkedOptions<T extends object>(
  value: unknown,
  rules: Record<keyof T & string, Rule>,
  failure: (message: string) => Error,
  argument = "options",
): T {
  const given = value === undefined ? {} : value;
  if (typeof given !== "object" || given === null) {
    throw failure(`${argument} must be an object, not ${describe(given)}`);
  }
  const names = Object.keys(rules);
  const unknown = Object.keys(given).find((name) => !names.includes(name));
  if (unknown !== undefined) throw failure(`${argument} must be of ${names.join(", ")}, not ${describe(unknown)}`);
  const options: Record<string, unknown> = {};
  for (const [name, { isFine, must }] of Object.entries<Rule>(rules)) {
    const option = (given as Record<string, unknown>)[name];
    if (!isFine(option)) throw failure(`${name} must be ${must}, not ${describe(option)}`);
    options[name] = option;
  }
  return options as T;
}
