import { describe } from "../generated/wasm/crdt_range_map_world.js";
import { carriedFrom, type Carried } from "./contribution";

/** How many pieces of what a message carries are listed. */
export const CARRIED_MAX = 100;

/** What a message says. Replicas are named by the ids under which they write. */
export interface Description {
  /** `delta`, `ask`, `meet`, `digest`, `presence`, `announce`, `drops`, or `unknown`. */
  readonly kind: string;
  readonly sender: bigint | undefined;
  /** For whom it is, if it is for one alone and names it. */
  readonly to: bigint | undefined;
  /** The number of the question that it asks, and of the one that it answers. */
  readonly asks: number | undefined;
  readonly answers: number | undefined;
  /** How many effects it says its sender knows; in a meeting, how many it lacks or has more. */
  readonly claimed: number;
  /** How many drops it tells without their registrations. */
  readonly drops: number;
  /** Of what it carries, how many pieces there are, and the first `CARRIED_MAX`. */
  readonly carriedCount: number;
  readonly carried: readonly Carried[];
  /** Why a replica would not read it. */
  readonly fault: string | undefined;
}

/** A message; all its copies share it. */
export class Message {
  #description: Description | undefined;

  constructor(readonly bytes: Uint8Array) {}

  /** Read when it is first asked for. */
  get description(): Description {
    this.#description ??= describeBytes(this.bytes);
    return this.#description;
  }

  get kind(): string {
    return this.description.kind;
  }
}

type Parts = readonly [
  kind: string,
  sender: bigint,
  to: bigint | undefined,
  asks: number | undefined,
  answers: number | undefined,
  claimed: number,
  drops: number,
  carriedCount: number,
  starts: BigUint64Array,
  ends: BigUint64Array,
  nodes: readonly string[],
  replicas: BigUint64Array,
  numbers: Float64Array,
];

function describeBytes(bytes: Uint8Array): Description {
  const parts = describe(bytes, CARRIED_MAX) as Parts | string;
  if (typeof parts === "string") {
    const nothing = { sender: undefined, to: undefined, asks: undefined, answers: undefined };
    return { kind: "unknown", ...nothing, claimed: 0, drops: 0, carriedCount: 0, carried: [], fault: parts };
  }
  const [kind, sender, to, asks, answers, claimed, drops, carriedCount, starts, ends, nodes, ...columns] = parts;
  const carried = carriedFrom(columns).map((what, place) => ({
    node: nodes[place] ?? "",
    start: starts[place] ?? 0n,
    end: ends[place] || null,
    what,
  }));
  return { kind, sender, to, asks, answers, claimed, drops, carriedCount, carried, fault: undefined };
}
