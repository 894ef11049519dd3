import { mount } from "svelte";
import init from "./generated/wasm/crdt_range_map_world";
import App from "./screen/App.svelte";
import Failure from "./screen/Failure.svelte";
import "./screen/page.css";
import "./screen/picture.css";

const target = document.querySelector("#app") ?? document.body;

try {
  await init();
  // The picture that stood there until now.
  target.replaceChildren();
  // The page of a story, for links that are previewed, begins with it.
  const address = location.hash || document.documentElement.dataset["story"] || "";
  mount(App, { target, props: { address } });
} catch (error) {
  target.replaceChildren();
  mount(Failure, { target, props: { error } });
}

// After the page, so that it takes nothing from it. Without it, or where it is forbidden, the page needs a network, and that is all.
if (import.meta.env.PROD && "serviceWorker" in navigator) {
  navigator.serviceWorker.register("./service-worker.js").catch(() => undefined);
}
