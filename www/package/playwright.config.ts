import { defineConfig } from "@playwright/test";

const port = Number(process.env["PACKAGE_TEST_PORT"] ?? 4318);

/** Drives pages that use the built package in the system's Chromium. Each test has a profile, and so a database, of its own. */
export default defineConfig({
  testDir: "test/browser",
  outputDir: "test-results",
  fullyParallel: true,
  workers: 2,
  // They bound a hang and nothing else: tests wait for what is to happen, and the machine may be busy with something else.
  timeout: 900_000,
  expect: { timeout: 300_000 },
  forbidOnly: process.env["CI"] !== undefined,
  reporter: [["list"]],
  use: { baseURL: `http://localhost:${port}/` },
  webServer: {
    command: "node test/browser/server.mjs",
    env: { PORT: String(port) },
    url: `http://localhost:${port}/test/browser/page.html`,
    reuseExistingServer: false,
    timeout: 300_000,
  },
});
