/**
 * Why a registration has its priority, why a node comes first, and what one replica has not heard that another has: each in a sentence
 * that is made from the records. The test beside holds them to what the map itself answers.
 */
import { and } from "../picture/row";
import { answerKey } from "../picture/frames";
import { isAsked, type Owner, type Registration, type Row } from "../picture/scene";
import type { Contribution, Dot, Dropped } from "../world/contribution";
import type { Range } from "../world/input";
import type { ReplicaView, WorldView } from "../world/view";
import { whyElsewhere } from "./elsewhere";
import { capital } from "./words";
import { PLAIN, type Wording } from "./wording";

/** What of a priority one writer accounts for. A register counts 1 once, however many register. */
export interface Part {
  readonly who: string;
  readonly isRegistered: boolean;
  readonly adjustments: number;
  /** What somebody's release took away of what it did. */
  readonly cancelledBy: string | null;
}

export function partsOf(view: WorldView, replica: ReplicaView, node: string, range: Range): Part[] {
  return replica.contributions(node, range).flatMap((one) => {
    if (one.kind === "dropped") return [];
    const { isRegistered, adjustments, cancelled } = one;
    const cancelledBy = cancelled === undefined ? null : nameOf(view, cancelled.by.replica);
    return [{ who: nameOf(view, one.replica), isRegistered, adjustments, cancelledBy }];
  });
}

/** The sum that the parts stand for. */
export function sumOf(parts: readonly Part[]): number {
  const isRegistered = parts.some((part) => part.isRegistered);
  return parts.reduce((sum, { adjustments }) => sum + adjustments, isRegistered ? 1 : 0);
}

export function whyPriority(view: WorldView, replica: ReplicaView, registration: Registration): string {
  const { node, priority } = registration;
  const parts = partsOf(view, replica, node, rangeOf(registration));
  const counting = parts
    .toSorted((a, b) => (a.who < b.who ? -1 : 1))
    .filter(({ isRegistered, adjustments }) => isRegistered || adjustments !== 0);
  const told = counting.map(({ who, isRegistered, adjustments }) => {
    const deeds = [
      ...(isRegistered ? ["registered it"] : []),
      ...(adjustments === 0 ? [] : [changeWords(adjustments)]),
    ];
    return `${who} ${deeds.join(" and ")}`;
  });
  const registered = counting.filter(({ isRegistered }) => isRegistered).length;
  const once =
    registered > 1
      ? "; that it is registered counts 1, however many did it"
      : registered === 1
        ? "; a register counts 1"
        : "";
  const cancelled = parts.filter(({ cancelledBy }) => cancelledBy !== null);
  const releases = cancelled.map(
    ({ who, cancelledBy }) =>
      `${cancelledBy ?? ""}'s release took away what ${who === cancelledBy ? "it" : who} had done until then`,
  );
  return `Priority ${priority}: ${and(told)}${once}.${releases.length > 0 ? ` ${capital(releases.join("; "))}.` : ""}`;
}

function changeWords(adjustments: number): string {
  return adjustments > 0 ? `added ${adjustments}` : `took away ${-adjustments}`;
}

/** Why the owners of a key stand in their order. */
export function whyOrder([first, second]: readonly Owner[], keyText: string, wording = PLAIN): string {
  if (first === undefined) return `No range that is registered holds ${wording.key(keyText)}.`;
  if (second === undefined) return `Only ${wording.name(first.node)} is registered for ${wording.key(keyText)}.`;
  const reason =
    first.priority > second.priority
      ? `its priority is ${first.priority}, and ${wording.name(second.node)} has ${second.priority}`
      : `both have priority ${first.priority}, and then ${wording.tie(first.node, second.node)}`;
  return `${capital(wording.name(first.node))} comes before ${wording.name(second.node)}: ${reason}.`;
}

/** What one of two replicas knows of the registrations that hold a key, and the other has not heard. */
export interface Unheard {
  readonly by: string;
  readonly of: string;
  readonly deed: string;
}

/** All that is unheard between any two replicas that answer otherwise. Empty if all say the same of the key. */
export function unheardAt(view: WorldView, key: number, wording = PLAIN): Unheard[] {
  const there = view.replicas.filter(({ isThere }) => isThere);
  const at = BigInt(key);
  const answers = there.map((replica) => answerKey(replica.owners(at)));
  return there.flatMap((one, place) =>
    there
      .filter((_, other) => other > place && answers[other] !== answers[place])
      .flatMap((other) => unheardBetween(view, at, one, other, wording)),
  );
}

function unheardBetween(
  view: WorldView,
  at: bigint,
  first: ReplicaView,
  other: ReplicaView,
  wording: Wording,
): Unheard[] {
  return registrationsAt(at, first, other).flatMap(({ node, range }) => {
    const [mine, theirs] = [first, other].map((replica) => replica.contributions(node, range));
    return [
      ...missing(view, first, other, { node, range }, wording, mine, theirs),
      ...missing(view, other, first, { node, range }, wording, theirs, mine),
    ];
  });
}

export function whyApart(view: WorldView, key: number, wording = PLAIN): string {
  const missed = new Map<string, Set<string>>();
  for (const { by, of, deed } of unheardAt(view, key, wording)) {
    const what = `${of} ${deed}`;
    missed.set(what, (missed.get(what) ?? new Set()).add(by));
  }
  const sentences = [...missed].map(([what, by]) => {
    const names = [...by].sort();
    return `${and(names)} ${names.length === 1 ? "has" : "have"} not heard that ${what}`;
  });
  return sentences.length === 0 ? "" : `${sentences.join("; ")}.`;
}

