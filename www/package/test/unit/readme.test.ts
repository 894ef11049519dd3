// The examples of the READMEs run as they are written.
import { readFileSync } from "node:fs";
import { describe, expect, test, vi } from "vitest";

/** The blocks of JavaScript in a file of the repository. */
const blocks = (path: string) => {
  const text = readFileSync(new URL(`../../../../${path}`, import.meta.url), "utf8");
  return [...text.matchAll(/^```js\n([\s\S]*?)^```$/gm)].map(([, code]) => code!);
};

/** Runs a block, and returns what it logged. */
async function run(code: string, names: readonly string[] = []): Promise<Record<string, unknown>> {
  const imported = code.replace(
    /^import (\w+), { (.*) } from (".*");$/gm,
    "const { default: $1, $2 } = await import($3);",
  );
  const body = `${imported}\nreturn { ${["map", ...names].join(", ")} };`;
  const AsyncFunction = (async () => {}).constructor as new (code: string) => () => Promise<Record<string, unknown>>;
  // A function that is made of text imports nothing by itself.
  const withImport = body.replaceAll("await import(", "await imports(");
  const make = new AsyncFunction(`const imports = globalThis.imports;\n${withImport}`);
  vi.stubGlobal("imports", (name: string) => import(name));
  try {
    return await make();
  } finally {
    vi.unstubAllGlobals();
  }
}

describe("the examples of", () => {
  test("the repository's README", async () => {
    const [code] = blocks("README.md");
    const { map, nodes } = await run(code!, ["nodes"]);
    // Key 70 was handed over from node-b to node-d.
    expect(nodes).toEqual(["node-c", "node-d"]);
    (map as Disposable & { free(): void }).free();
  });

  test("the package's README", async () => {
    const [browser, node] = blocks("www/package/README.md");
    const { map } = await run(browser!);
    (map as { free(): void }).free();
    const { there } = await run(`${node}\nconst map = undefined;`, ["there"]);
    expect((there as { owners(key: number): unknown }).owners(5)).toEqual([{ node: "node-a", priority: 1 }]);
  });
});
