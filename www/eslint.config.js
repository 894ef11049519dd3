import js from "@eslint/js";
import { defineConfig } from "eslint/config";
import svelte from "eslint-plugin-svelte";
import globals from "globals";
import { configs } from "typescript-eslint";

const outside = { ...globals.browser, ...globals.node };
const off = Object.fromEntries(Object.keys(outside).map((name) => [name, "off"]));

export default defineConfig(
  { ignores: ["**/dist/**", "**/generated/**", "**/playwright-report/**", "**/test-results/**"] },
  js.configs.recommended,
  configs.recommended,
  svelte.configs.recommended,
  {
    languageOptions: { globals: outside },
    rules: {
      // The type checker knows which names exist; a leading underscore says that leaving something unused is meant.
      "no-undef": "off",
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_" }],
    },
  },
  {
    // Programs as users have them, CommonJS among them.
    files: ["package/test/matrix/files/**"],
    rules: { "@typescript-eslint/no-require-imports": "off" },
  },
  {
    // A world is a function of its log, and so is what other designs answer and what breaks it: no time, no chance, no page, and nothing
    // from elsewhere that may have these.
    files: ["playground/src/{world,designs,break}/**/*.ts"],
    ignores: ["playground/src/break/worker.ts"],
    languageOptions: { globals: off },
    rules: {
      "no-undef": "error",
      "no-restricted-globals": ["error", "Date", "Intl", "globalThis", "FinalizationRegistry", "WeakRef"],
      "no-restricted-properties": ["error", { object: "Math", property: "random" }],
      "no-restricted-syntax": ["error", "ImportExpression", "MetaProperty"],
    },
  },
  {
    files: ["playground/src/world/**/*.ts"],
    ignores: ["**/*.test.ts", "**/harness.ts"],
    rules: {
      "no-restricted-imports": ["error", { patterns: [{ regex: "^(?!\\./[^/]+$|\\.\\./generated/wasm/)" }] }],
    },
  },
  // Each layer of the playground uses those below it: world and model, then picture, stories and code, link and tabs, player, screen.
  ...Object.entries({
    picture: ["model"],
    stories: ["world"],
    code: ["world"],
    link: ["model", "stories", "world"],
    tabs: ["world"],
    player: ["code", "designs", "link", "model", "picture", "stories", "tabs", "world"],
  }).map(([layer, below]) => ({
    files: [`playground/src/${layer}/**/*.ts`],
    ignores: ["**/*.test.ts", "**/harness.ts"],
    rules: {
      "no-restricted-imports": [
        "error",
        {
          patterns: [
            {
              regex: `^(?!\\./[^/]+$|\\.\\./(${below.join("|")})/)`,
              message: `What ${layer} may use: ${below.join(", ")}.`,
            },
          ],
        },
      ],
    },
  })),
  {
    files: ["playground/src/{designs,break}/**/*.ts"],
    ignores: ["**/*.test.ts", "playground/src/break/worker.ts"],
    rules: {
      "no-restricted-imports": ["error", { patterns: [{ regex: "^(?!\\./[^/]+$|\\.\\./world/)" }] }],
    },
  },
  {
    files: ["**/*.svelte", "**/*.svelte.ts"],
    languageOptions: { parserOptions: { parser: "@typescript-eslint/parser" } },
  },
);
