/** What can be taken back, the last first. */
import type { Registration } from "../picture/scene";
import type { Log } from "../world/log";

/** What operations touched, as it was before; or a log of which later inputs were dropped. */
export type Undo =
  | { readonly replica: number; readonly before: readonly Registration[] }
  | { readonly log: Log; readonly nowMs: number };

/** So many acts can be undone. */
const UNDO_MAX = 100;

export class UndoList {
  #acts = $state.raw<readonly Undo[]>([]);

  get isEmpty(): boolean {
    return this.#acts.length === 0;
  }

  remember(undo: Undo): void {
    this.#acts = [...this.#acts.slice(1 - UNDO_MAX), undo];
  }

  take(): Undo | undefined {
    const last = this.#acts.at(-1);
    this.#acts = this.#acts.slice(0, -1);
    return last;
  }

  clear(): void {
    this.#acts = [];
  }
}
