/** The only mutable state of the page beside the log of its world: which moment of which story is shown, and at which speed. */
import { readLink } from "../link/link";
import type { Close } from "../link/close";
import type { Asked, SharedWorld } from "../link/world";
import { badDay, eightTabs, sandbox, stories, storyOf, whoServes } from "../stories/index";
import { beginOf, inputsUpTo, nodesOf, type Story } from "../stories/story";
import { TIME_MS_MAX } from "../world/input";
import { Log } from "../world/log";
import { Timeline } from "../world/timeline";
import { Acts, ON_ITS_WAY } from "./acts.svelte";
import { colorsOf } from "./story-colors";

const SPEEDS = [1, 2, 4, 0.25, 0.5];

const LOOKING_BACK =
  "You look back. The tab goes on meanwhile: it hears the others, and they hear it. What you do now is done in the present.";

export class Player extends Acts {
  speed = $state(1);
  #address = "";
  #isBegun = false;

  /** From what stands in the address after `#`. */
  constructor(address: string) {
    super();
    this.open(address);
  }

  // The story.

  get stepCount(): number {
    return this.story.steps.length;
  }

  get caption(): string {
    if (this.preview !== null)
      return this.refusalAt(this.preview.replica) ?? "It will be like this if you let go here.";
    const { share } = this.arrival;
    if (share !== null)
      return `The world of the link runs before it is shown: ${Math.floor(100 * share)} % of its time.`;
    const problem = this.problem ?? this.atlas.problem;
    if (problem !== null) return problem;
    if (this.story.isIncomplete) return ON_ITS_WAY;
    if (this.live !== null && !this.isPlaying) return LOOKING_BACK;
    if (this.sentBy !== null)
      return `The ${this.sentBy} was made at this moment. Play on, go back in time, or change anything.`;
    if (this.isOwn) return "From here on the world is yours: it goes on from what you did.";
    // The words are about one key.
    if (this.cursor !== this.story.cursor)
      return `The story is about key ${this.format.format(BigInt(this.story.cursor))}.`;
    return this.isBeforeItsEnd ? "" : (this.currentStep?.words ?? "");
  }

  /** Whether the step still has something to show. */
  get isBeforeItsEnd(): boolean {
    return this.arrival.share === null && !this.goesOn && this.nowMs < (this.currentStep?.untilMs ?? 0);
  }

  /** Whether another key is asked for than the one that the story is about. */
  get isAstray(): boolean {
    return !this.isOwn && !this.goesOn && this.cursor !== this.story.cursor;
  }

  get canGoBack(): boolean {
    return this.isOwn || this.step > 0;
  }

  /** Where a visitor may doubt that it always ends well. */
  get canBreak(): boolean {
    return this.story === badDay || this.story === sandbox;
  }

  /** What the one button does. */
  get next(): { readonly label: string; readonly press: () => void } | null {
    if (this.arrival.share !== null) return { label: "Stop", press: () => this.arrival.stop() };
    if (this.live !== null) {
      if (!this.isPlaying) return { label: "Back to the present", press: () => this.toggle() };
      return { label: "Open another tab", press: () => window.open(location.href, "_blank", "noopener") };
    }
    if (this.goesOn) return null;
    const step = this.story.steps[this.step + 1];
    if (step !== undefined) return { label: step.action, press: () => this.#enter(this.step + 1) };
    const story = stories[stories.findIndex(({ id }) => id === this.story.id) + 1];
    return story === undefined ? null : { label: `Next: ${story.title}`, press: () => (location.hash = story.id) };
  }

  // What moves it.

  open(address: string): void {
    this.arrival.stop();
    this.#address = address;
    const { shared, problem = null, close = {} } = { close: undefined, ...readLink(address) };
    if (shared?.kind === "world") {
      // Somewhere it has to be until the world is there.
      if (!this.#isBegun) this.#openStory(sandbox, 0);
      return void this.#arrive(shared, close);
    }
    const { story, step } = shared ?? { story: storyIn(address), step: 0 };
    this.#openStory(story, step, shared);
    this.problem = problem;
    // A moment that somebody sent is looked at first, and what is not all there waits.
    this.isPlaying = (shared === undefined || !address.includes("/")) && !this.story.isIncomplete;
    this.#lookClose(close);
    if (story === eightTabs) void this.#enterTabs();
  }

  #openStory(story: Story, step: number, moment?: Asked & { readonly country?: string | undefined }): void {
    this.#tell(story);
    this.atlas.country = moment?.country ?? null;
    this.lookAt(story.limit, moment?.cursor ?? story.cursor, story.keys === "ipv4");
    this.#begin(step, moment?.nowMs ?? beginOf(story, step));
    this.#isBegun = true;
  }

  #tell(story: Story): void {
    this.leaveTabs();
    this.problem = null;
    // What has come stays as long as its story is open.
    if (this.story.id !== story.id) {
      this.story = story;
      this.node = story.keys === "ipv4" ? "AQ" : "birch";
      this.atlas.problem = null;
    }
    this.colors = colorsOf(story, this.atlas.registry);
  }

