import { existsSync } from "node:fs";
import { expect, test } from "vitest";
import hashes from "../previews/hashes.json" with { type: "json" };
import { hashOf, loadDrawing } from "../scripts/drawing.mjs";

test("what links to the stories show is drawn from the stories as they are; if not: npm run previews", async () => {
  const { stories, previewPicture } = await loadDrawing();
  expect(Object.fromEntries(stories.map((story) => [story.id, hashOf(previewPicture(story))]))).toEqual(hashes);
  for (const { id } of stories) expect(existsSync(new URL(`../previews/${id}.png`, import.meta.url)), id).toBe(true);
});
