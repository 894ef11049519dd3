import { registering, type Registry } from "./registry";
import type { Story } from "./story";
import { at, join, weather } from "./write";

const [A, B, C] = [0, 1, 2];
/** 25.0.0.0/8, and its upper half. */
const WHOLE = { start: 25 * 2 ** 24, end: 26 * 2 ** 24 };
const HALF = { start: 25.5 * 2 ** 24, end: 26 * 2 ** 24 };

/** The registry of IPv4 addresses at three copies, and an invented block that changes hands while one of them is cut off. */
export const internet: Story = {
  id: "internet",
  title: "The Internet by country",
  summary:
    "The real registry of IPv4 addresses at three copies of the map, on one square: search a country, look up an address, and see copies differ and agree.",
  keys: "ipv4",
  isIncomplete: true,
  limit: 2 ** 32,
  // 25.200.0.1
  cursor: HALF.start + 72 * 2 ** 16 + 1,
  seed: 32,
  beginMs: 1500,
  steps: [
    {
      action: "Play",
      untilMs: 7000,
      words:
        "This part is invented: the United Kingdom gives up half of 25.0.0.0/8, and B registers it for Iceland. C, cut off, registers it for Ireland.",
      inputs: [
        ...join(0, A, B, C),
        weather(1400, { delayMs: 600, jitterMs: 150 }),
        { at: 2200, kind: "cut", between: [A, C] },
        { at: 2200, kind: "cut", between: [B, C] },
        ...at(3000, A, [{ op: "tighten", node: "GB", ...WHOLE, to: { start: WHOLE.start, end: HALF.start } }]),
        ...at(4300, B, [
          { op: "register", node: "IS", ...HALF },
          { op: "increase", node: "IS", ...HALF, by: 1 },
        ]),
        ...at(4900, C, [{ op: "register", node: "IE", ...HALF }]),
      ],
      ends: { isAgreed: false, answers: ["IS", "IS", "GB"] },
    },
    {
      action: "Mend the links",
      untilMs: 11_000,
      words:
        "Every copy now has both claims, in the same order: Iceland announced 2, Ireland 1. All can see that there are two, and no claim was lost.",
      inputs: [
        { at: 7000, kind: "mend", between: [A, C] },
        { at: 7000, kind: "mend", between: [B, C] },
      ],
      ends: { isAgreed: true, answers: ["IS", "IS", "IS"] },
    },
    {
      action: "Withdraw Ireland's claim",
      untilMs: 14_500,
      words: "C took its claim back. Look up any other address, or search for a country: all of those are real.",
      inputs: at(11_200, C, [{ op: "release", node: "IE", ...HALF }]),
      ends: { isAgreed: true, answers: ["IS", "IS", "IS"] },
    },
  ],
};

/** The story as it is told once the registry is there. A has it from the beginning, and the others get it from A. */
export function withRegistry({ isIncomplete: _, ...story }: Story, { blocks }: Registry): Story {
  const [first, ...others] = story.steps;
  if (first === undefined) return story;
  const joined = first.inputs.filter(({ kind }) => kind === "join");
  const rest = first.inputs.filter(({ kind }) => kind !== "join");
  return { ...story, steps: [{ ...first, inputs: [...joined, ...registering(0, A, blocks), ...rest] }, ...others] };
}
