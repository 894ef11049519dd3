/** A world that comes with a link: it runs before it is shown, in pieces, and whoever does something else meanwhile stops it. */
import type { SharedWorld } from "../link/world";
import type { Timeline } from "../world/timeline";
import { runWorld } from "./run-world";

/** What takes no more pieces is there before anybody has read that it comes. */
const QUIET_PIECES = 20;

export class Arrival {
  /** How much of its time has run, from 0 to 1, once that takes long; `null` if nothing is on its way. */
  share = $state<number | null>(null);
  #stop: AbortController | null = null;

  get isOn(): boolean {
    return this.#stop !== null;
  }

  /** Runs it instead of what was on its way. `null` if it was stopped. */
  async of(shared: SharedWorld): Promise<Timeline | null> {
    this.stop();
    const { signal } = (this.#stop = new AbortController());
    let pieces = 0;
    const timeline = await runWorld(shared, signal, (share) => {
      if (!signal.aborted && ++pieces > QUIET_PIECES) this.share = share;
    });
    if (!signal.aborted) this.stop();
    return timeline;
  }

  stop(): void {
    this.#stop?.abort();
    this.#stop = null;
    this.share = null;
  }
}
