import type { Story } from "./story";
import { at, join, weather } from "./write";

const [A, B, C] = [0, 1, 2];

/** Three copies, a cut, two answers, agreement. */
export const whoServes: Story = {
  id: "who-serves",
  title: "Who serves key 420?",
  summary:
    "Three copies of one map are cut apart and answer differently. Then the links are mended, and all compute the same answer without asking anybody.",
  limit: 1000,
  cursor: 420,
  seed: 420,
  steps: [
    {
      action: "Play",
      untilMs: 6000,
      words:
        "The links to C are cut. Everybody still answers at once: nobody waits, nobody votes. Mend the links, and watch a few messages settle it.",
      inputs: [
        ...join(0, A, B, C),
        ...at(0, A, [
          { op: "register", node: "oak", start: 40, end: 300 },
          { op: "increase", node: "oak", start: 40, end: 300, by: 2 },
          { op: "register", node: "maple", start: 120, end: 620 },
          { op: "increase", node: "maple", start: 120, end: 620, by: 1 },
          { op: "register", node: "elm", start: 560, end: 790 },
          { op: "increase", node: "elm", start: 560, end: 790, by: 1 },
          { op: "register", node: "oak", start: 240, end: 430 },
        ]),
        weather(400, { delayMs: 600, jitterMs: 150 }),
        ...at(900, B, [{ op: "register", node: "elm", start: 860, end: 1000 }]),
        { at: 2400, kind: "cut", between: [A, C] },
        { at: 2400, kind: "cut", between: [B, C] },
        ...at(3000, A, [{ op: "increase", node: "maple", start: 120, end: 620, by: 3 }]),
        ...at(4200, C, [
          { op: "register", node: "birch", start: 300, end: 700 },
          { op: "increase", node: "birch", start: 300, end: 700, by: 2 },
        ]),
      ],
      ends: { isAgreed: false, answers: ["maple", "maple", "birch"] },
    },
    {
      action: "Mend the links",
      untilMs: 10_000,
      words:
        "The links are whole again, and all three have computed the same answer from the same announcements: maple announced 5, birch 3. Nothing was decided by anybody. Birch stays the second choice.",
      inputs: [
        { at: 6000, kind: "mend", between: [A, C] },
        { at: 6000, kind: "mend", between: [B, C] },
      ],
      ends: { isAgreed: true, answers: ["maple", "maple", "maple"] },
    },
  ],
};
