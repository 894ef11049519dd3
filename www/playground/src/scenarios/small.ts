import { decimalKeys } from "../model/keys";
import seedUrl from "../generated/small.delta?url";
import facts from "../generated/small.json";
import type { Scenario } from "./scenario";

/** Five nodes, a thousand keys: small enough to foresee what each operation must do. */
export const small: Scenario = {
  id: "small",
  title: "A small key space",
  summary:
    "Five nodes and the keys from 0 to 1000. Take a replica offline, or disturb the network at the foot of the page; edit on both sides, and let them meet again.",
  format: decimalKeys(1000),
  seedUrl,
  channelName: `crdt-range-map/playground/small/${facts.replica}`,
  lanesHeight: 132,
  gutter: 36,
  firstInput: { node: "a", start: "100", end: "300" },
  firstLookUp: "420",
  lookUps: ["420", "610", "830"],
  nodeTitle: () => undefined,
  gapWords: "a gap: no node serves this key",
  source: null,
};
