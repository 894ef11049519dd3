import { expect, test } from "vitest";
import { countryName, findCountry } from "./countries";

const codes = ["CH", "CI", "NE", "NG", "US", "GB", "KR", "ZA"];
const problem = (text: string) => {
  const found = findCountry(text, codes);
  return found.ok ? found.value.code : found.problem;
};

test("a country is found by its name, its code, or the beginning of a word", () => {
  expect(findCountry("Switzerland", codes)).toEqual({ ok: true, value: { code: "CH", name: "Switzerland" } });
  expect(problem(" ch ")).toBe("CH");
  expect(problem("united k")).toBe("GB");
  expect(problem("korea")).toBe("KR");
  expect(problem("cote d'ivoire")).toBe("CI");
  // A whole name is meant before one that only begins so.
  expect(problem("niger")).toBe("NE");
});

test("who is not there, is nobody, or may be several is said so", () => {
  expect(problem("Liechtenstein")).toBe("Liechtenstein has no block here.");
  expect(problem("li")).toBe("Liechtenstein has no block here.");
  expect(problem("Atlantis")).toBe("There is no such country here.");
  expect(problem("nobody")).toBe("There is no such country here.");
  expect(problem("united")).toBe("Which one: United States, United Kingdom?");
  expect(problem("  ")).toBe("A name or two letters are needed.");
  expect(problem("(")).toBe("A name or two letters are needed.");
});

test("what is no code is its own name", () => {
  expect(countryName("IS")).toBe("Iceland");
  expect(countryName("birch")).toBe("birch");
  expect(countryName("")).toBe("");
});
