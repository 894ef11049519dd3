import { Next, Replica as Node } from "../generated/wasm/crdt_range_map_world.js";
import { carriedFrom, type Contribution, type Dot, type Dropped } from "./contribution";
import type { Operation, Range } from "./input";

export type Presence = "online" | "offline" | "crashed" | "gone";

/** Ranges in key order, and the owners of each, in columns. */
export interface Columns {
  readonly starts: BigUint64Array;
  /** 0n is no upper end. */
  readonly ends: BigUint64Array;
  /** For each range, the place behind its last owner in the next two columns. */
  readonly offsets: Uint32Array;
  /** Which node: its place in `names`. */
  readonly nodes: Uint32Array;
  readonly priorities: Float64Array;
  readonly names: readonly string[];
}

/** A node that serves a key, and how strongly. */
export interface Owner {
  readonly node: string;
  readonly priority: number;
}

const VERBS: readonly Operation["op"][] = ["register", "release", "increase", "decrease", "tighten"];
export const NOTHING: Columns = columnsFrom([
  new BigUint64Array(),
  new BigUint64Array(),
  new Uint32Array(),
  new Uint32Array(),
  new Float64Array(),
  [],
]);

/** A replica of a world: a node in wasm, and its link to the others. */
export class Replica {
  /** There is none while it has crashed or is gone. */
  #node: Node | undefined;
  #link: number | undefined;
  /** When it wants to be asked what it has to say. */
  wakeAt = Infinity;
  /** Those that know the same have the same; "" of one that is not there. */
  fingerprint = "";
  presence: Presence = "online";
  /** How often it was restarted. */
  restarts = 0;

  start(id: bigint, seed: bigint): void {
    this.#node = new Node(id, seed);
    this.presence = "online";
  }

  clone(): Replica {
    const clone = new Replica();
    clone.#node = this.#node?.fork();
    clone.#link = this.#link;
    clone.wakeAt = this.wakeAt;
    clone.fingerprint = this.fingerprint;
    clone.presence = this.presence;
    clone.restarts = this.restarts;
    return clone;
  }

  free(): void {
    this.#node?.free();
    this.#node = undefined;
  }

  /** Is no more. */
  end(presence: "crashed" | "gone"): void {
    this.free();
    this.#link = undefined;
    this.wakeAt = Infinity;
    this.fingerprint = "";
    this.presence = presence;
  }

  get isThere(): boolean {
    return this.#node !== undefined;
  }

  /** Under which id it writes. */
  get id(): bigint | undefined {
    return this.#node?.replica();
  }

  connect(now: number): void {
    this.disconnect();
    this.#link = this.#node?.open(now);
    this.presence = "online";
  }

  disconnect(): void {
    if (this.#link !== undefined) this.#node?.close(this.#link);
    this.#link = undefined;
    this.presence = "offline";
  }

  receive(bytes: Uint8Array, now: number): void {
    if (this.#link !== undefined) this.#node?.receive(this.#link, bytes, now);
  }

  /** Does all or none. Returns why it was refused. */
  apply(operations: readonly Operation[]): string | undefined {
    const verbs = Uint8Array.from(operations, ({ op }) => VERBS.indexOf(op));
    const nodes = operations.map(({ node }) => node);
    const keys = operations.flatMap((it) => {
      const to = it.op === "tighten" ? it.to : it;
      return [it.start, it.end ?? 0n, to.start, to.end ?? 0n];
    });
    const amounts = Uint32Array.from(operations, (it) => ("by" in it ? it.by : 0));
    return this.#node?.apply(verbs, nodes, BigUint64Array.from(keys), amounts);
  }

  /** Takes all that it has to say now, and notes when to ask next. `renamed` is told of a new id. */
  poll(now: number, renamed: (id: bigint) => void): { sent: Uint8Array[]; refused: string[] } {
    const [sent, refused]: [Uint8Array[], string[]] = [[], []];
    const node = this.#node;
    if (node === undefined) return { sent, refused };
    for (;;) {
      switch (node.poll(now)) {
        case Next.Wait:
          this.wakeAt = node.untilMs();
          this.fingerprint = node.fingerprint().toString(16).padStart(16, "0");
          return { sent, refused };
        case Next.Send:
          sent.push(node.takeBytes());
          break;
        case Next.Refused:
          refused.push(node.reason());
          break;
        case Next.Renamed:
          renamed(node.replica());
      }
    }
  }

  /** Whether it has heard of an effect, whatever it has kept of it. */
  hasHeard({ replica, sequence }: Dot): boolean {
    return this.#node?.hasHeard(replica, sequence) ?? false;
  }

  /** The nodes that serve a key, in order of preference. */
  owners(key: bigint): Owner[] {
    if (this.#node === undefined) return [];
    const { nodes, priorities, names } = columnsFrom(this.#node.owners(key));
    return Array.from(nodes, (node, place) => ({ node: names[node] ?? "", priority: priorities[place] ?? 0 }));
  }

  /** What lies of the splits in the range. */
  splitsIn({ start, end }: Range): Columns {
    return this.#node === undefined ? NOTHING : columnsFrom(this.#node.splitsIn(start, end ?? 0n));
  }

  /** The registrations that have keys in the range, each with one owner; by start, end and node. */
  registrationsIn({ start, end }: Range): Columns {
    return this.#node === undefined ? NOTHING : columnsFrom(this.#node.registrationsIn(start, end ?? 0n));
  }

  /** Why a registration has its priority: what each writer contributed, and what was dropped. */
  contributions(node: string, { start, end }: Range): (Contribution | Dropped)[] {
    if (this.#node === undefined) return [];
    return carriedFrom(this.#node.contributions(node, start, end ?? 0n) as [BigUint64Array, Float64Array]);
  }
}

function columnsFrom(parts: readonly unknown[]): Columns {
  const [starts, ends, offsets, nodes, priorities, names] = parts as readonly [
    BigUint64Array,
    BigUint64Array,
    Uint32Array,
    Uint32Array,
    Float64Array,
    readonly string[],
  ];
  return { starts, ends, offsets, nodes, priorities, names };
}