  async #arrive(shared: SharedWorld, close: Close): Promise<void> {
    this.isPlaying = false;
    const timeline = await this.arrival.of(shared);
    if (timeline === null) return;
    this.#showWorld(shared, timeline, "link");
    this.#lookClose(close);
  }

  /** Whether a world is on its way to be shown. */
  get isArriving(): boolean {
    return this.arrival.isOn;
  }

  #lookClose({ view, taken, isRows }: Close): void {
    if (isRows === true) this.showAs("rows");
    if (view !== undefined) this.viewport = view;
    if (taken === undefined) return;
    const row = this.rows.findIndex(({ replica }) => replica === taken.replica);
    const registration = this.rows[row]?.registrations.find(taken);
    if (registration !== undefined) this.selection = { row, registration };
  }

  /** What the story that is open lacked has come, and a timeline of it has run to its beginning. */
  complete(story: Story, timeline: Timeline): void {
    this.showTimeline(timeline);
    this.story = story;
    const { isMap } = this;
    this.open(this.#address);
    this.showAs(isMap ? "map" : "rows");
  }

  async #enterTabs(): Promise<void> {
    const problem = await this.tabs.enter((timeline) => this.showTimeline(timeline));
    if (problem !== null) this.problem = problem;
    this.toPresent();
  }

  /** Says goodbye to other tabs. The world stays as it is. */
  leaveTabs(): void {
    this.tabs.leave();
  }

  /** Shows a world that came from a file and has run. */
  openWorld(shared: SharedWorld, timeline: Timeline): void {
    this.arrival.stop();
    this.#showWorld(shared, timeline, "file");
    history.replaceState(null, "", `#${sandbox.id}`);
    this.keepInAddress();
  }

  #showWorld({ limit, cursor, nowMs }: SharedWorld, timeline: Timeline, sentBy: "link" | "file"): void {
    const { log } = timeline;
    this.#tell(sandbox);
    this.atlas.country = null;
    this.lookAt(limit, cursor, false);
    this.#begin(0, nowMs);
    this.isOwn = true;
    this.sentBy = sentBy;
    this.colors.note(nodesOf(log.inputs));
    this.showTimeline(timeline);
    this.furthestMs = Math.max(nowMs, log.inputs.at(-1)?.at ?? 0);
    this.isPlaying = false;
  }

  #begin(step: number, atMs: number): void {
    this.step = step;
    this.isOwn = false;
    this.sentBy = null;
    this.selection = null;
    this.undoList.clear();
    this.furthestMs = 0;
    const { log, fault } = Log.of(this.story.seed, inputsUpTo(this.story, step));
    if (log === undefined) throw new Error(fault);
    this.show(log);
    this.nowMs = atMs;
    this.isPlaying = true;
  }

  #enter(step: number): void {
    this.arrival.stop();
    this.problem = null;
    this.#begin(step, beginOf(this.story, step));
  }

  back(): void {
    this.problem = null;
    if (this.isOwn) this.open(this.story.id);
    else this.#begin(this.step - 1, beginOf(this.story, this.step - 1));
  }

  /** Lets time pass, in milliseconds of the visitor. */
  advance(realMs: number): void {
    if (this.diagram === "keys" && !this.heat.isWhole) this.readings++;
    this.live?.tick(Date.now());
    if (!this.isPlaying) return;
    if (this.live !== null) return this.toPresent();
    this.nowMs = Math.min(this.nowMs + realMs * this.speed, this.#endMs);
    if (this.nowMs >= this.#endMs) this.isPlaying = false;
  }

  get #endMs(): number {
    if (this.live !== null) return this.live.presentMs;
    return this.goesOn ? TIME_MS_MAX : (this.currentStep?.untilMs ?? 0);
  }

  toggle(): void {
    if (!this.isPlaying && this.live === null && this.nowMs >= this.#endMs) this.nowMs = beginOf(this.story, this.step);
    this.isPlaying = !this.isPlaying;
  }

  /** To the end of the step, without the way there. */
  skip(): void {
    if (!this.goesOn) this.nowMs = this.#endMs;
  }

  /** To the next thing that happens. */
  stepOn(): void {
    this.isPlaying = false;
    this.nowMs = Math.min(this.view.world.nextAt() ?? this.#endMs, this.#endMs);
  }

  scrub(ms: number): void {
    // At the end of a world that goes on is its present.
    if (this.live !== null && ms >= this.live.presentMs) return this.toPresent();
    this.isPlaying = false;
    const most = this.goesOn ? Math.max(this.furthestMs, this.nowMs) : this.#endMs;
    this.furthestMs = Math.max(this.furthestMs, this.nowMs);
    this.nowMs = Math.min(most, Math.max(0, ms));
  }

  get speedWords(): string {
    return `${this.speed === 0.25 ? "¼" : this.speed === 0.5 ? "½" : this.speed}×`;
  }

  nextSpeed(): void {
    this.speed = SPEEDS[(SPEEDS.indexOf(this.speed) + 1) % SPEEDS.length] ?? 1;
  }
}

/** The story that an address names, whatever else is wrong with it. */
function storyIn(address: string): Story {
  return storyOf(address.replace(/^#/, "").split(/[/&]/)[0] ?? "") ?? whoServes;
}
