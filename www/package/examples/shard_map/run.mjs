// Starts nine processes of shard.mjs, and looks up shards all the time. Meanwhile one is drained, one is killed, and a tenth comes.
import { fork } from "node:child_process";
import { setTimeout as wait } from "node:timers/promises";

const [shards, copies] = [120, 2];
const base = 16 * (1_250 + (process.pid % 2_000));
const processes = new Map();

function start(at) {
  const name = `shard-${at}`;
  const child = fork(new URL("shard.mjs", import.meta.url), [name, String(base + at)]);
  child.on("exit", () => processes.delete(name));
  processes.set(name, child);
  return name;
}

/** Asks a process; `undefined` if it is gone. One question at a time. */
function ask(name, message) {
  const child = processes.get(name);
  if (!child?.connected) return Promise.resolve(undefined);
  return new Promise((resolve) => {
    const end = (answer) => {
      child.off("message", end).off("exit", gone);
      resolve(answer);
    };
    const gone = () => end(undefined);
    child.on("message", end).on("exit", gone);
    child.send(message, (error) => error && gone());
  });
}

const count = { lookups: 0, nobody: 0, wrong: 0 };
/** Whom the client asks: those that have heard from the others. */
let known = [];

/** A client asks any process who serves a shard, and goes there: to the first that is there, or else to the next. */
async function lookUp(number) {
  const shard = (number * 7) % shards;
  const asked = known[number % known.length];
  const answer = asked && (await ask(asked, { shard }));
  if (!answer) return;
  count.lookups += 1;
  count.nobody += answer.owners.length === 0;
  for (const owner of answer.owners) {
    const there = await ask(owner, { shard });
    if (there) {
      count.wrong += !there.serves;
      return;
    }
  }
}

/** Looks up until all processes say that each shard is served by as many as has to be, and none by who is not there. */
async function settle(what) {
  const begin = performance.now();
  for (let number = 0; ;) {
    const isDone = async (name) => {
      for (let shard = 0; shard < shards; shard += 1) {
        const answer = await ask(name, { shard });
        const isServed = answer?.owners.length === copies && answer.owners.every((owner) => processes.has(owner));
        if (!isServed) return false;
      }
      return true;
    };
    for (const until = number + 50; number < until; number += 1) await lookUp(number);
    let left = processes.size;
    for (const name of [...processes.keys()]) if (await isDone(name)) left -= 1;
    if (left === 0) break;
    await wait(20);
  }
  known = [...processes.keys()];
  console.log(`${what}: ${((performance.now() - begin) / 1000).toFixed(1)} s`);
}

const nine = Array.from({ length: 9 }, (_, at) => start(at));
await wait(1_000);
await settle("nine serve all shards");

await ask(nine[3], { question: "drain" });
while (processes.has(nine[3])) await lookUp(count.lookups);
await settle("shard-3 was drained, and went");
processes.get(nine[5]).kill("SIGKILL");
await settle("shard-5 was killed, and is replaced");
start(9);
await wait(1_000);
await settle("shard-9 came late, and has its share");

console.log(`${count.lookups} look-ups: ${count.nobody} found nobody, ${count.wrong} went to one who does not serve`);
processes.forEach((child) => child.kill());
