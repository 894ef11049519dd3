import init from "crdt-range-map/lean";
import { mount } from "svelte";
import "./app.css";
import App from "./view/App.svelte";
import Failure from "./view/Failure.svelte";

const target = document.querySelector("#app") ?? document.body;

try {
  await init();
  mount(App, { target });
} catch (error) {
  mount(Failure, { target, props: { error } });
}
