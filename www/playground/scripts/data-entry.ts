/** What writes the file that the page reads. */
export { writeRegistry } from "../src/link/registry";
