/** How addresses are looked at as a map: which country's blocks stand out, and whose copy is drawn. */
import type { Registry } from "../stories/registry";

export class Atlas {
  /** The two letters of the country that is searched for. */
  country = $state<string | null>(null);
  /** The row whose copy is drawn. */
  row = $state(0);
  /** Once it has come. */
  registry = $state.raw<Registry | null>(null);
  /** Why it has not come. */
  problem = $state<string | null>(null);
  /** How often it was asked for. */
  tries = $state(0);
}
