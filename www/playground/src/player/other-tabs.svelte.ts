/** A world among those of other tabs, where a story has any: it goes on whatever moment is looked at. */
import type { Live } from "../tabs/live";
import type { Timeline } from "../world/timeline";
import { enterTabs } from "./live-tab";

/** With more rows, other tabs are folded. */
const ROWS_UNFOLDED_MAX = 4;

export class OtherTabs {
  live = $state.raw<Live | null>(null);
  /** Whether other tabs are a line of words; `null` leaves it to their number. */
  fold = $state<boolean | null>(null);
  #stay = new AbortController();

  /** Shows the world of this tab once it is among them, if it was not left before. Returns why it is not possible, if so. */
  async enter(show: (timeline: Timeline) => void): Promise<string | null> {
    const { signal } = (this.#stay = new AbortController());
    const entered = await enterTabs(signal);
    if (signal.aborted) return null;
    if (typeof entered === "string") return entered;
    show(entered.timeline);
    this.live = entered.live;
    this.fold = null;
    return null;
  }

  /** Says goodbye to them. */
  leave(): void {
    this.#stay.abort();
    this.live = null;
  }

  isFolded(rows: number): boolean {
    return this.live !== null && (this.fold ?? rows > ROWS_UNFOLDED_MAX);
  }
}
