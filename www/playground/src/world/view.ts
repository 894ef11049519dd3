import type { Contribution, Dot, Dropped } from "./contribution";
import { nameOf, REPLICAS_MAX, type Conditions, type Pair, type Range, type Told } from "./input";
import type { Flight } from "./network";
import { NOTHING, type Columns, type Owner, type Presence, type Replica } from "./replica";
import type { Far, World } from "./world";

/** A replica at a moment. One that is not there, or lives elsewhere, can be asked nothing; of the latter there is what it told. */
export interface ReplicaView {
  readonly index: number;
  readonly name: string;
  readonly presence: Presence | "unheard";
  /** Whether it is here, online or not. */
  readonly isThere: boolean;
  readonly isElsewhere: boolean;
  /** What it told of itself, if it lives elsewhere and is heard of. */
  readonly told: Told | null;
  /** Under which id it writes. */
  readonly id: bigint | undefined;
  /** Those that know the same have the same; "" of one that is not there. */
  readonly fingerprint: string;
  hasHeard(dot: Dot): boolean;
  owners(key: bigint): Owner[];
  splitsIn(range: Range): Columns;
  registrationsIn(range: Range): Columns;
  contributions(node: string, range: Range): (Contribution | Dropped)[];
}

/** The way between two replicas that are there. */
export interface LinkView {
  readonly between: Pair;
  readonly isCut: boolean;
  readonly conditions: Conditions;
}

/** A world at a moment. It is good until it is freed; then its replicas know nothing. */
export class WorldView {
  readonly now: number;
  /** Those that live elsewhere come last. */
  readonly replicas: readonly ReplicaView[];
  /** What is on its way, in the order of arrival, with what becomes of it unless somebody interferes. */
  readonly messages: readonly Flight[];
  readonly links: readonly LinkView[];

  constructor(readonly world: World) {
    this.now = world.now;
    const numbers = Array.from({ length: REPLICAS_MAX }, (_, index) => index);
    const [here, far] = [world.replicas, world.far];
    this.replicas = [
      ...numbers.flatMap((index) => (here[index] ? [viewOf(here[index], index)] : [])),
      ...numbers.flatMap((index) => (far[index] ? [farViewOf(far[index], index)] : [])),
    ];
    this.messages = world.network.flights();
    const there = this.replicas.filter(({ isThere, isElsewhere, presence }) =>
      isElsewhere ? presence !== "gone" : isThere,
    );
    this.links = there.flatMap(({ index: a }, place) =>
      there.slice(place + 1).map(({ index: b }) => {
        const between: Pair = [a, b];
        return { between, isCut: world.network.isCut(between), conditions: world.network.conditions(between) };
      }),
    );
  }

  /** The index of the replica that writes, or wrote, under an id. */
  writerOf(id: bigint): number | undefined {
    return this.world.writerOf(id);
  }

  free(): void {
    this.world.free();
  }
}

function viewOf(replica: Replica, index: number): ReplicaView {
  const { presence, isThere, id, fingerprint } = replica;
  return {
    index,
    name: nameOf(index),
    presence,
    isThere,
    isElsewhere: false,
    told: null,
    id,
    fingerprint,
    hasHeard: (dot) => replica.hasHeard(dot),
    owners: (key) => replica.owners(key),
    splitsIn: (range) => replica.splitsIn(range),
    registrationsIn: (range) => replica.registrationsIn(range),
    contributions: (node, range) => replica.contributions(node, range),
  };
}

function farViewOf({ isThere, knows }: Far, index: number): ReplicaView {
  return {
    index,
    name: nameOf(index),
    presence: !isThere ? "gone" : knows === null ? "unheard" : "online",
    isThere: false,
    isElsewhere: true,
    told: knows,
    id: knows?.id,
    fingerprint: knows?.fingerprint ?? "",
    hasHeard: () => false,
    owners: () => [],
    splitsIn: () => NOTHING,
    registrationsIn: () => NOTHING,
    contributions: () => [],
  };
}
