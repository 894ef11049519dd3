// The measurements in Node, in a process of their own. Usage: node node.js OPTIONS-AS-JSON RESULT-PATH
import { writeFileSync } from "node:fs";
import * as automerge from "@automerge/automerge";
import init, * as ours from "crdt-range-map";
import * as loro from "loro-crdt";
import * as yjs from "yjs";
import { run } from "./src/run.js";

await init();
const packages = { ours: { ...ours, default: init }, yjs, loro, automerge };
const result = await run(packages, JSON.parse(process.argv[2]), (what) => console.error(`  ${what}`));
writeFileSync(process.argv[3], JSON.stringify(result));
process.exit();
