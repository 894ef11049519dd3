import type { Story } from "./story";
import { at, join, weather } from "./write";

const [A, B, C] = [0, 1, 2];

const standsIn = (node: string, start: number, end: number) =>
  [
    { op: "register", node, start, end },
    { op: "increase", node, start, end, by: 1 },
  ] as const;

/** A node has too much to do, and all follow the same advice: others first, and then it gives keys up. */
export const fillsUp: Story = {
  id: "fills-up",
  title: "A node fills up",
  summary:
    "A node has more to do than it can bear. All compute the same advice: its neighbours stand in first, then it announces a smaller range, and no key is without an owner for a moment.",
  limit: 1000,
  cursor: 700,
  seed: 77,
  steps: [
    {
      action: "Play",
      untilMs: 4000,
      words:
        "Maple alone serves all keys, and bears more than it can. Oak and elm have room, each for half of what maple can bear. Nobody gives orders: from the load, all compute the same advice.",
      inputs: [
        ...join(0, A, B, C),
        ...at(0, A, [{ op: "register", node: "maple", start: 0, end: 1000 }]),
        weather(300, { delayMs: 500, jitterMs: 200 }),
      ],
      ends: { isAgreed: true, answers: ["maple", "maple", "maple"] },
    },
    {
      action: "Others first",
      untilMs: 8000,
      words:
        "The advice for oak and elm: stand in for maple. Oak serves 540 – 740 as well now, elm 740 – 1000, and both come before maple there. Maple still serves all, so no key was without an owner.",
      inputs: [...at(4200, B, standsIn("oak", 540, 740)), ...at(4200, C, standsIn("elm", 740, 1000))],
      ends: { isAgreed: true, answers: ["oak", "oak", "oak"] },
    },
    {
      action: "Then maple gives up",
      untilMs: 12_000,
      words:
        "The advice for maple: give up what others serve before it. It tightened its range to 0 – 540. Every copy computes the split points alike. The load is even now; the advice is to do nothing.",
      inputs: at(8200, A, [{ op: "tighten", node: "maple", start: 0, end: 1000, to: { start: 0, end: 540 } }]),
      ends: { isAgreed: true, answers: ["oak", "oak", "oak"] },
    },
  ],
};
