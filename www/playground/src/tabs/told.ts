/** What a replica here knows, as other tabs are told of it. */
import { AMOUNT_MAX, TOLD_MAX, type Told } from "../world/input";
import type { Replica } from "../world/replica";

/** `null` if there is nobody to ask, or too much to tell. */
export function toldOf(replica: Replica | undefined): Told | null {
  const id = replica?.id;
  if (replica === undefined || id === undefined || replica.presence !== "online") return null;
  const { starts, ends, nodes, priorities, names } = replica.registrationsIn({ start: 0n, end: null });
  const registrations = Array.from(starts, (start, place) => ({
    node: names[nodes[place] ?? 0] ?? "",
    start,
    end: ends[place] || null,
    priority: priorities[place] ?? 0,
  }));
  const isTooMuch = registrations.length > TOLD_MAX || registrations.some(({ priority }) => priority > AMOUNT_MAX);
  return isTooMuch ? null : { id, fingerprint: replica.fingerprint, registrations };
}
