/** The only mutable state of the page beside the log of its world: which moment is shown, at which speed, and (`Look`) what is looked at. */
import { NodeColors } from "../model/node-color";
import { framesOf } from "../picture/frames";
import { isAsked, type Flight, type Registration, type Row, type Stage } from "../picture/scene";
import type { Trace } from "../picture/trace";
import { beginOf, inputsUpTo, nodesOf, type Step, type Story } from "../stories/story";
import { answersOf, type Answer } from "../designs/answers";
import { javascript } from "../code/javascript";
import { programOf } from "../code/program";
import { rust } from "../code/rust";
import type { Close } from "../link/close";
import { linkOf, readLink, type Shared } from "../link/link";
import type { SharedWorld } from "../link/world";
import { badDay, eightTabs, sandbox, stories, storyOf } from "../stories/index";
import type { Live } from "../tabs/live";
import { FAIR, nameOf, TIME_MS_MAX, type Conditions, type Operation, type Pair, type What } from "../world/input";
import { Log } from "../world/log";
import type { Flight as Copy } from "../world/network";
import { Timeline } from "../world/timeline";
import { Atlas } from "./atlas.svelte";
import { restoring, touchedIn } from "./edit";
import { agreementOf, freeNumber, othersOf, unheardWords, type Others } from "./elsewhere";
import { Look } from "./look.svelte";
import { flightsOf, previewOf, SceneAt, traceOf, trafficWords } from "./moment";
import { OtherTabs } from "./other-tabs.svelte";
import { OwnersOverTime } from "./owners-over-time";
import { nextSelection } from "./selection";
import { colorsOf } from "./story-colors";
import { UndoList } from "./undo.svelte";
import { reasonsAt, whyPriority } from "./why";
import { headline, whoSaysWhat, type Headline } from "./words";
import { wordingOf, type Wording } from "./wording";

const SPEEDS = [1, 2, 4, 0.25, 0.5];
/** So much time is shown in the diagram, at least. */
const SPAN_MS_MIN = 8_000;
const SPAN_MS_MAX = 40_000;
const TRACE_MS = 40;

/** Operations at a replica. */
export interface Act {
  readonly replica: number;
  readonly operations: readonly Operation[];
}

const LOOKING_BACK =
  "You look back. The tab goes on meanwhile: it hears the others, and they hear it. What you do now is done in the present.";

const ON_ITS_WAY = "The registry is on its way.";

export class Player extends Look {
  story = $state.raw<Story>(firstStory());
  step = $state(0);
  nowMs = $state(0);
  isPlaying = $state(true);
  speed = $state(1);
  /** Who is registered where a range is drawn. */
  node = $state("birch");
  /** What a hand is about to do: shown as if it were done. */
  preview = $state.raw<Act | null>(null);
  /** What brought this world, if nothing was done to it yet. */
  #sentBy = $state<"link" | "file" | null>(null);
  /** Whether the visitor has done something, so that the story no longer goes as written. */
  isOwn = $state(false);
  /** What went wrong last, in words. */
  problem = $state<string | null>(null);
  colors = new NodeColors();
  readonly atlas = new Atlas();
  #address = "";

  readonly #tabs = new OtherTabs();
  readonly #undo = new UndoList();

  #timeline = $state.raw<Timeline>() as Timeline;
  /** Counts changes of the log. */
  #changes = $state(0);
  /** Where the last input was added by the visitor: later moments can be reached from here on. */
  #furthestMs = $state(0);

  /** From what stands in the address after `#`. */
  constructor(address: string) {
    super();
    this.open(address);
  }

  // What is shown.

  /** What keys and nodes are called here. */
  readonly wording: Wording = $derived(wordingOf(this.story));

