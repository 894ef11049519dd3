import type { Input } from "../world/input";
import type { Story } from "./story";
import { at, join, weather } from "./write";

/** What each tab registers as it opens: a node of its own, over keys that the next one shares a part of. */
export const TAB_NODES = ["oak", "maple", "elm", "birch", "ash", "yew", "ivy", "fir"];
const KEYS = 1000;

/** How the world of a tab begins whose replica has that number. */
export function inputsOfTab(index: number): Input[] {
  const node = TAB_NODES[index % TAB_NODES.length] ?? "";
  const start = (index * 107) % (KEYS - 250);
  return [
    // As slow as an eye is.
    weather(0, { delayMs: 500, jitterMs: 100 }),
    ...join(0, index),
    ...at(0, index, [
      { op: "register", node, start, end: start + 250 },
      { op: "increase", node, start, end: start + 250, by: 1 + (index % 3) },
    ]),
  ];
}

/** A replica in each tab that is open. As it is written here it is alone; who is there besides, the page finds out. */
export const eightTabs: Story = {
  id: "eight-tabs",
  title: "Eight tabs",
  summary:
    "Each tab of your browser is a copy of the map, and they hear each other without any server. Open another, and see what both answer.",
  isOpen: true,
  limit: KEYS,
  cursor: 120,
  seed: 8,
  steps: [
    {
      action: "Play",
      untilMs: 1500,
      words:
        "This tab is one copy of the map. Open another, and there are two, which hear each other: there is no server. Draw a range in one, and look at the other.",
      inputs: inputsOfTab(0),
      ends: { isAgreed: true, answers: ["oak"] },
    },
  ],
};
