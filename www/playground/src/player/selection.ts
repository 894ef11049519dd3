/** The registration that a visitor has taken. */
import { laneKey } from "../picture/lanes";
import type { Registration, Row } from "../picture/scene";

export interface Selection {
  readonly row: number;
  readonly registration: Registration;
}

/** The next registration that holds a key, from the first row to the last; after the last one none. */
export function nextSelection(rows: readonly Row[], key: number, selection: Selection | null): Selection | null {
  const holding = rows.flatMap(({ registrations }, row) =>
    [...registrations.in(key, key + 1)].map((registration) => ({ row, registration })),
  );
  const at = holding.findIndex(
    ({ row, registration }) => row === selection?.row && laneKey(registration) === laneKey(selection.registration),
  );
  return holding[at + 1] ?? null;
}
