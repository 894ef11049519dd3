import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

/** The built page in other engines: `make test-engines`. */
export default defineConfig({
  root: fileURLToPath(new URL("..", import.meta.url)),
  test: {
    include: ["engines/**/*.spec.ts"],
    setupFiles: ["scripts/load-wasm.ts"],
    // They bound a hang and nothing else.
    testTimeout: 900_000,
    hookTimeout: 900_000,
    reporters: ["verbose"],
  },
});
