import { describe, expect, test } from "vitest";
import { rowsOf } from "../player/moment";
import { Log } from "../world/log";
import { Timeline } from "../world/timeline";
import file from "../generated/ipv4.bin?inline";
import { readRegistry } from "../link/registry";
import { stories } from "./index";
import { withRegistry } from "./internet";
import { endOf, inputsUpTo, nodesOf } from "./story";

const letters = atob(file.slice(file.indexOf(",") + 1));
const { registry } = readRegistry(Uint8Array.from(letters, (letter) => letter.charCodeAt(0)));
if (registry === undefined) throw new Error("the registry can be read");
const complete = stories.map((story) => (story.isIncomplete ? withRegistry(story, registry) : story));

describe.each(complete)("$title", (story) => {
  test.each(story.steps.map((step, place) => ({ step, place })))(
    "step $place ends as its words say",
    ({ step, place }) => {
      const { log, fault } = Log.of(story.seed, inputsUpTo(story, place));
      if (log === undefined) throw new Error(fault);
      const timeline = new Timeline(log);
      const rows = rowsOf(timeline.stateAt(step.untilMs)).filter(({ presence }) => presence !== "crashed");
      const answers = rows.map((row) => row.splits.ownersAt(story.cursor)[0]?.node ?? "");
      const { agreement, operations } = timeline.history(step.untilMs);
      timeline.free();
      expect({ answers, isAgreed: agreement.at(-1)?.isAgreed }).toEqual(step.ends);
      // Nothing that the story does is refused.
      expect(operations.flatMap(({ refused }) => refused ?? [])).toEqual([]);
    },
  );

  test("its steps follow each other, and its keys are in its key space", () => {
    story.steps.forEach((step, place) => {
      const begin = place === 0 ? 0 : endOf(story, place - 1);
      for (const input of step.inputs) {
        expect(input.at).toBeGreaterThanOrEqual(begin);
        expect(input.at).toBeLessThan(step.untilMs);
        if (input.kind !== "operation") continue;
        for (const { start, end } of input.operations) {
          expect(start).toBeLessThan(story.limit);
          expect(end).toBeLessThanOrEqual(story.limit);
        }
      }
    });
  });
});

test("stories have names of their own, and at most eight nodes, so that colours tell them apart", () => {
  expect(new Set(stories.map(({ id }) => id)).size).toBe(stories.length);
  for (const story of stories) {
    expect(nodesOf(inputsUpTo(story, story.steps.length)).length).toBeLessThanOrEqual(8);
  }
});
