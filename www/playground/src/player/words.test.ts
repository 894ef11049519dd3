import { expect, test } from "vitest";
import { framesOf } from "../picture/frames";
import { Registrations, Splits } from "../picture/ranges";
import type { Owner, Row } from "../picture/scene";
import { agreementWords, headline, whoSaysWhat } from "./words";

function stageOf(...answers: Owner[][]) {
  const rows: Row[] = answers.map((owners, replica) => ({
    replica,
    name: "ABCDEF"[replica] ?? "",
    presence: "online",
    registrations: Registrations.NONE,
    splits: Splits.of([{ start: 400, end: 500, owners }]),
  }));
  return { rows, frames: framesOf(rows), cursor: 420 };
}

const [oak, elm] = [
  { node: "oak", priority: 2 },
  { node: "elm", priority: 1 },
];

test("the headline says what all say, or that they do not", () => {
  expect(headline(stageOf([oak], [oak], [oak]), "420", true).answer).toBe("Oak, all three say.");
  expect(headline(stageOf([oak], [oak]), "420", true)).toMatchObject({ answer: "Oak, both say.", standing: "agreed" });
  expect(headline(stageOf([], []), "420", true).answer).toBe("Nobody, both say.");
  expect(headline(stageOf([oak], [elm]), "420", true)).toMatchObject({
    answer: "Today they disagree.",
    standing: "apart",
  });
  expect(headline(stageOf(), "420", true).standing).toBe("neutral");
  const elsewhere = { ...stageOf([oak], [elm]), cursor: 10 };
  expect(headline(elsewhere, "10", true)).toMatchObject({
    answer: "Nobody, both say, but other keys differ.",
    standing: "apart",
  });
});

test("it says that they disagree only if they name different nodes, and is green only if all know the same", () => {
  const behind = stageOf([oak, elm], [oak]);
  expect(headline(behind, "420", false)).toMatchObject({
    answer: "Oak, both say; the next choices differ.",
    standing: "apart",
  });
  const unheard = stageOf([oak], [oak]);
  expect(headline(unheard, "420", false)).toMatchObject({ answer: "Oak, both say.", standing: "neutral" });
  expect(whoSaysWhat(unheard, false)).toBe(
    "They give the same answer, but have not heard everything from each other yet.",
  );
  expect(whoSaysWhat(unheard, true)).toBe("");
});

test("who says what, with priorities where only they differ", () => {
  expect(whoSaysWhat(stageOf([oak], [oak]))).toBe("");
  expect(whoSaysWhat(stageOf([oak], [elm], [oak]))).toBe("A and C say oak, B says elm.");
  expect(whoSaysWhat(stageOf([oak], [oak, elm]))).toBe("A says oak 2, B says oak 2 before elm 1.");
  expect(whoSaysWhat(stageOf([], [elm]))).toBe("A says nobody, B says elm.");
  expect(whoSaysWhat(stageOf([oak], [oak], [oak], [oak], [oak], [elm]))).toBe("Five say oak, F says elm.");
});

test("how many agree", () => {
  expect(agreementWords(["x", "x", "x"])).toEqual({ words: "all 3 agree", standing: "agreed" });
  expect(agreementWords(["x", "y", "x"])).toEqual({ words: "2 of 3 agree", standing: "apart" });
  expect(agreementWords(["x", "y", "z"]).words).toBe("none agree");
  expect(agreementWords(["x", "x"]).words).toBe("both agree");
  expect(agreementWords(["x"]).standing).toBe("neutral");
  expect(agreementWords([]).standing).toBe("neutral");
});
