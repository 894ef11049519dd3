import { ESLint } from "eslint";
import { expect, test } from "vitest";

const linter = new ESLint();

/** The rules that a text in a file of the world, or of another folder, breaks. */
async function rulesBroken(text: string, name = "log.ts", folder = "world"): Promise<(string | null)[]> {
  const [result] = await linter.lintText(text, { filePath: `src/${folder}/${name}` });
  return result?.messages.map(({ ruleId }) => ruleId) ?? ["none"];
}

test("lint keeps time, chance, the page and all that is elsewhere out of the world", async () => {
  const broken = [
    ["export const now = Date.now();", "no-restricted-globals"],
    ["export const now = new Date();", "no-restricted-globals"],
    ["export const it = globalThis;", "no-restricted-globals"],
    ["export const ref = new WeakRef({});", "no-restricted-globals"],
    ["export const chance = Math.random();", "no-restricted-properties"],
    ["export const { random } = Math;", "no-restricted-properties"],
    ["export const now = performance.now();", "no-undef"],
    ["setTimeout(() => undefined, 5);", "no-undef"],
    ["requestAnimationFrame(() => undefined);", "no-undef"],
    ["crypto.getRandomValues(new Uint8Array(5));", "no-undef"],
    ["document.title = window.name;", "no-undef"],
    ["process.exit();", "no-undef"],
    ["export const it = import('svelte');", "no-restricted-syntax"],
    ["export const it = import.meta.url;", "no-restricted-syntax"],
    ["export { mount } from 'svelte';", "no-restricted-imports"],
    ["export * from '../model/random';", "no-restricted-imports"],
    ["import './../model/clock';", "no-restricted-imports"],
    ["import 'node:fs';", "no-restricted-imports"],
  ] as const;
  for (const [text, rule] of broken) expect(await rulesBroken(text), text).toContain(rule);
});

test("lint lets through what a world needs", async () => {
  const text = `
    import { Replica } from "../generated/wasm/crdt_range_map_world.js";
    import type { Input } from "./input";
    export const roots = (input: Input): number => Math.sqrt(new Uint8Array(input.at).length);
    export const replicas = new Map<bigint, Replica>();
  `;
  expect(await rulesBroken(text)).toEqual([]);
  expect(await rulesBroken('import "vitest";', "log.test.ts")).toEqual([]);
});

test.each(["designs", "break"])(
  "lint keeps them out of src/%s, too, which uses nothing but the world",
  async (folder) => {
    const broken = [
      ["export const now = Date.now();", "no-restricted-globals"],
      ["export const chance = Math.random();", "no-restricted-properties"],
      ["export const now = performance.now();", "no-undef"],
      ["import '../player/words';", "no-restricted-imports"],
    ] as const;
    for (const [text, rule] of broken) expect(await rulesBroken(text, "log.ts", folder), text).toContain(rule);
    expect(await rulesBroken('import "../world/log"; import "./clock";', "log.ts", folder)).toEqual([]);
  },
);
