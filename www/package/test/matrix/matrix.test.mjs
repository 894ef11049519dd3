// Tries the packed tarball with every tool of cells.mjs, each in an empty folder, as a new user would. It installs from the registry
// and takes minutes: `make test-package`. One cell alone: --test-name-pattern="Vite 5".
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { cells } from "./cells.mjs";
import { closeBrowser, Fixture } from "./fixture.mjs";

const packed = mkdtempSync(join(tmpdir(), "crdt-range-map-matrix-"));
const [{ filename }] = JSON.parse(
  execFileSync("npm", ["pack", "--json", "--ignore-scripts", "--workspaces=false", "--pack-destination", packed], {
    cwd: fileURLToPath(new URL("../..", import.meta.url)),
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
  }),
);

after(async () => {
  await closeBrowser();
  rmSync(packed, { recursive: true });
});

for (const [name, { packages, files, lean = [], checks }] of Object.entries(cells)) {
  test(name, async (t) => {
    const fixture = new Fixture(join(packed, filename), packages);
    try {
      for (const [check, run] of Object.entries(checks)) {
        for (const entry of lean.includes(check) ? ["default", "lean"] : ["default"]) {
          await t.test(`${name}: ${check}, ${entry} entry`, async () => {
            fixture.begin(files, entry);
            try {
              await run({ ...fixture.tools(), assert });
            } finally {
              await fixture.end();
            }
          });
        }
      }
    } finally {
      fixture.remove();
    }
  });
}
