// @ts-check
/** The page's own drawing code, for whoever draws without the page. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { bundleWorld, worldModule } from "./bundle-world.mjs";

/** @returns {Promise<typeof import("./first-picture-entry")>} */
export async function loadDrawing() {
  const code = await bundleWorld("esm", "first-picture-entry.ts");
  const page = await import(`data:text/javascript;base64,${Buffer.from(code).toString("base64")}`);
  page.initSync({ module: worldModule() });
  return page;
}

/** @param {string} picture */
export function hashOf(picture) {
  return createHash("sha256").update(picture).digest("hex").slice(0, 16);
}

/**
 * What links to each story show, by its name.
 * @returns {Promise<Map<string, string>>}
 */
export async function previewPictures() {
  const { previewPicture, readRegistry, stories, withRegistry } = await loadDrawing();
  const { registry, problem } = readRegistry(readFileSync(new URL("../src/generated/ipv4.bin", import.meta.url)));
  if (registry === undefined) throw new Error(problem);
  const whole = stories.map((story) => (story.isIncomplete ? withRegistry(story, registry) : story));
  return new Map(whole.map((story) => [story.id, previewPicture(story)]));
}
