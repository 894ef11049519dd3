import { decimalKeys } from "../model/keys";
import type { Scenario } from "./scenario";

export const empty: Scenario = {
  id: "empty",
  title: "Empty",
  summary: "Nothing is registered yet. The first range is yours: drag on a band, or use the fields.",
  format: decimalKeys(1000),
  seedUrl: null,
  channelName: "crdt-range-map/playground/empty",
  lanesHeight: 132,
  gutter: 36,
  firstInput: { node: "a", start: "100", end: "300" },
  firstLookUp: "420",
  lookUps: [],
  nodeTitle: () => undefined,
  gapWords: "a gap: no node serves this key",
  source: null,
};
