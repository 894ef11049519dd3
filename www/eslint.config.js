import js from "@eslint/js";
import { defineConfig } from "eslint/config";
import svelte from "eslint-plugin-svelte";
import globals from "globals";
import { configs } from "typescript-eslint";

export default defineConfig(
  { ignores: ["**/dist/**", "**/generated/**", "**/playwright-report/**", "**/test-results/**"] },
  js.configs.recommended,
  configs.recommended,
  svelte.configs.recommended,
  {
    languageOptions: { globals: { ...globals.browser, ...globals.node } },
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
    files: ["**/*.svelte", "**/*.svelte.ts"],
    languageOptions: { parserOptions: { parser: "@typescript-eslint/parser" } },
  },
);
