import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vitest/config";

export default defineConfig({
  // Relative, so that the built page can lie in any folder of a server.
  base: "./",
  plugins: [svelte()],
  build: {
    target: "es2022",
    assetsInlineLimit: 0,
    rolldownOptions: { input: ["index.html", "workbench.html"] },
  },
  // The package finds its .wasm file by its own URL, which bundling for development would change.
  optimizeDeps: { exclude: ["crdt-range-map"] },
  // The limit only bounds a hang: a busy machine may need many times what an idle one does.
  test: { include: ["src/**/*.test.ts"], setupFiles: ["scripts/load-wasm.ts"], testTimeout: 300_000 },
});
