import init, { RangeMap } from "crdt-range-map";

export const dynamic = "force-dynamic";

export async function GET() {
  await init();
  const map = new RangeMap();
  map.register("node-a", 0, 1000);
  return Response.json(map.owners(700));
}
