/**
 * Begins the page once the rest of it has come. It is short on purpose: whoever watches what a page fetches, as tools of developers do,
 * has the browser read the script that fetches again, for the places in it.
 */
import { mount } from "svelte";
import init from "./generated/wasm/crdt_range_map_world";
import Failure from "./screen/Failure.svelte";
import "./screen/page.css";
import "./screen/picture.css";

const picture = document.querySelector("#app");
const target = document.createElement("div");
target.id = "app";

try {
  const [{ begin }] = await Promise.all([import("./begin"), init()]);
  await begin(target, show);
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
