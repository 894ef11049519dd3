import { mount } from "svelte";
import init from "./generated/wasm/crdt_range_map_world";
import { inPieces, pause } from "./player/pieces";
import { Player } from "./player/player.svelte";
import App from "./screen/App.svelte";
import Failure from "./screen/Failure.svelte";
import "./screen/page.css";
import "./screen/picture.css";

const picture = document.querySelector("#app");
const target = document.createElement("div");
target.id = "app";

try {
  await init();
  await pause();
  // The page of a story, for links that are previewed, begins with it.
  const player = new Player(location.hash || document.documentElement.dataset["story"] || "");
  await inPieces(() => player.prepare(1));
  await pause();
  // The page is made behind the first picture, which stays until the page is whole.
  target.className = "made";
  document.body.prepend(target);
  mount(App, { target, props: { player, onwhole: show } });
} catch (error) {
  target.replaceChildren();
  document.body.prepend(target);
  mount(Failure, { target, props: { error } });
  show();
}

function show() {
  picture?.remove();
  target.removeAttribute("class");
}

// After the page, so that it takes nothing from it. Without it, or where it is forbidden, the page needs a network, and that is all.
if (import.meta.env.PROD && "serviceWorker" in navigator) {
  navigator.serviceWorker.register("./service-worker.js").catch(() => undefined);
}
