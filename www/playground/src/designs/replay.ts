import { REPLICAS_MAX, type Input } from "../world/input";
import type { Log } from "../world/log";
import { placeOf } from "../world/network";
import { apply, type Design } from "./design";

interface Participant<State> {
  state: State;
  writer: number;
  presence: "online" | "offline" | "away";
}

/**
 * What all replicas of a design know that are there at a moment, once each has told the others all. It does what a log says, as if
 * messages took no time and none was lost: whoever is online and not cut off knows at once. Who is cut off hears through others, if
 * there are any. What is gone or has crashed takes with it what nobody heard. The weather, and what came from another tab, which is
 * in the words of the real map, do nothing.
 */
export function replay<State>(design: Design<State>, log: Log, untilMs: number): State {
  const participants = new Map<number, Participant<State>>();
  const cuts = new Set<number>();
  for (const input of log.inputs) {
    if (input.at > untilMs) break;
    take(design, participants, cuts, input);
    exchange(design, participants, cuts);
  }
  const there = [...participants.values()].filter(({ presence }) => presence !== "away");
  return mergeAll(design, there);
}

function take<State>(
  design: Design<State>,
  participants: Map<number, Participant<State>>,
  cuts: Set<number>,
  input: Input,
): void {
  if (input.kind === "cut") cuts.add(placeOf(input.between));
  if (input.kind === "mend") cuts.delete(placeOf(input.between));
  if (!("replica" in input)) return;
  if (input.kind === "join") {
    participants.set(input.replica, { state: design.empty, writer: input.replica, presence: "online" });
    return;
  }
  const participant = participants.get(input.replica);
  if (participant === undefined) return;
  switch (input.kind) {
    case "operation":
      participant.state = apply(design, participant.state, input.operations, { ...participant, at: input.at });
      break;
    case "restart":
      participant.state = design.empty;
      participant.writer += REPLICAS_MAX;
      participant.presence = "online";
      break;
    case "online":
    case "offline":
      participant.presence = input.kind;
      break;
    case "leave":
    case "crash":
      participant.presence = "away";
  }
}

/** Lets all who reach each other, directly or through others, know the same. */
function exchange<State>(
  design: Design<State>,
  participants: Map<number, Participant<State>>,
  cuts: Set<number>,
): void {
  const waiting = new Set([...participants].flatMap(([place, { presence }]) => (presence === "online" ? [place] : [])));
  for (const first of waiting) {
    const group = [first];
    waiting.delete(first);
    for (const member of group) {
      for (const other of waiting) {
        if (cuts.has(placeOf([member, other]))) continue;
        waiting.delete(other);
        group.push(other);
      }
    }
    const members = group.flatMap((place) => participants.get(place) ?? []);
    const state = mergeAll(design, members);
    for (const member of members) member.state = state;
  }
}

function mergeAll<State>(design: Design<State>, members: readonly Participant<State>[]): State {
  const [first = design.empty, ...others] = new Set(members.map(({ state }) => state));
  return others.reduce((one, other) => design.merge(one, other), first);
}
