import { fileURLToPath } from "node:url";
import { defineConfig } from "@playwright/test";

const port = Number(process.env["PLAYGROUND_TEST_PORT"] ?? 4317);

/** Drives the built page in the system's Chromium. Each test has a browser context, and so BroadcastChannels, of its own. */
export default defineConfig({
  testDir: "tests",
  outputDir: "test-results",
  snapshotPathTemplate: "snapshots/screens/{arg}{ext}",
  fullyParallel: true,
  workers: 2,
  // They bound a hang and nothing else: tests wait for what is to happen, and the machine may be busy with something else.
  timeout: 900_000,
  expect: { timeout: 300_000 },
  forbidOnly: process.env["CI"] !== undefined,
  reporter: [["list"]],
  use: {
    baseURL: `http://localhost:${port}/`,
    trace: "retain-on-failure",
    launchOptions: {
      env: { ...process.env, FONTCONFIG_FILE: fileURLToPath(new URL("tests/fonts.conf", import.meta.url)) },
      executablePath: process.env["CHROMIUM_PATH"] ?? "/usr/bin/chromium",
      args: [
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--disable-dev-shm-usage",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
      ],
    },
  },
  webServer: {
    command: `npm run preview -- --port ${port} --strictPort`,
    url: `http://localhost:${port}/`,
    reuseExistingServer: false,
    timeout: 300_000,
  },
});
