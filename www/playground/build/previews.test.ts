import { existsSync } from "node:fs";
import { expect, test } from "vitest";
import hashes from "../previews/hashes.json" with { type: "json" };
import { hashOf, previewPictures } from "../scripts/drawing.mjs";

test("what links to the stories show is drawn from the stories as they are; if not: npm run previews", async () => {
  const pictures = [...(await previewPictures())];
  expect(Object.fromEntries(pictures.map(([id, picture]) => [id, hashOf(picture)]))).toEqual(hashes);
  for (const [id] of pictures) expect(existsSync(new URL(`../previews/${id}.png`, import.meta.url)), id).toBe(true);
});
