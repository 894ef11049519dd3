// For those who resolve files and know no `exports`.
export * from "./dist/lean.js";
export { default } from "./dist/lean.js";
