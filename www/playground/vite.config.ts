import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { svelte } from "@sveltejs/vite-plugin-svelte";
import type { HtmlTagDescriptor, Plugin } from "vite";
import { defineConfig } from "vitest/config";
import { bundleWorld, worldModule } from "./scripts/bundle-world.mjs";

/** Nothing but the page's own files, and no code made of text. */
const CONTENT_SECURITY_POLICY =
  "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
  "worker-src 'self'; base-uri 'none'; form-action 'none'";

const EMPTY = '<div id="app"></div>';

/** The page as it is before its script has come, drawn by the page's own code. */
async function firstPicture(): Promise<string> {
  const code = await bundleWorld("esm", "first-picture-entry.ts");
  const page = await import(`data:text/javascript;base64,${Buffer.from(code).toString("base64")}`);
  page.initSync({ module: worldModule() });
  return page.firstPicture();
}

/** What the head of a built page says besides. Vite's development server needs more than the policy allows, so it is in no other. */
const head: Plugin = {
  name: "head",
  apply: "build",
  transformIndexHtml: {
    order: "post",
    handler: async (html, { bundle = {} }) => {
      const policy = { "http-equiv": "Content-Security-Policy", content: CONTENT_SECURITY_POLICY };
      // Fetched while the script still comes.
      const module = Object.keys(bundle).find((name) => /crdt_range_map_world.*\.wasm$/.test(name));
      const preload = {
        rel: "preload",
        as: "fetch",
        type: "application/wasm",
        crossorigin: "anonymous",
        href: `./${module}`,
      };
      const tags = [
        { tag: "meta", injectTo: "head-prepend", attrs: policy },
        { tag: "link", injectTo: "head", attrs: preload },
      ] satisfies HtmlTagDescriptor[];
      return { html: html.replace(EMPTY, EMPTY.replace("><", `>${await firstPicture()}<`)), tags };
    },
  },
};

/** The worker that keeps all files of the page, so that it works offline after the first visit. */
const serviceWorker: Plugin = {
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
      const source = readFileSync(new URL("offline/service-worker.js", import.meta.url), "utf8")
        .replace("__FILES__", JSON.stringify(["./", ...files]))
        .replace("__HASH__", hash.digest("hex").slice(0, 16));
      this.emitFile({ type: "asset", fileName: "service-worker.js", source });
    },
  },
};

export default defineConfig({
  // Relative, so that the built page can lie in any folder of a server.
  base: "./",
  // Tests in Node have no server to fetch it from: they import its bytes.
  assetsInclude: ["**/*.bin"],
  plugins: [svelte(), head, serviceWorker],
  build: {
    target: "es2022",
    assetsInlineLimit: 0,
  },
  // The limit only bounds a hang: a busy machine may need many times what an idle one does.
  test: { include: ["src/**/*.test.ts"], setupFiles: ["scripts/load-wasm.ts"], testTimeout: 300_000 },
});
