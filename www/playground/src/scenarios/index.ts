import { empty } from "./empty";
import { ipv4 } from "./ipv4";
import type { Scenario } from "./scenario";
import { small } from "./small";

export const scenarios: readonly Scenario[] = [small, ipv4, empty];

/** `#ipv4` opens that scenario; anything else the first. */
export function scenarioOfHash(hash: string): Scenario {
  return scenarios.find(({ id }) => `#${id}` === hash) ?? small;
}

export async function loadSeed(scenario: Scenario): Promise<Uint8Array | null> {
  if (scenario.seedUrl === null) return null;
  const response = await fetch(scenario.seedUrl);
  if (!response.ok) throw new Error(`${scenario.seedUrl}: ${response.status} ${response.statusText}`);
  return new Uint8Array(await response.arrayBuffer());
}
