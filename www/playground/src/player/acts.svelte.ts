/** What the visitor does to the world that is shown. */
import { linkOf, type Shared } from "../link/link";
import { nameOf, type Conditions, type Operation, type Pair, type What } from "../world/input";
import { Arrival } from "./arrival.svelte";
import { Atlas } from "./atlas.svelte";
import { restoring, touchedIn } from "./edit";
import { nextSelection } from "./selection";
import { Shown } from "./shown.svelte";
import { UndoList } from "./undo.svelte";

export const ON_ITS_WAY = "The registry is on its way.";

export class Acts extends Shown {
  /** Who is registered where a range is drawn. */
  node = $state("birch");
  /** What went wrong last, in words. */
  problem = $state<string | null>(null);
  readonly atlas = new Atlas();
  /** What brought this world, if nothing was done to it yet. */
  protected sentBy = $state<"link" | "file" | null>(null);
  protected readonly undoList = new UndoList();
  protected readonly arrival = new Arrival();

  /** Returns why it is refused, or `null`. */
  operate(replica: number, operations: readonly Operation[]): string | null {
    this.toPresent();
    const refusal = this.refusalAt(replica);
    if (refusal !== null) return (this.problem = refusal);
    const row = this.rows.find((one) => one.replica === replica);
    if (row === undefined || operations.length === 0) return null;
    const before = touchedIn(row, operations);
    this.colors.note(operations.map(({ node }) => node));
    const refused = this.#do({ kind: "operation", replica, operations });
    if (refused === null) this.undoList.remember({ replica, before });
    return refused;
  }

  protected refusalAt(replica: number): string | null {
    const isElsewhere = this.rows.some((row) => row.replica === replica && row.isElsewhere);
    return isElsewhere ? `${nameOf(replica)} lives in another tab: what it does is done there.` : null;
  }

  get canUndo(): boolean {
    return !this.undoList.isEmpty;
  }

  /** Takes the last act back, as far as its replica knows: by new operations, which travel as all do. */
  undo(): void {
    const last = this.undoList.take();
    if (last === undefined) return;
    if ("log" in last) {
      this.show(last.log);
      this.nowMs = last.nowMs;
      this.isPlaying = false;
      this.problem = null;
      return this.keepInAddress();
    }
    const row = this.rows.find(({ replica }) => replica === last.replica);
    const operations = row === undefined ? [] : restoring(row, last.before);
    if (operations.length > 0) this.#do({ kind: "operation", replica: last.replica, operations });
  }

  setCut(between: Pair, isCut: boolean): void {
    this.#do({ kind: isCut ? "cut" : "mend", between });
  }

  setWeather(conditions: Conditions): void {
    this.#do({ kind: "weather", conditions });
  }

  change(kind: "join" | "leave" | "crash" | "restart", replica: number): void {
    this.selection = null;
    this.#do({ kind, replica });
  }

  setOnline(replica: number, isOnline: boolean): void {
    this.#do({ kind: isOnline ? "online" : "offline", replica });
  }

  /** What came after this moment is dropped: from here on the world goes another way. */
  #do(what: What): string | null {
    this.arrival.stop();
    if (this.live !== null) {
      this.toPresent();
      this.problem = this.live.do(what) ?? null;
      this.toPresent();
      return this.problem;
    }
    // What is done to a world that is about to be replaced would be lost.
    if (this.story.isIncomplete) return (this.problem = this.atlas.problem ?? ON_ITS_WAY);
    const at = this.moment;
    const { log } = this.timeline;
    this.problem = this.timeline.branch(at, { ...what, at }) ?? null;
    if (this.problem !== null) return this.problem;
    if (this.isOwn && log.inputs.some((input) => input.at > at)) {
      this.undoList.remember({ log, nowMs: this.furthestMs });
      this.problem =
        "What you did after this moment is dropped: the world goes another way from here. Undo brings it back.";
    }
    this.changes++;
    this.isOwn = true;
    this.sentBy = null;
    this.furthestMs = at;
    this.isPlaying = true;
    this.keepInAddress();
    return null;
  }

  /** So that a reload, or the way back from another story, finds this world again. */
  protected keepInAddress(): void {
    const link = linkOf(this.shared, this.close);
    if (link !== null) history.replaceState(null, "", `#${link}`);
  }

  selectNext(): void {
    this.selection = nextSelection(this.rows, this.cursor, this.selection);
  }

  /** A world among those of other tabs is changed at its present only. */
  protected toPresent(): void {
    if (this.live === null) return;
    this.live.tick(Date.now());
    this.nowMs = this.live.presentMs;
    this.isPlaying = true;
  }

  /** This moment, to be sent to somebody. */
  get shared(): Shared {
    const { nowMs, cursor, story, step } = this;
    if (this.live !== null) return { kind: "story", story, step, nowMs: 0, cursor };
    if (!this.isOwn) return { kind: "story", story, step, nowMs, cursor, country: this.atlas.country ?? undefined };
    return this.world;
  }
}
