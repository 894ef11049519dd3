// Tests what users get, not the working tree: packs the package, installs the tarball into an empty folder, and runs the tests
// of consumer/ there, with this folder's compiler and bundler.
import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const tools = join(here, "../../node_modules");
const folder = mkdtempSync(join(tmpdir(), "crdt-range-map-packed-"));

try {
  const npm = (args, cwd) => execFileSync("npm", args, { cwd, encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] });
  // --ignore-scripts and --offline: packing and installing must not need anything that the tarball does not hold.
  const [packed] = JSON.parse(
    npm(["pack", "--json", "--ignore-scripts", "--workspaces=false", "--pack-destination", folder], join(here, "..")),
  );
  cpSync(join(here, "consumer"), folder, { recursive: true });
  writeFileSync(join(folder, "package.json"), JSON.stringify({ private: true, type: "module" }));
  npm(["install", "--offline", "--no-audit", "--no-fund", "--no-save", join(folder, packed.filename)], folder);

  const files = packed.files.map((file) => file.path);
  const { status } = spawnSync(process.execPath, ["--test", "--test-reporter=spec", "."], {
    cwd: folder,
    env: {
      ...process.env,
      PACKED_FILES: JSON.stringify(files),
      TARBALL: join(folder, packed.filename),
      TOOLS: tools,
      CELLS: join(here, "matrix/cells.mjs"),
    },
    stdio: "inherit",
  });
  process.exitCode = status ?? 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
