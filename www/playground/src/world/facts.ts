import type { Range } from "./input";
import type { Columns, Owner } from "./replica";
import type { ReplicaView, WorldView } from "./view";

/** Replicas, by index, that answer the same. */
export interface Group {
  readonly replicas: readonly number[];
  readonly owners: readonly Owner[];
}

/** Keys of which replicas say different things, each range as long as it can be with the same groups. */
export interface Difference extends Range {
  readonly groups: readonly Group[];
}

/** Whether all replicas that are there know the same, and who knows the same, by index. */
export function agreement(view: WorldView): {
  readonly isAgreed: boolean;
  readonly groups: readonly (readonly number[])[];
} {
  const groups = new Map<string, number[]>();
  for (const { index, fingerprint } of thereIn(view)) {
    const group = groups.get(fingerprint);
    if (group === undefined) groups.set(fingerprint, [index]);
    else group.push(index);
  }
  return { isAgreed: groups.size <= 1, groups: [...groups.values()] };
}

/** Where the owners of keys, their order or their priorities are not the same at all replicas that are there; in key order. */
export function differences(view: WorldView): Difference[] {
  if (agreement(view).isAgreed) return [];
  const readers = thereIn(view).map((replica) => new Reader(replica));
  const found: Difference[] = [];
  for (let start: bigint | null = 0n; start !== null;) {
    const key: bigint = start;
    const texts = readers.map((reader) => reader.textAt(key));
    const ends = readers.map((reader) => reader.nextAfter(key)).filter((end) => end !== null);
    // Whatever ends there has other owners from there on.
    const end = ends.reduce<bigint | null>((least, it) => (least === null || it < least ? it : least), null);
    if (texts.some((text) => text !== texts[0])) found.push({ start, end, groups: groupsOf(readers, texts) });
    start = end;
  }
  return found;
}

function thereIn(view: WorldView): ReplicaView[] {
  return view.replicas.filter(({ isThere }) => isThere);
}

function groupsOf(readers: readonly Reader[], texts: readonly string[]): Group[] {
  return [...new Set(texts)].map((text) => {
    const members = readers.filter((_, place) => texts[place] === text);
    return { replicas: members.map(({ index }) => index), owners: members[0]?.owners() ?? [] };
  });
}

/** The splits of a replica, read in key order. */
class Reader {
  readonly index: number;
  readonly #columns: Columns;
  /** The first split that ends behind the key. */
  #place = 0;
  #isWithin = false;

  constructor(replica: ReplicaView) {
    this.index = replica.index;
    this.#columns = replica.splitsIn({ start: 0n, end: null });
  }

  #end(place: number): bigint | null {
    return this.#columns.ends[place] || null;
  }

  /** The owners of a key that is not less than the one before, as a text that only equal ones have. */
  textAt(key: bigint): string {
    const { starts } = this.#columns;
    while (this.#place < starts.length && (this.#end(this.#place) ?? key + 1n) <= key) this.#place += 1;
    this.#isWithin = (starts[this.#place] ?? key + 1n) <= key;
    return JSON.stringify(this.owners().map(({ node, priority }) => [node, priority]));
  }

  /** The owners of the key that was read last. */
  owners(): Owner[] {
    if (!this.#isWithin) return [];
    const { offsets, nodes, priorities, names } = this.#columns;
    const [from, to] = [offsets[this.#place - 1] ?? 0, offsets[this.#place] ?? 0];
    return Array.from(nodes.subarray(from, to), (node, place) => ({
      node: names[node] ?? "",
      priority: priorities[from + place] ?? 0,
    }));
  }

  /** The first key behind the one that was read last that has other owners. */
  nextAfter(key: bigint): bigint | null {
    const start = this.#columns.starts[this.#place];
    return start !== undefined && start > key ? start : this.#end(this.#place);
  }
}
