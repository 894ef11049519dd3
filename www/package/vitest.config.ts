import { defineConfig } from "vitest/config";

/** The built package in Node, as whoever imports it there gets it. */
export default defineConfig({
  test: {
    include: ["test/unit/**/*.test.ts"],
    // What is built is loaded as it is, and not transformed on the way.
    server: { deps: { external: [/\/package\/(?!test\/)/, /\/entry\.mjs$/] } },
    // A process for each file, with a garbage collector that can be called.
    pool: "forks",
    execArgv: ["--expose-gc"],
    unstubGlobals: true,
    // The limit only bounds a hang: a busy machine may need many times what an idle one does.
    testTimeout: 300_000,
  },
});
