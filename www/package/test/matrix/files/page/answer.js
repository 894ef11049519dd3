// What a map answers, and whether the saved map is one of the same class, shown in the page's title.
import init, { RangeMap } from "crdt-range-map";
import { openRangeMap } from "crdt-range-map/persistent";

async function answer() {
  await init();
  const map = new RangeMap();
  map.register("node-a", 0, 1000);
  const saved = await openRangeMap({ name: "matrix", channel: null });
  saved.map.register("node-b", 0, 1000);
  await saved.saved();
  return `${map.owners(700)[0].node} ${saved.map instanceof RangeMap}`;
}

export function show() {
  answer().then(
    (title) => (document.title = title),
    (error) => (document.title = `failed: ${error.stack ?? error}`),
  );
}
