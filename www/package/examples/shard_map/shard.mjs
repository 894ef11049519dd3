// One process of a service that keeps 120 shards, each in two processes. Nobody decides for all: each follows the same rules, and does its
// own part. `node shard.mjs NAME PORT` joins those on the other ports; run.mjs starts ten.
import { createHash } from "node:crypto";
import { createSocket } from "node:dgram";
import init, { RangeMap } from "crdt-range-map";

const [shards, copies] = [120, 2];
const [name, port] = [process.argv[2], Number(process.argv[3])];
if (!name || !(port > 0 && port < 65_536)) throw new Error("node shard.mjs NAME PORT");
const ports = Array.from({ length: 16 }, (_, at) => port - (port % 16) + at);

await init();
const map = new RangeMap({ ephemeral: true, attributes: { role: "serving" } }); // what it registers counts while it lives
const socket = createSocket("udp4").bind(port, "127.0.0.1");
const channel = {
  onmessage: null, // set by the map
  postMessage: (bytes) => ports.forEach((to) => to !== port && socket.send(bytes, to, "127.0.0.1")),
  close: () => socket.close(),
};
socket.on("message", (data) => channel.onmessage?.({ data: new Uint8Array(data) }));
const connection = map.connect(channel, { name });

/** The processes that are to serve a shard: those of a set that come first by a hash of both, so that one more or less moves few shards. */
function wanted(shard, names) {
  const draw = (of) => createHash("md5").update(`${shard} ${of}`).digest("hex");
  return names.map((of) => [draw(of), of]).sort().slice(0, copies).map(([, of]) => of); // prettier-ignore
}

function act() {
  const others = connection.peers().filter(({ alive }) => alive);
  const staying = others.filter(({ replica }) => map.attributes(replica)?.role !== "leaving").map((peer) => peer.name);
  const isLeaving = map.attributes().role === "leaving";
  if (!isLeaving) staying.push(name);
  for (let shard = 0; shard < shards; shard += 1) {
    const serving = map.living.owners(shard).map(({ node }) => node);
    const serve = wanted(shard, staying);
    if (serve.includes(name)) {
      if (!serving.includes(name)) map.register(name, shard, shard + 1);
      for (const other of serving) if (!serve.includes(other)) map.standIn(name, other, shard, shard + 1);
    } else if (serving.includes(name)) {
      map.drain(name, shard, shard + 1, copies); // gives it up once two others come before it
    }
  }
  if (isLeaving && map.registrationsOf(name).length === 0) leave();
}

function leave() {
  clearInterval(acting);
  process.removeAllListeners("message"); // it answers no more: who has left sees nobody
  map.leave(); // says goodbye
  setTimeout(() => process.exit(), 100);
}

map.evictAfterMs = 10_000; // what is left of a dead process goes
const acting = setInterval(act, 200);
process.on("disconnect", () => process.exit());
process.on("message", ({ question, shard }) => {
  if (question === "drain") map.setAttributes({ role: "leaving" });
  const serves = map.registrationsOf(name).some(({ start }) => start === BigInt(shard ?? -1));
  process.send({ owners: shard === undefined ? [] : map.living.owners(shard).map(({ node }) => node), serves });
});
