import type { Story } from "./story";
import { at, join, weather } from "./write";

/** Not a story of its own: a world in which the visitor does what happens. Its time goes on. */
export const sandbox: Story = {
  id: "build-your-own",
  title: "Build your own",
  summary:
    "Three copies of one map, and a network that you can cut. Register ranges, break the links, and watch the copies agree again.",
  limit: 1000,
  cursor: 420,
  seed: 1,
  steps: [
    {
      action: "Play",
      untilMs: 1500,
      words:
        "Draw a range into a row to register it there. Take a bar to move it, or its end to make it longer or shorter. Cut a link, or take a replica offline, and let the copies meet again.",
      inputs: [
        ...join(0, 0, 1, 2),
        ...at(0, 0, [
          { op: "register", node: "oak", start: 100, end: 500 },
          { op: "register", node: "maple", start: 350, end: 800 },
          { op: "increase", node: "maple", start: 350, end: 800, by: 1 },
        ]),
        weather(200, { delayMs: 400, jitterMs: 100 }),
      ],
      ends: { isAgreed: true, answers: ["maple", "maple", "maple"] },
    },
  ],
};
