/** A seed becomes a bad day: random operations, cuts, bad weather, crashes; and then a fair evening with all who may be there. */
import { FAIR, type Input, type Operation, type Range, type What } from "../world/input";
import { Log } from "../world/log";
import { numberBelow } from "../world/random";
import { sampleLog, type Size } from "../world/samples";
import { spansUntil } from "../world/spans";

/** Beside those of the sample. */
const CUTS = 3;
const SIZE: Size = { replicas: 4, inputs: 30, pauseMs: 300, keys: 40 };

/**
 * The log of a seed. In the last millisecond all links are mended, all that may return are online, and the weather is fair. With an even
 * seed nobody crashes or leaves, so nothing that was done can be lost.
 */
export function schedule(seed: number): Log {
  const sample = sampleLog(seed, SIZE).inputs.map((input, place) => withFewRegistrations(seed, input, place));
  const begin: Input = { at: 0, kind: "weather", conditions: weatherOf(seed) };
  const inputs = seed % 2 === 0 ? withoutLoss(sample) : sample;
  const day = checked(seed, [begin, ...inputs, ...cuts(seed, inputs)]);
  const at = (sample.at(-1)?.at ?? 0) + 1;
  return checked(seed, [...day.inputs, ...evening(day, at).map((what) => ({ at, ...what }))]);
}

/** Whether somebody may have taken what nobody heard with it. */
export function mayLose(log: Log): boolean {
  return log.inputs.some(({ kind }) => kind === "crash" || kind === "leave");
}

function weatherOf(seed: number) {
  const below = (most: number, what: number) => numberBelow(most, seed, 8, what);
  return {
    delayMs: below(200, 0),
    jitterMs: below(300, 1),
    lossPercent: below(5, 2) * 10,
    duplicatePercent: below(3, 3) * 10,
  };
}

/** Other operations instead of those of a sample, which hardly ever meet: of few nodes and few ranges, so that many are concurrent. */
function withFewRegistrations(seed: number, input: Input, place: number): Input {
  if (input.kind !== "operation") return input;
  return { ...input, operations: input.operations.map((_, at) => operationOf(seed, place, at)) };
}

const NODES = ["maple", "oak"];
/** Each has the next in it. */
const RANGES: readonly Range[] = [
  { start: 0n, end: null },
  { start: 10n, end: 70n },
  { start: 20n, end: 45n },
];

function operationOf(seed: number, place: number, at: number): Operation {
  const below = (most: number, what: number) => numberBelow(most, seed, 10, place, at, what);
  const node = NODES[below(NODES.length, 0)] ?? "";
  const number = below(RANGES.length, 1);
  const [range = { start: 0n, end: null }, to] = RANGES.slice(number);
  const by = 1 + below(5, 3);
  switch (below(8, 2)) {
    case 0:
    case 1:
      return { op: "release", node, ...range };
    case 2:
    case 3:
      return { op: "register", node, ...range };
    case 4:
      return { op: "decrease", node, by, ...range };
    case 5:
      if (to !== undefined) return { op: "tighten", node, ...range, to };
  }
  return { op: "increase", node, by, ...range };
}

/** Cuts at random times, each of which ends after a while or in the evening. */
function cuts(seed: number, inputs: readonly Input[]): Input[] {
  const end = inputs.at(-1)?.at ?? 0;
  return Array.from({ length: CUTS }, (_, place) => {
    const below = (most: number, what: number) => numberBelow(most, seed, 9, place, what);
    const one = below(SIZE.replicas, 0);
    const between = [one, (one + 1 + below(SIZE.replicas - 1, 1)) % SIZE.replicas] as const;
    const at = below(end + 1, 2);
    const ends: Input[] = [
      { at, kind: "cut", between },
      { at: at + below(end + 1, 3), kind: "mend", between },
    ];
    const left = inputs.filter((input) => input.kind === "leave" && between.includes(input.replica));
    return ends.filter((input) => input.at <= end && left.every((leave) => input.at < leave.at));
  }).flat();
}

/** The same, but who would crash or leave goes offline instead, with all that it knows. */
function withoutLoss(inputs: readonly Input[]): Input[] {
  const offline = new Set<number>();
  return inputs.flatMap((input): Input[] => {
    switch (input.kind) {
      case "crash":
      case "leave":
      case "offline": {
        const { at, replica } = input;
        if (offline.has(replica)) return [];
        offline.add(replica);
        return [{ at, kind: "offline", replica }];
      }
      case "restart":
      case "online": {
        const { at, replica } = input;
        offline.delete(replica);
        return [{ at, kind: "online", replica }];
      }
    }
    return [input];
  });
}

/** What is to be done so that everybody hears everybody. */
function evening(log: Log, at: number): What[] {
  const open = spansUntil(log, at).filter(({ to }) => to === at);
  const gone = new Set(open.flatMap((span) => (span.kind === "gone" ? [span.replica] : [])));
  const returns = open.flatMap((span): What[] => {
    if (span.kind === "crashed") return [{ kind: "restart", replica: span.replica }];
    return span.kind === "offline" ? [{ kind: "online", replica: span.replica }] : [];
  });
  const mends = open.flatMap((span): What[] =>
    span.kind === "cut" && !span.between.some((end) => gone.has(end)) ? [{ kind: "mend", between: span.between }] : [],
  );
  return [{ kind: "weather", conditions: FAIR }, ...returns, ...mends];
}

function checked(seed: number, inputs: readonly Input[]): Log {
  const { log, fault } = Log.of(seed, inputs);
  if (log === undefined) throw new Error(`The schedule ${seed} is wrong: ${fault}`);
  return log;
}
