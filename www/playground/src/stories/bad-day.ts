import type { Story } from "./story";
import { at, join, weather } from "./write";

const [A, B, C, D] = [0, 1, 2, 3];

/** Loss, delays, messages that come twice, a crash, and somebody who comes late. */
export const badDay: Story = {
  id: "bad-day",
  title: "A bad day",
  summary:
    "Losses, long delays, a crash, and a replica that joins late: what was lost is asked for again, and all that are left agree in the end.",
  limit: 1000,
  cursor: 510,
  seed: 13,
  steps: [
    {
      action: "Play",
      untilMs: 7000,
      words:
        "Every third message is lost, others come late or twice, and B has crashed. Those that are left keep answering, each from what it has heard so far.",
      inputs: [
        ...join(0, A, B, C),
        ...at(0, A, [
          { op: "register", node: "oak", start: 0, end: 600 },
          { op: "register", node: "elm", start: 400, end: 1000 },
        ]),
        weather(200, { delayMs: 400, jitterMs: 500, lossPercent: 35, duplicatePercent: 15 }),
        ...at(1000, B, [{ op: "register", node: "maple", start: 250, end: 750 }]),
        ...at(1700, C, [{ op: "increase", node: "elm", start: 400, end: 1000, by: 2 }]),
        ...at(2400, A, [{ op: "release", node: "oak", start: 0, end: 600 }]),
        ...at(3000, B, [{ op: "increase", node: "maple", start: 250, end: 750, by: 4 }]),
        { at: 4200, kind: "crash", replica: B },
        { at: 4600, kind: "cut", between: [A, C] },
        ...at(5200, C, [{ op: "register", node: "birch", start: 100, end: 520 }]),
        ...at(5600, A, [{ op: "register", node: "ash", start: 500, end: 560 }]),
      ],
      ends: { isAgreed: false, answers: ["maple", "maple"] },
    },
    {
      action: "Mend the link, and let D join",
      untilMs: 16_000,
      words:
        "The link is mended, and D joined late: it knew nothing, asked, and got the state. Messages still get lost. What was lost was asked for again, and the three that are there agree.",
      inputs: [{ at: 7000, kind: "mend", between: [A, C] }, ...join(7600, D)],
      ends: { isAgreed: true, answers: ["maple", "maple", "maple"] },
    },
  ],
};
