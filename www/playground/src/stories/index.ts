import { badDay } from "./bad-day";
import { fillsUp } from "./fills-up";
import { internet } from "./internet";
import { minusEverything } from "./minus-everything";
import { sandbox } from "./sandbox";
import type { Story } from "./story";
import { whoServes } from "./who-serves";

/** In the order in which they are offered. */
export const stories: readonly Story[] = [whoServes, minusEverything, fillsUp, badDay, internet, sandbox];

export { badDay, internet, sandbox };

/** The story of that name, the first one for none; `null` if there is none of that name. */
export function storyOf(id: string): Story | null {
  if (id === "") return whoServes;
  return stories.find((story) => story.id === id) ?? null;
}
