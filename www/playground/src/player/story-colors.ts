/** Which colour each node of a story has. */
import { NodeColors } from "../model/node-color";
import { stories, TAB_NODES } from "../stories/index";
import type { Registry } from "../stories/registry";
import { inputsUpTo, nodesOf, type Story } from "../stories/story";
import { countriesBySize } from "./countries";

/** The same in all stories whose nodes are no countries, so that who has seen one knows who is who in the next. */
export function colorsOf(story: Story, registry: Registry | null): NodeColors {
  return story.keys === "ipv4" ? countryColors(story, registry) : treeColors();
}

function treeColors(): NodeColors {
  const colors = new NodeColors();
  // What is in open worlds is in others too.
  for (const story of stories) if (!story.isOpen) colors.note(nodesOf(inputsUpTo(story, story.steps.length)));
  colors.note(TAB_NODES);
  return colors;
}

/** Those that the story is about come first, then who has the most addresses. */
function countryColors({ steps }: Story, registry: Registry | null): NodeColors {
  const colors = new NodeColors();
  const told = steps.flatMap(({ inputs }) => inputs.filter(({ at }) => at > 0));
  colors.note(nodesOf(told));
  if (registry !== null) colors.note(countriesBySize(registry));
  return colors;
}
