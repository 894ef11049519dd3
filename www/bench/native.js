// The measurements of the native build.
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { median } from "./src/timer.js";

/** @typedef {{ n: number, bench: string, medianNs: number, samplesNs: number[], digest: import("./src/digest.js").Digest }} NativeRow */

/**
 * @param {number[]} sizes
 * @param {string} target the folder to build in
 * @returns {NativeRow[]} with times of whole runs
 */
export function natively(sizes, target) {
  const manifest = fileURLToPath(new URL("native/Cargo.toml", import.meta.url));
  const build = ["run", "--release", "--quiet", "--manifest-path", manifest, "--target-dir", `${target}web-bench`];
  const { status, stdout } = spawnSync("cargo", [...build, "--", ...sizes.map(String)], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
  });
  if (status !== 0) throw new Error("the native measurements failed");
  return stdout
    .trim()
    .split("\n")
    .map((line) => {
      const row = JSON.parse(line);
      return { ...row, medianNs: median(row.samplesNs) };
    });
}
