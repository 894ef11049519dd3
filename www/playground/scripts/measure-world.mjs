/** Measures how long it takes to show another moment of a world of ten minutes, 2,000 inputs and 8 replicas. */
import { bundleWorld, worldModule } from "./bundle-world.mjs";

const code = await bundleWorld("esm");
/** @type {typeof import("./world-entry")} */
const World = await import(`data:text/javascript;base64,${Buffer.from(code).toString("base64")}`);
const { memory } = World.initSync({ module: worldModule() });

const UNTIL_MS = 600_000;
const FRAMES = 2_000;
const log = World.sampleLog(1, { replicas: 8, inputs: 2_000, pauseMs: 166, keys: 1_000 });

/** Milliseconds of this process's processors, its collector of garbage included: others on the machine do not matter. */
function used() {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/**
 * The milliseconds that each frame took, at moments that `momentOf` names; the shortest first.
 * @param {(frame: number) => number} momentOf
 */
function measure(momentOf) {
  const times = [];
  for (let frame = 0; frame < FRAMES; frame++) {
    const begin = used();
    World.framesOf(World.rowsOf(timeline.stateAt(momentOf(frame))));
    times.push(used() - begin);
  }
  return times.sort((one, other) => one - other);
}

/** @type {(name: string, times: readonly number[]) => void} */
function print(name, times) {
  /** @type {(percent: number) => string} */
  const at = (percent) => (times[Math.ceil((percent / 100) * times.length) - 1] ?? NaN).toFixed(2);
  console.log(`${name}: median ${at(50)} ms, p95 ${at(95)} ms, p99 ${at(99)} ms, longest ${at(100)} ms`);
}

const timeline = new World.Timeline(log);
const begin = used();
timeline.stateAt(UNTIL_MS);
const running = (used() - begin).toFixed(0);
const { flights, agreement } = timeline.history(UNTIL_MS);
const inputs = log.inputs.filter(({ at }) => at <= UNTIL_MS).length;
console.log(
  `${inputs} inputs, ${flights.length} copies of messages, ${agreement.length} turns, ${timeline.keyframeCount} keyframes`,
);
console.log(`running through: ${running} ms, ${memory.buffer.byteLength >> 20} MiB of wasm memory`);
print(
  "random moments",
  measure(() => Math.random() * UNTIL_MS),
);
print(
  "forwards",
  measure((frame) => (frame * UNTIL_MS) / FRAMES),
);
print(
  "backwards",
  measure((frame) => UNTIL_MS - (frame * UNTIL_MS) / FRAMES),
);
