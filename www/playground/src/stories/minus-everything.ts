import type { Story } from "./story";
import { at, join, weather } from "./write";

const [A, B] = [0, 1];
const MAPLE = { node: "maple", start: 300, end: 600 };

/** A release cancels what its replica knew of, and nothing else. */
export const minusEverything: Story = {
  id: "minus-everything",
  title: "Five, plus one, minus everything",
  summary:
    "A release and an increase happen at the same time. What is left? Here 1. See what four other designs answer.",
  limit: 1000,
  cursor: 420,
  seed: 5,
  steps: [
    {
      action: "Play",
      untilMs: 5500,
      words:
        "Both knew maple with priority 5. Then the link was cut, A added 1, and B, which could not know of that, released maple completely. What should be left?",
      inputs: [
        ...join(0, A, B),
        ...at(0, A, [
          { op: "register", node: "oak", start: 0, end: 1000 },
          { op: "register", ...MAPLE },
          { op: "increase", ...MAPLE, by: 4 },
        ]),
        weather(300, { delayMs: 700, jitterMs: 100 }),
        { at: 1500, kind: "cut", between: [A, B] },
        ...at(2500, A, [{ op: "increase", ...MAPLE, by: 1 }]),
        ...at(3500, B, [{ op: "release", ...MAPLE }]),
      ],
      ends: { isAgreed: false, answers: ["maple", "oak"] },
    },
    {
      action: "Mend the link",
      untilMs: 9500,
      words:
        "1 is left. The release cancelled exactly the 5 that B had seen, and the 1 that it had not seen is left. Neither change was lost, and none counts twice.",
      beside: MAPLE,
      inputs: [{ at: 5500, kind: "mend", between: [A, B] }],
      ends: { isAgreed: true, answers: ["maple", "maple"] },
    },
  ],
};
