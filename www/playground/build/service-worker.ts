import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import type { Plugin } from "vite";

/** The worker that keeps all files of the page, so that it works offline after the first visit. */
export const serviceWorker: Plugin = {
  name: "service-worker",
  apply: "build",
  // The pages are part of the bundle last.
  generateBundle: {
    order: "post",
    handler(_, bundle) {
      const files = Object.keys(bundle).sort();
      const hash = createHash("sha256");
      for (const name of files) {
        const file = bundle[name];
        hash.update(name).update(file?.type === "chunk" ? file.code : (file?.source ?? ""));
      }
      const source = readFileSync(new URL("../offline/service-worker.js", import.meta.url), "utf8")
        // What a preview of a link shows is for others than the page.
        .replace("__FILES__", JSON.stringify(["./", ...files.filter((name) => !name.startsWith("previews/"))]))
        .replace("__HASH__", hash.digest("hex").slice(0, 16));
      this.emitFile({ type: "asset", fileName: "service-worker.js", source });
    },
  },
};
