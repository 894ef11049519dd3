// For those who resolve files and know no `exports`.
export * from "./dist/persistent.js";
