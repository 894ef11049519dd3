/** The page from the address to its first moment, in pieces. */
import { mount } from "svelte";
import { inPieces, pause } from "./player/pieces";
import { Player } from "./player/player.svelte";
import App from "./screen/App.svelte";

/** Into `target`, behind the first picture, which stays until the page is whole. */
export async function begin(target: HTMLElement, onwhole: () => void): Promise<void> {
  await pause();
  // The page of a story, for links that are previewed, begins with it.
  const player = new Player(location.hash || document.documentElement.dataset["story"] || "");
  await pause();
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
