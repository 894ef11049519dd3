/** Countries by the two letters of ISO 3166-1, with the names that the browser has for them. */
import { failed, parsed, type Parsed } from "./parsed";

export interface Country {
  readonly code: string;
  readonly name: string;
}

let names: Intl.DisplayNames | undefined;

/** Made for the first country: it takes long, and most stories have none. */
function nameOf(code: string): string | undefined {
  names ??= new Intl.DisplayNames(["en"], { type: "region", fallback: "none" });
  return names.of(code);
}

/** What is no country's code, such as a node that somebody made up, is its own name. */
export function countryName(code: string): string {
  return /^[A-Z]{2}$/.test(code) ? (nameOf(code) ?? code) : code;
}

const LETTERS = [..."ABCDEFGHIJKLMNOPQRSTUVWXYZ"];
let all: readonly Country[] | undefined;

/** All that have a name, whether they have addresses or not. */
function everyCountry(): readonly Country[] {
  all ??= LETTERS.flatMap((first) =>
    LETTERS.flatMap((second) => {
      const code = first + second;
      const name = nameOf(code);
      return name === undefined ? [] : [{ code, name }];
    }),
  );
  return all;
}

/** So many are listed where a text fits several. */
const LISTED_MAX = 4;

/** The country that a text means, by its code, its name, or the beginning of a word in it, among those with these codes. */
export function findCountry(text: string, codes: readonly string[]): Parsed<Country> {
  const wanted = plain(text);
  if (wanted === "") return failed("A name or two letters are needed.");
  const here = codes.map((code) => ({ code, name: countryName(code) }));
  const exact = [here, everyCountry()].map((countries) => countries.find((one) => isExactly(one, wanted)));
  const [known, elsewhere] = exact;
  if (known !== undefined) return parsed(known);
  if (elsewhere !== undefined) return failed(`${elsewhere.name} has no block here.`);
  const beginning = here.filter(({ name }) => ` ${plain(name)}`.includes(` ${wanted}`));
  const [only, ...others] = beginning;
  if (only === undefined) return failed("There is no such country here.");
  if (others.length === 0) return parsed(only);
  const listed = beginning.slice(0, LISTED_MAX).map(({ name }) => name);
  const more = beginning.length - listed.length;
  return failed(`Which one: ${listed.join(", ")}${more > 0 ? `, or ${more} more` : ""}?`);
}

function isExactly({ code, name }: Country, wanted: string): boolean {
  return plain(code) === wanted || plain(name) === wanted;
}

/** Without accents, capitals, and what stands between words. */
function plain(text: string): string {
  const letters = text.normalize("NFD").replaceAll(/\p{Mn}/gu, "");
  return letters
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}]+/gu, " ")
    .trim();
}
