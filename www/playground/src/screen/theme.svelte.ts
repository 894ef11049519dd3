/** Light or dark: the system's choice until the reader makes one, which is then remembered. */
import { MediaQuery } from "svelte/reactivity";
import type { Scheme } from "../model/node-color";

export type ThemeChoice = "auto" | Scheme;
export const THEME_CHOICES: readonly ThemeChoice[] = ["auto", "light", "dark"];

const STORED_AS = "crdt-range-map/theme";

class Theme {
  readonly #systemIsDark = new MediaQuery("(prefers-color-scheme: dark)");
  #choice = $state<ThemeChoice>(remembered());

  get choice(): ThemeChoice {
    return this.#choice;
  }

  set choice(choice: ThemeChoice) {
    this.#choice = choice;
    show(choice);
    try {
      localStorage.setItem(STORED_AS, choice);
    } catch {
      // Storage is forbidden here: the choice holds for this page.
    }
  }

  get scheme(): Scheme {
    if (this.#choice !== "auto") return this.#choice;
    return this.#systemIsDark.current ? "dark" : "light";
  }

  constructor() {
    show(this.#choice);
  }
}

function show(choice: ThemeChoice): void {
  document.documentElement.dataset["theme"] = choice;
}

function remembered(): ThemeChoice {
  try {
    const stored = localStorage.getItem(STORED_AS);
    return THEME_CHOICES.find((choice) => choice === stored) ?? "auto";
  } catch {
    return "auto";
  }
}

export const theme = new Theme();
