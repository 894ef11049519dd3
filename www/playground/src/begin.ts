/** The page from the address to its first moment, in pieces. */
import { mount } from "svelte";
import { inPieces, pause } from "./player/pieces";
import { Player } from "./player/player.svelte";
import App from "./screen/App.svelte";

/** So long it waits for the world of a link, which then runs on behind the page. */
const PIECES_AWAITED = 100;

/** Into `target`, behind the first picture, which stays until the page is whole. */
export async function begin(target: HTMLElement, onwhole: () => void): Promise<void> {
  await pause();
  // The page of a story, for links that are previewed, begins with it.
  const player = new Player(location.hash || document.documentElement.dataset["story"] || "");
  // Also while the page is still made.
  addEventListener("hashchange", () => player.open(location.hash));
  await pause();
  for (let piece = 0; piece < PIECES_AWAITED && player.isArriving; piece++) await pause();
  await inPieces(() => player.prepare(1));
  // What several parts show is found before any of them is made.
  for (const find of [
    () => player.rows,
    () => player.counts,
    () => player.words,
    () => player.flights,
    () => player.trace,
  ]) {
    await pause();
    find();
  }
  await pause();
  target.className = "made";
  document.body.prepend(target);
  mount(App, { target, props: { player, onwhole } });
}
