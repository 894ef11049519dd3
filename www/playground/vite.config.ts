import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vitest/config";
import { pages } from "./build/pages.ts";
import { serviceWorker } from "./build/service-worker.ts";

export default defineConfig({
  // Relative, so that the built page can lie in any folder of a server.
  base: "./",
  // Tests in Node have no server to fetch it from: they import its bytes.
  assetsInclude: ["**/*.bin"],
  plugins: [svelte(), pages, serviceWorker],
  build: {
    target: "es2022",
    assetsInlineLimit: 0,
    // The rules of all parts are in the page itself.
    cssCodeSplit: false,
    // They are asked for after the first picture: see `build/pages.ts`.
    modulePreload: false,
  },
  // The limit only bounds a hang: a busy machine may need many times what an idle one does.
  test: { include: ["{build,src}/**/*.test.ts"], setupFiles: ["scripts/load-wasm.ts"], testTimeout: 300_000 },
});