/** Why a key has the owners that it has, or why replicas answer otherwise. `isAgreed`: whether all know the same. */
export function reasonsAt(
  view: WorldView,
  rows: readonly Row[],
  key: number,
  isAgreed: boolean,
  keyText = String(key),
  wording = PLAIN,
): string[] {
  const apart = [whyApart(view, key, wording), whyElsewhere(rows, key)].filter((words) => words !== "").join(" ");
  if (apart !== "") return [apart, "Until they have, each answers by what it knows. Nobody has to wait."];
  const row = rows.find(isAsked);
  const replica = view.replicas.find(({ index }) => index === row?.replica);
  if (row === undefined || replica === undefined) return ["Nobody is here to ask."];
  const owners = row.splits.ownersAt(key);
  const reasons = [whyOrder(owners, keyText, wording)];
  const [first] = owners;
  const registration = [...row.registrations.in(key, key + 1)].find(
    ({ node, priority }) => node === first?.node && priority === first.priority,
  );
  if (registration !== undefined)
    reasons.push(`${wording.name(registration.node)}: ${whyPriority(view, replica, registration)}`);
  if (!isAgreed) reasons.push("Not all have heard the same yet, but of this key they say the same.");
  return reasons;
}

function registrationsAt(key: bigint, ...replicas: ReplicaView[]): { node: string; range: Range }[] {
  const found = new Map<string, { node: string; range: Range }>();
  for (const replica of replicas) {
    const { starts, ends, nodes, names } = replica.registrationsIn({ start: key, end: key + 1n });
    for (const [place, start] of starts.entries()) {
      const [end, node] = [ends[place] || null, names[nodes[place] ?? 0] ?? ""];
      found.set(`${start} ${end} ${node}`, { node, range: { start, end } });
    }
  }
  return [...found.values()];
}

/** What `replica` has not heard from, and another has. */
function missing(
  view: WorldView,
  replica: ReplicaView,
  another: ReplicaView,
  { node, range }: { node: string; range: Range },
  wording: Wording,
  has: readonly (Contribution | Dropped)[] = [],
  others: readonly (Contribution | Dropped)[] = [],
): Unheard[] {
  const by = replica.name;
  const name = wording.name(node);
  const writers = new Set([...has, ...others].map((one) => one.replica));
  return [...writers].flatMap((writer) => {
    const of = nameOf(view, writer);
    const [mine, theirs] = [has, others].map((all) =>
      all.find((one) => one.replica === writer && one.kind === "contribution"),
    );
    const [own, other] = [mine, theirs].map((one) => (one?.kind === "contribution" ? one : undefined));
    const unheard: Unheard[] = [];
    // Who counts more of a writer than the other, which has heard of all that, has not heard of a release.
    if (own !== undefined && another.hasHeard({ replica: writer, sequence: own.last })) {
      const dot = releaseOf(others, writer, own, other);
      const isKnown = dot !== undefined && (dot === null || !replica.hasHeard(dot));
      const releaser = dot ? nameOf(view, dot.replica) : onlyReleaser(view, node, range);
      if (isKnown) unheard.push({ by, of: releaser, deed: `released ${name}` });
    }
    if (other === undefined || replica.hasHeard({ replica: writer, sequence: other.last })) return unheard;
    if (other.isRegistered && !(own?.isRegistered ?? false)) unheard.push({ by, of, deed: `registered ${name}` });
    const change = other.adjustments - (own?.adjustments ?? 0);
    if (change !== 0) unheard.push({ by, of, deed: `${changeWords(change)} ${change > 0 ? "to" : "from"} ${name}` });
    return unheard;
  });
}

/** The release that cancelled elsewhere what is counted here of a writer: `null` if nobody knows its dot any more. */
function releaseOf(
  others: readonly (Contribution | Dropped)[],
  writer: bigint,
  own: Contribution,
  other: Contribution | undefined,
): Dot | null | undefined {
  const drop = others.find((one) => one.kind === "dropped" && one.replica === writer);
  if (other === undefined || other.birth > own.last) return drop?.kind === "dropped" ? (drop.by ?? null) : null;
  const isFurther = (other.cancelled?.until ?? 0) > (own.cancelled?.until ?? 0);
  return isFurther ? other.cancelled?.by : undefined;
}

/** Records forget who released once nobody needs to know. The log of the world does not: if it names one replica, it was that one. */
function onlyReleaser({ world, now, replicas }: WorldView, node: string, { start, end }: Range): string {
  const releasers = new Set(
    world.log.inputs.flatMap((input) => {
      if (input.kind !== "operation" || input.at > now) return [];
      const isRelease = input.operations.some(
        (it) =>
          (it.op === "release" || it.op === "tighten") && it.node === node && it.start === start && it.end === end,
      );
      return isRelease ? [input.replica] : [];
    }),
  );
  const [only, ...more] = releasers;
  return (more.length === 0 && replicas.find(({ index }) => index === only)?.name) || "somebody";
}

function nameOf(view: WorldView, id: bigint): string {
  const index = view.writerOf(id);
  const replica = view.replicas.find((one) => one.index === index);
  if (replica === undefined) return "somebody";
  // After a crash it goes on under another id, and knows nothing of what it did before.
  return replica.isThere && replica.id !== id ? `${replica.name} before its crash` : replica.name;
}

function rangeOf({ start, end }: Pick<Registration, "start" | "end">): Range {
  return { start: BigInt(start), end: end === Infinity ? null : BigInt(end) };
}
