import type { Story } from "./story";
import { at, join, weather } from "./write";

const [A, B, C] = [0, 1, 2];
const tighten = (from: [number, number], to: [number, number]) =>
  ({ op: "tighten", node: "maple", start: from[0], end: from[1], to: { start: to[0], end: to[1] } }) as const;

/** A node gives keys away, step by step, and those who stand behind take over. */
export const fillsUp: Story = {
  id: "fills-up",
  title: "A node fills up",
  summary:
    "A node that fills up announces a smaller range, step by step. Its neighbours take over, and no key is without an owner for a moment.",
  limit: 1000,
  cursor: 700,
  seed: 77,
  steps: [
    {
      action: "Play",
      untilMs: 4000,
      words:
        "Maple comes first for nearly all keys, and its disk is filling up. Oak and elm come second, each for one half. Nobody splits anything: maple only announces a smaller range.",
      inputs: [
        ...join(0, A, B, C),
        ...at(0, A, [
          { op: "register", node: "maple", start: 50, end: 950 },
          { op: "increase", node: "maple", start: 50, end: 950, by: 5 },
        ]),
        ...at(0, B, [
          { op: "register", node: "oak", start: 0, end: 520 },
          { op: "increase", node: "oak", start: 0, end: 520, by: 1 },
        ]),
        ...at(0, C, [{ op: "register", node: "elm", start: 480, end: 1000 }]),
        weather(300, { delayMs: 500, jitterMs: 200 }),
      ],
      ends: { isAgreed: true, answers: ["maple", "maple", "maple"] },
    },
    {
      action: "Tighten maple",
      untilMs: 8000,
      words:
        "Maple tightened its range from 50 – 950 to 50 – 640. It keeps its priority there. Elm is now first for the keys that maple gave up, and each of them always had an owner.",
      inputs: at(4200, A, [tighten([50, 950], [50, 640])]),
      ends: { isAgreed: true, answers: ["elm", "elm", "elm"] },
    },
    {
      action: "Tighten again",
      untilMs: 12_000,
      words:
        "Once more, to 260 – 640. Oak takes over below 260. The split points moved by themselves, in every copy the same way: they are computed, and no message names one.",
      inputs: at(8200, A, [tighten([50, 640], [260, 640])]),
      ends: { isAgreed: true, answers: ["elm", "elm", "elm"] },
    },
  ],
};
