/** What keys and nodes are called: they are numbers and names, or addresses and countries. */
import { countryName } from "../model/countries";
import { decimalWords, ipv4Keys } from "../model/keys";
import type { Story } from "../stories/story";

export interface Wording {
  /** How it is asked who owns a key. */
  readonly question: (keyText: string) => string;
  /** A key within a sentence. */
  readonly key: (keyText: string) => string;
  readonly range: (start: number | bigint, end: number | bigint | null) => string;
  readonly name: (node: string) => string;
  /** Why of two nodes with the same priority the first is first: their names' bytes decide, and for a country that is its code. */
  readonly tie: (first: string, second: string) => string;
  /** Keys that are not the one that is asked for. */
  readonly others: string;
}

export const PLAIN: Wording = {
  question: (keyText) => `Who serves key ${keyText}?`,
  key: (keyText) => `key ${keyText}`,
  range: decimalWords,
  name: (node) => node,
  tie: () => "the name decides",
  others: "other keys",
};

const COUNTRIES: Wording = {
  question: (keyText) => `Who has ${keyText}?`,
  key: (keyText) => keyText,
  range: ipv4Keys.words,
  name: countryName,
  tie: (first, second) => `the code decides, ${first} before ${second}`,
  others: "others",
};

export function wordingOf({ keys }: { readonly keys?: Story["keys"] | undefined }): Wording {
  return keys === "ipv4" ? COUNTRIES : PLAIN;
}
