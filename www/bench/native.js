// The measurements of the native build.
import { spawnSync } from "node:child_process";

/** @typedef {{ n: number, bench: string, medianNs: number, samplesNs: number[], digest: import("./src/digest.js").Digest }} NativeRow */

/**
 * @param {number[]} sizes
 * @returns {NativeRow[]} with times of whole runs, and what the results must be
 */
export function natively(sizes) {
  const run = ["run", "--release", "--quiet", "--package", "native-bench", "--bin", "web-bench", "--"];
  const { status, stdout } = spawnSync("cargo", [...run, ...sizes.map(String)], {
    encoding: "utf8",
    maxBuffer: 2 ** 26,
    stdio: ["ignore", "pipe", "inherit"],
  });
  if (status !== 0) throw new Error("the native measurements failed");
  return JSON.parse(stdout);
}
