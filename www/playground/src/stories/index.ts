import { badDay } from "./bad-day";
import { eightTabs, TAB_NODES } from "./eight-tabs";
import { fillsUp } from "./fills-up";
import { internet } from "./internet";
import { minusEverything } from "./minus-everything";
import { sandbox } from "./sandbox";
import type { Story } from "./story";
import { tenThousand } from "./ten-thousand";
import { whoServes } from "./who-serves";

/** In the order in which they are offered. */
export const stories: readonly Story[] = [
  whoServes,
  minusEverything,
  fillsUp,
  badDay,
  internet,
  eightTabs,
  sandbox,
  tenThousand,
];

export { badDay, eightTabs, internet, sandbox, TAB_NODES, whoServes };

/** The story of that name, the first one for none; `null` if there is none of that name. */
export function storyOf(id: string): Story | null {
  if (id === "") return whoServes;
  return stories.find((story) => story.id === id) ?? null;
}
