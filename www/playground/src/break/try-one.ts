import { nameOf as replicaName, type Input } from "../world/input";
import type { Log } from "../world/log";
import type { Owner, Replica } from "../world/replica";
import { World } from "../world/world";
import { Oracle, prioritiesOf, type Priorities } from "./oracle";
import { mayLose, schedule } from "./schedule";

/** After the last input, what was sent in bad weather is still on its way for up to half a second. */
const STRAYS_MS = 501;
/** How long they may take to agree once all is well: some of them ask only after a digest, which comes every 10 to 15 seconds. */
export const AGREE_MS_MAX = 60_000;
/** Keys whose owners are compared. */
const SAMPLE_KEYS = 16;
const KEY_STEP = 5n;

export interface Tried {
  readonly ok: boolean;
  /** What happened, or what is wrong, in a sentence. */
  readonly words: string;
  /** All of it can be seen again with this. */
  readonly log: Log;
}

/**
 * Runs the schedule of a seed with the real replicas, until they agree or have had time enough, and checks what they say: everybody has
 * the same fingerprint, the owners of some keys are those of the registrations, and where nothing can have been lost, the priorities are
 * those of the oracle. Where something can, that all agree is all that is checked.
 */
export function tryOne(seed: number): Tried {
  const log = schedule(seed);
  const world = new World(log);
  try {
    const { expected, counts } = runOn(world);
    const fault = faultIn(world, expected);
    return { ok: fault === undefined, words: fault ?? wordsOf(world, counts), log };
  } finally {
    world.free();
  }
}

interface Counts {
  messages: number;
  lost: number;
  /** Since when all know the same, after the last input. */
  agreedAt: number;
}

/** Lets all of a log happen, and then as much as it takes to agree. What is returned is what they should agree on, if that is known. */
function runOn(world: World): { readonly expected: Priorities | undefined; readonly counts: Counts } {
  const { inputs } = world.log;
  const oracle = mayLose(world.log) ? undefined : new Oracle();
  const counts: Counts = { messages: 0, lost: 0, agreedAt: Infinity };
  const calmAt = inputs.at(-1)?.at ?? 0;
  let place = 0;
  for (let at = world.nextAt() ?? Infinity; at <= calmAt + AGREE_MS_MAX; at = world.nextAt() ?? Infinity) {
    if (at > calmAt + STRAYS_MS && counts.agreedAt < Infinity) break;
    const input = inputs[place]?.at === at ? inputs[place++] : undefined;
    const replica = input?.kind === "operation" ? world.replicas[input.replica] : undefined;
    const done = input?.kind === "operation" && replica ? oracle?.before(replica, input.operations) : undefined;
    const event = world.step();
    done?.();
    counts.messages += event?.sent.length ?? 0;
    const ended = event?.cause.kind === "end" ? [event.cause.flight] : [];
    counts.lost += [...ended, ...(event?.ended ?? [])].filter(({ fate }) => fate !== "arrives").length;
    if (at >= calmAt) counts.agreedAt = isAgreed(world) ? Math.min(counts.agreedAt, at) : Infinity;
  }
  return { expected: oracle?.priorities(), counts };
}

/** What is wrong with a world that should agree, in a sentence; `undefined` is nothing. */
export function faultIn(world: World, expected: Priorities | undefined): string | undefined {
  const there = thereIn(world);
  const [first, ...others] = there;
  if (first === undefined) return undefined;
  const other = others.find(([, { fingerprint }]) => fingerprint !== first[1].fingerprint);
  if (other !== undefined) {
    return `${replicaName(first[0])} and ${replicaName(other[0])} still know different things after ${AGREE_MS_MAX / 1000} seconds of fair weather.`;
  }
  return faultInPriorities(first[1], expected) ?? there.flatMap(([, replica]) => faultInOwners(replica) ?? [])[0];
}

function faultInPriorities(replica: Replica, expected: Priorities | undefined): string | undefined {
  const known = prioritiesOf(replica);
  for (const name of new Set([...known.keys(), ...(expected ?? known).keys()])) {
    const [is, should] = [known.get(name) ?? 0, (expected ?? known).get(name) ?? 0];
    if (is !== should) return `All agree that the priority of ${name} is ${is}, and ${should} would be right.`;
  }
  return undefined;
}

/** Compares the owners of some keys with those that the registrations make. */
function faultInOwners(replica: Replica): string | undefined {
  const { starts, ends, nodes, priorities, names } = replica.registrationsIn({ start: 0n, end: null });
  for (let place = 0; place < SAMPLE_KEYS; place++) {
    const key = BigInt(place) * KEY_STEP;
    const best = new Map<string, number>();
    starts.forEach((start, at) => {
      const end = ends[at] || null;
      const node = names[nodes[at] ?? 0] ?? "";
      if (start <= key && (end === null || key < end)) {
        best.set(node, Math.max(best.get(node) ?? 0, priorities[at] ?? 0));
      }
    });
    const should = Array.from(best, ([node, priority]) => ({ node, priority }));
    should.sort((a, b) => b.priority - a.priority || (a.node < b.node ? -1 : 1));
    const [is, right] = [textOf(replica.owners(key)), textOf(should)];
    if (is !== right) return `Key ${key} is said to be served by ${is}, and its registrations say ${right}.`;
  }
  return undefined;
}

function textOf(owners: readonly Owner[]): string {
  return owners.map(({ node, priority }) => `${node} ${priority}`).join(", ") || "nobody";
}

function thereIn(world: World): (readonly [number, Replica])[] {
  return world.replicas.flatMap((replica, place) => (replica?.isThere ? [[place, replica] as const] : []));
}

function isAgreed({ replicas }: World): boolean {
  const first = replicas.find((replica) => replica?.isThere);
  return replicas.every((replica) => !replica?.isThere || replica.fingerprint === first?.fingerprint);
}

function wordsOf(world: World, { messages, lost, agreedAt }: Counts): string {
  const { inputs } = world.log;
  const count = (of: Input["kind"], one: string, many: string) => {
    const number = inputs.filter(({ kind }) => kind === of).length;
    return `${number} ${number === 1 ? one : many}`;
  };
  const seconds = ((agreedAt - (inputs.at(-1)?.at ?? 0)) / 1000).toFixed(1);
  const all = `${count("operation", "operation", "operations")}, ${count("cut", "cut", "cuts")}, ${count("crash", "crash", "crashes")}`;
  const number = thereIn(world).length;
  return `${all}, ${lost} of ${messages} messages lost: ${number} replicas agree ${seconds} s after all was well again.`;
}
