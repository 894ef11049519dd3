import init, { RangeMap } from "crdt-range-map";
import { Client } from "./client.js";

export const dynamic = "force-dynamic";

export default async function Page() {
  await init();
  const map = new RangeMap();
  map.register("node-a", 0, 1000);
  return (
    <main>
      {map.owners(700)[0].node}
      <Client />
    </main>
  );
}
