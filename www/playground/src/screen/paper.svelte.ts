/** Whether the picture is meant for paper or a file: then all of it is SVG, which has no pixels of its own. */
import { flushSync } from "svelte";
import { MediaQuery } from "svelte/reactivity";

class Paper {
  readonly #isPrinted = new MediaQuery("print");
  #isFile = $state(false);

  get isMeant(): boolean {
    return this.#isFile || this.#isPrinted.current;
  }

  /** What `use` finds in the page is as it is on paper. */
  with<T>(use: () => T): T {
    flushSync(() => (this.#isFile = true));
    try {
      return use();
    } finally {
      flushSync(() => (this.#isFile = false));
    }
  }

  /** A browser that is about to print does not wait for the page. */
  begin(): void {
    flushSync(() => (this.#isFile = true));
  }

  end(): void {
    this.#isFile = false;
  }
}

export const paper = new Paper();
