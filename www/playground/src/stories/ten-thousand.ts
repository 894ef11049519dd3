import { numberBelow } from "../world/random";
import type { Input, Operation } from "../world/input";
import type { Step, Story } from "./story";
import { join, operation, weather } from "./write";

const LIMIT = 1_000_000;
const COUNT = 10_000;
const SEED = 10_000;
const NODES = ["oak", "maple", "elm", "birch"];
/** One replica after the other registers so many, so that nobody has to wait long for any of them. */
const AT_ONCE = 400;
const PAUSE_MS = 40;
/** Where nobody serves anything. */
const GAP = { start: 610_000, end: 660_000 };

/** Each node mostly near keys of its own, the higher in priority the higher the key; what would begin in the gap begins elsewhere. */
function ranges(): Operation[][] {
  const known = new Set<string>();
  const all: Operation[][] = [];
  for (let count = 0; all.length < COUNT; count++) {
    const below = (most: number, what: number) => numberBelow(most, SEED, count, what);
    const home = below(NODES.length, 0);
    const spread = [1, 2, 3].reduce((sum, what) => sum + below(200_000, what), 0) - 300_000;
    const start = Math.round(((home + 0.5) / NODES.length) * LIMIT) + spread;
    const end = start + 5 + Math.round(below(1000, 4) ** 2 / 5_000);
    const name = `${home} ${start} ${end}`;
    if (start < 0 || end > LIMIT || (start < GAP.end && end > GAP.start) || known.has(name)) continue;
    known.add(name);
    const range = { node: NODES[home] ?? "", start, end };
    const by = Math.floor((start / LIMIT) * below(20, 5));
    const register = operation({ op: "register", ...range });
    all.push(by === 0 ? [register] : [register, operation({ op: "increase", ...range, by })]);
  }
  return all;
}

function inputs(): Input[] {
  const all = ranges();
  const batches = Array.from({ length: COUNT / AT_ONCE }, (_, place) =>
    all.slice(place * AT_ONCE, (place + 1) * AT_ONCE).flat(),
  );
  return [
    ...join(0, 0, 1, 2),
    ...batches.map((operations, place): Input => ({
      at: 100 + place * PAUSE_MS,
      kind: "operation",
      replica: place % 3,
      operations,
    })),
    weather(2_000, { delayMs: 400, jitterMs: 100 }),
  ];
}

let made: Input[] | undefined;

const step: Step = {
  action: "Play",
  untilMs: 2_500,
  words:
    "Three copies of ten thousand ranges, made from a seed. Zoom in, draw one more, or cut a link: it is the same map.",
  /** Made when somebody wants to see them. */
  get inputs() {
    return (made ??= inputs());
  },
  ends: { isAgreed: true, answers: ["maple", "maple", "maple"] },
};

/** Dense enough that no picture can show each range by itself, in a world in which the visitor does what happens. */
export const tenThousand: Story = {
  id: "ten-thousand",
  title: "Ten thousand ranges",
  summary:
    "Three copies of ten thousand ranges: how many hold each key, who serves which share, and where nobody does. Zoom in to see each.",
  limit: LIMIT,
  cursor: 421_300,
  seed: SEED,
  isOpen: true,
  steps: [step],
};