  readonly #moment = $derived(Math.floor(this.nowMs));
  readonly #view = $derived.by(() => {
    void this.#changes;
    return this.#timeline.stateAt(this.#moment);
  });
  readonly #scenes = new SceneAt();
  readonly #scene = $derived.by(() => {
    const scene = this.#scenes.of(this.#view);
    // Other tabs name nodes that nobody has named here.
    for (const { registrations } of scene.rows.filter(({ isElsewhere }) => isElsewhere)) {
      this.colors.note(registrations.columns.names);
    }
    return scene;
  });
  readonly rows: readonly Row[] = $derived.by(() => {
    const { preview } = this;
    if (preview === null) return this.#scene.rows;
    return this.#scene.rows.map((row) => {
      if (row.replica !== preview.replica) return row;
      return previewOf(this.#view, row, preview.operations) ?? row;
    });
  });
  readonly #frames = $derived(framesOf(this.rows));
  readonly isFolded = $derived(this.#tabs.isFolded(this.rows.length));
  /** Those that live here come first, so that all places stay the same. */
  readonly #shown = $derived(this.isFolded ? this.rows.filter(({ isElsewhere }) => !isElsewhere) : this.rows);
  readonly stage: Stage = $derived.by(() => ({
    rows: this.#shown,
    frames: this.isFolded ? framesOf(this.#shown) : this.#frames,
    links: this.#scene.links.filter(({ between }) => between.every((row) => row < this.#shown.length)),
    view: this.viewport,
    limit: this.limit,
    cursor: this.cursor,
  }));
  readonly others: Others = $derived.by(() => othersOf(this.#view));
  readonly flights: readonly Flight[] = $derived.by(() => flightsOf(this.#view, this.#shown, this.nowMs));
  readonly words: { headline: Headline; says: string } = $derived.by(() => {
    const shown = { rows: this.rows, frames: this.#frames, cursor: this.cursor };
    const { isAgreed } = this.counts;
    return {
      headline: headline(shown, this.keyText, isAgreed, this.wording),
      says: whoSaysWhat(shown, isAgreed || this.others.unheard.length > 0, this.wording) || unheardWords(this.others),
    };
  });
  /** The diagram follows in steps that nobody sees. */
  readonly #tracedMs = $derived(this.isPlaying ? Math.floor(this.nowMs / TRACE_MS) * TRACE_MS : this.nowMs);
  readonly #history = $derived.by(() => {
    void this.#changes;
    return this.#timeline.history(Math.floor(this.#tracedMs));
  });
  readonly trace: Trace = $derived.by(() => {
    const toMs = Math.max(SPAN_MS_MIN, this.#horizonMs);
    return traceOf(this.#history, this.#view, Math.max(0, toMs - SPAN_MS_MAX), toMs, this.#tracedMs);
  });
  /** What the lower picture shows: messages, or who came first for which keys. */
  diagram = $state<"messages" | "keys">("messages");
  readonly #owners = new OwnersOverTime();
  /** Counts the times when more of it was read. */
  #readings = $state(0);
  readonly heat = $derived.by(() => {
    void this.#readings;
    const { viewport, cursor, trace } = this;
    return this.#owners.read(this.#timeline, this.#history.learnt, trace, viewport, cursor);
  });
  readonly counts = $derived.by(() => {
    const { words, standing, isAgreed } = agreementOf(this.#view);
    return { agreement: words, standing, isAgreed, traffic: trafficWords(this.#history, this.#tracedMs) };
  });

  /** Why the key has the owners that it has, or why replicas answer otherwise. */
  reasons(): string[] {
    this.isPlaying = false;
    return reasonsAt(this.#view, this.rows, this.cursor, this.counts.isAgreed, this.keyText, this.wording);
  }

  /** Why a registration has its priority at a replica. */
  reasonsFor(replica: number, registration: Registration): string[] {
    this.isPlaying = false;
    const at = this.#view.replicas.find(({ index }) => index === replica);
    return at === undefined ? [] : [whyPriority(this.#view, at, registration)];
  }

  /** The registration beside which other designs' answers stand; `null` if the story has none here. */
  get beside(): Step["beside"] | null {
    return this.isOwn ? null : (this.#currentStep?.beside ?? null);
  }

  /** What other designs answer to all that has happened until now. */
  otherAnswers({ node, start, end }: NonNullable<Step["beside"]>): Answer[] {
    this.isPlaying = false;
    return answersOf(this.#timeline.log, this.#moment, { node, start: BigInt(start), end: BigInt(end) });
  }

  /** What this map answers itself, at the first replica that is there. */
  priorityOf(registration: NonNullable<Step["beside"]>): number | null {
    return this.rows.find(isAsked)?.registrations.find(registration)?.priority ?? null;
  }

  /** The end of what can be shown. */
  get #horizonMs(): number {
    const step = this.#currentStep;
    return this.#goesOn ? Math.max(this.#tracedMs + 2_000, this.#furthestMs) : (step?.untilMs ?? 0);
  }

  /** Whether it has no end. */
  get #goesOn(): boolean {
    return this.isOwn || this.story.isOpen === true;
  }

  get #currentStep(): Step | undefined {
    return this.story.steps[this.step];
  }

  get stepCount(): number {
    return this.story.steps.length;
  }

  get caption(): string {
    if (this.preview !== null)
      return this.#refusalAt(this.preview.replica) ?? "It will be like this if you let go here.";
    const problem = this.problem ?? this.atlas.problem;
    if (problem !== null) return problem;
    if (this.story.isIncomplete) return ON_ITS_WAY;
    if (this.live !== null && !this.isPlaying) return LOOKING_BACK;
    if (this.#sentBy !== null)
      return `The ${this.#sentBy} was made at this moment. Play on, go back in time, or change anything.`;
    if (this.isOwn) return "From here on the world is yours: it goes on from what you did.";
    // The words are about one key.
    if (this.cursor !== this.story.cursor)
      return `The story is about key ${this.format.format(BigInt(this.story.cursor))}.`;
    return this.isBeforeItsEnd ? "" : (this.#currentStep?.words ?? "");
  }

  /** Whether the step still has something to show. */
  get isBeforeItsEnd(): boolean {
    return !this.#goesOn && this.nowMs < (this.#currentStep?.untilMs ?? 0);
  }

  /** Whether another key is asked for than the one that the story is about. */
  get isAstray(): boolean {
    return !this.isOwn && !this.#goesOn && this.cursor !== this.story.cursor;
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
    if (this.live !== null) {
      if (!this.isPlaying) return { label: "Back to the present", press: () => this.toggle() };
      return { label: "Open another tab", press: () => window.open(location.href, "_blank", "noopener") };
    }
    if (this.#goesOn) return null;
    const step = this.story.steps[this.step + 1];
    if (step !== undefined) return { label: step.action, press: () => this.#enter(this.step + 1) };
    const story = stories[stories.findIndex(({ id }) => id === this.story.id) + 1];
    return story === undefined ? null : { label: `Next: ${story.title}`, press: () => (location.hash = story.id) };
  }

  // What moves it.

  /** Runs the world towards the moment that is shown, through so many events at most. Returns whether it is there. */
  prepare(events: number): boolean {
    return this.#timeline.advance(this.nowMs, events);
  }

  open(address: string): void {
    this.leaveTabs();
    this.#address = address;
    const { shared, problem = null, close = {} } = { close: undefined, ...readLink(address) };
    const { story, step } =
      shared?.kind === "story" ? shared : { story: shared === undefined ? storyIn(address) : sandbox, step: 0 };
    // What has come stays as long as its story is open.
    if (this.story.id !== story.id) {
      this.story = story;
      this.node = story.keys === "ipv4" ? "AQ" : "birch";
      this.atlas.problem = null;
    }
    this.colors = colorsOf(story, this.atlas.registry);
    this.atlas.country = (shared?.kind === "story" && shared.country) || null;
    const limit = shared?.kind === "world" ? shared.limit : story.limit;
    this.lookAt(limit, shared?.cursor ?? story.cursor, story.keys === "ipv4");
    this.problem = problem;
    this.#begin(step, shared?.nowMs ?? beginOf(story, step));
    if (shared?.kind === "world") this.#showWorld(new Timeline(shared.log), "link");
    // A moment that somebody sent is looked at first, and what is not all there waits.
    const isWritten = shared === undefined || (shared.kind === "story" && !address.includes("/"));
    this.isPlaying = isWritten && !this.story.isIncomplete;
    this.#lookClose(close);
    if (story === eightTabs) void this.#enterTabs();
  }

  #lookClose({ view, taken, isRows }: Close): void {
    if (isRows === true) this.showAs("rows");
    if (view !== undefined) this.viewport = view;
    if (taken === undefined) return;
    const row = this.rows.findIndex(({ replica }) => replica === taken.replica);
    const registration = this.rows[row]?.registrations.find(taken);
    if (registration !== undefined) this.selection = { row, registration };
  }

  /** What is looked at closely, to be sent with the moment. */
  get close(): Close {
    const { selection, viewport } = this;
    const replica = this.rows[selection?.row ?? -1]?.replica;
    return {
      isRows: this.areAddresses && !this.isMap ? true : undefined,
      view: this.isWhole ? undefined : viewport,
      taken: selection === null || replica === undefined ? undefined : { replica, ...selection.registration },
    };
  }

  /** What the story that is open lacked has come, and a timeline of it has run to its beginning. */
  complete(story: Story, timeline: Timeline): void {
    this.#showTimeline(timeline);
    this.story = story;
    const { isMap } = this;
    this.open(this.#address);
    this.showAs(isMap ? "map" : "rows");
  }

  async #enterTabs(): Promise<void> {
    const problem = await this.#tabs.enter((timeline) => this.#showTimeline(timeline));
    if (problem !== null) this.problem = problem;
    this.#toPresent();
  }

  /** This world among those of other tabs, if it is. */
  get live(): Live | null {
    return this.#tabs.live;
  }

  /** Shows other tabs as a line of words, or each as a row. */
  toggleFold(): void {
    this.#tabs.fold = !this.isFolded;
  }

  /** Says goodbye to other tabs. The world stays as it is. */
  leaveTabs(): void {
    this.#tabs.leave();
  }

  #toPresent(): void {
    if (this.live === null) return;
    this.live.tick(Date.now());
    this.nowMs = this.live.presentMs;
    this.isPlaying = true;
  }

  /** Shows a world that came from a file and has run. */
  openWorld({ limit, cursor, nowMs }: SharedWorld, timeline: Timeline): void {
    this.leaveTabs();
    this.story = sandbox;
    this.colors = colorsOf(sandbox, null);
    this.problem = null;
    this.lookAt(limit, cursor, false);
    this.#begin(0, nowMs);
    this.#showWorld(timeline, "file");
    this.isPlaying = false;
    history.replaceState(null, "", `#${sandbox.id}`);
    this.#keepInAddress();
  }

  #showWorld(timeline: Timeline, sentBy: "link" | "file"): void {
    const { log } = timeline;
    this.isOwn = true;
    this.#sentBy = sentBy;
    this.colors.note(nodesOf(log.inputs));
    this.#showTimeline(timeline);
    this.#furthestMs = Math.max(this.nowMs, log.inputs.at(-1)?.at ?? 0);
  }

  /** This moment, to be sent to somebody. */
  get shared(): Shared {
    const { nowMs, cursor, story, step } = this;
    if (this.live !== null) return { kind: "story", story, step, nowMs: 0, cursor };
    if (!this.isOwn) return { kind: "story", story, step, nowMs, cursor, country: this.atlas.country ?? undefined };
    return this.world;
  }

  /** The same with all that has happened, whatever the story says. */
  get world(): SharedWorld {
    const { nowMs, cursor, limit } = this;
    return { kind: "world", log: this.#timeline.log, limit, nowMs, cursor };
  }

  /** What was done until now, as a program that asserts what is answered; `null` if it would be too long. */
  program(language: "JavaScript" | "Rust"): string | null {
    const key = BigInt(this.cursor);
    const program = programOf(this.#timeline.log, this.#moment, key);
    return program === null ? null : language === "Rust" ? rust(program, key) : javascript(program, key);
  }

  #begin(step: number, atMs: number): void {
    this.step = step;
    this.isOwn = false;
    this.#sentBy = null;
    this.selection = null;
    this.#undo.clear();
    this.#furthestMs = 0;
    const { log, fault } = Log.of(this.story.seed, inputsUpTo(this.story, step));
    if (log === undefined) throw new Error(fault);
    this.#show(log);
    this.nowMs = atMs;
    this.isPlaying = true;
  }

  #enter(step: number): void {
    this.problem = null;
    this.#begin(step, beginOf(this.story, step));
  }

  #show(log: Log): void {
    const shown = this.#timeline as Timeline | undefined;
    // What two logs have in common need not run again.
    if (shown?.log.seed === log.seed) {
      this.#changes++;
      shown.follow(log);
    } else this.#showTimeline(new Timeline(log));
  }

  #showTimeline(timeline: Timeline): void {
    const before = this.#timeline as Timeline | undefined;
    this.#timeline = timeline;
    before?.free();
  }

  back(): void {
    this.problem = null;
    if (this.isOwn) this.open(this.story.id);
    else this.#begin(this.step - 1, beginOf(this.story, this.step - 1));
  }

  /** Lets time pass, in milliseconds of the visitor. */
  advance(realMs: number): void {
    if (this.diagram === "keys" && !this.heat.isWhole) this.#readings++;
    this.live?.tick(Date.now());
    if (!this.isPlaying) return;
    if (this.live !== null) return this.#toPresent();
    this.nowMs = Math.min(this.nowMs + realMs * this.speed, this.#endMs);
    if (this.nowMs >= this.#endMs) this.isPlaying = false;
  }

  get #endMs(): number {
    if (this.live !== null) return this.live.presentMs;
    return this.#goesOn ? TIME_MS_MAX : (this.#currentStep?.untilMs ?? 0);
  }

  toggle(): void {
    if (!this.isPlaying && this.live === null && this.nowMs >= this.#endMs) this.nowMs = beginOf(this.story, this.step);
    this.isPlaying = !this.isPlaying;
  }

  /** To the end of the step, without the way there. */
  skip(): void {
    if (!this.#goesOn) this.nowMs = this.#endMs;
  }

  /** To the next thing that happens. */
  stepOn(): void {
    this.isPlaying = false;
    this.nowMs = Math.min(this.#view.world.nextAt() ?? this.#endMs, this.#endMs);
  }

  scrub(ms: number): void {
    // At the end of a world that goes on is its present.
    if (this.live !== null && ms >= this.live.presentMs) return this.#toPresent();
    this.isPlaying = false;
    const most = this.#goesOn ? Math.max(this.#furthestMs, this.nowMs) : this.#endMs;
    this.#furthestMs = Math.max(this.#furthestMs, this.nowMs);
    this.nowMs = Math.min(most, Math.max(0, ms));
  }

  get speedWords(): string {
    return `${this.speed === 0.25 ? "¼" : this.speed === 0.5 ? "½" : this.speed}×`;
  }

  nextSpeed(): void {
    this.speed = SPEEDS[(SPEEDS.indexOf(this.speed) + 1) % SPEEDS.length] ?? 1;
  }

  // What the visitor does to the world.

  /** Returns why it is refused, or `null`. */
  operate(replica: number, operations: readonly Operation[]): string | null {
    this.#toPresent();
    const refusal = this.#refusalAt(replica);
    if (refusal !== null) return (this.problem = refusal);
    const row = this.rows.find((one) => one.replica === replica);
    if (row === undefined || operations.length === 0) return null;
    const before = touchedIn(row, operations);
    this.colors.note(operations.map(({ node }) => node));
    const refused = this.#do({ kind: "operation", replica, operations });
    if (refused === null) this.#undo.remember({ replica, before });
    return refused;
  }

  #refusalAt(replica: number): string | null {
    const isElsewhere = this.rows.some((row) => row.replica === replica && row.isElsewhere);
    return isElsewhere ? `${nameOf(replica)} lives in another tab: what it does is done there.` : null;
  }

  get canUndo(): boolean {
    return !this.#undo.isEmpty;
  }

  /** Takes the last act back, as far as its replica knows: by new operations, which travel as all do. */
  undo(): void {
    const last = this.#undo.take();
    if (last === undefined) return;
    if ("log" in last) {
      this.#show(last.log);
      this.nowMs = last.nowMs;
      this.isPlaying = false;
      this.problem = null;
      return this.#keepInAddress();
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

  /** The number of whoever joins next; `null` where nobody can. */
  get nextReplica(): number | null {
    return this.live === null ? freeNumber(this.#view) : null;
  }

  /** Of the first link; all have the same unless a story says otherwise. */
  get conditions(): Conditions {
    return this.#view.links[0]?.conditions ?? FAIR;
  }

  /** The messages until now, each copy by itself. */
  get messages(): readonly Copy[] {
    return this.#history.flights;
  }

  setOnline(replica: number, isOnline: boolean): void {
    this.#do({ kind: isOnline ? "online" : "offline", replica });
  }

  /** What came after this moment is dropped: from here on the world goes another way. */
  #do(what: What): string | null {
    if (this.live !== null) {
      this.#toPresent();
      this.problem = this.live.do(what) ?? null;
      this.#toPresent();
      return this.problem;
    }
    // What is done to a world that is about to be replaced would be lost.
    if (this.story.isIncomplete) return (this.problem = this.atlas.problem ?? ON_ITS_WAY);
    const at = this.#moment;
    const { log } = this.#timeline;
    this.problem = this.#timeline.branch(at, { ...what, at }) ?? null;
    if (this.problem !== null) return this.problem;
    if (this.isOwn && log.inputs.some((input) => input.at > at)) {
      this.#undo.remember({ log, nowMs: this.#furthestMs });
      this.problem =
        "What you did after this moment is dropped: the world goes another way from here. Undo brings it back.";
    }
    this.#changes++;
    this.isOwn = true;
    this.#sentBy = null;
    this.#furthestMs = at;
    this.isPlaying = true;
    this.#keepInAddress();
    return null;
  }

  /** So that a reload, or the way back from another story, finds this world again. */
  #keepInAddress(): void {
    const link = linkOf(this.shared, this.close);
    if (link !== null) history.replaceState(null, "", `#${link}`);
  }

  selectNext(): void {
    this.selection = nextSelection(this.rows, this.cursor, this.selection);
  }
}

function firstStory(): Story {
  const [story] = stories;
  if (story === undefined) throw new Error("There is no story.");
  return story;
}

/** The story that an address names, whatever else is wrong with it. */
function storyIn(address: string): Story {
  return storyOf(address.replace(/^#/, "").split(/[/&]/)[0] ?? "") ?? firstStory();
}
