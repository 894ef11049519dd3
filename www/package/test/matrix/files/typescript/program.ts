import init, { RangeMap, type Owner } from "crdt-range-map";
import lean from "crdt-range-map/lean";
import { openRangeMap, type PersistentRangeMap } from "crdt-range-map/persistent";

export async function answer(): Promise<Owner[]> {
  await init();
  await lean({ module_or_path: "/crdt_range_map_bg.wasm" });
  const map = new RangeMap();
  const delta: Uint8Array = map.register("node-a", 0, 1000);
  const saved: PersistentRangeMap = await openRangeMap({ name: "matrix" });
  saved.map.merge(delta);
  // @ts-expect-error: a key is not a string, so the types were found
  map.owners("700");
  return saved.map.owners(700);
}
