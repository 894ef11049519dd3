/** The only mutable state of the page beside the log of its world: which moment is shown, at which speed, and what is looked at. */
import { decimalKeys, type KeyFormat } from "../model/keys";
import { NodeColors } from "../model/node-color";
import { clamp, isWhole, pan, reveal, wholeSpace, zoom, type Viewport } from "../model/viewport";
import { framesOf } from "../picture/frames";
import type { Flight, Registration, Row, Stage } from "../picture/scene";
import type { Trace } from "../picture/trace";
import { inputsUpTo, nodesOf, type Step, type Story } from "../stories/story";
import { answersOf, type Answer } from "../designs/answers";
import { javascript } from "../code/javascript";
import { programOf } from "../code/program";
import { rust } from "../code/rust";
import { linkOf, readLink, type Shared } from "../link/link";
import { badDay, sandbox, stories, storyOf } from "../stories/index";
import { FAIR, TIME_MS_MAX, type Conditions, type Operation, type Pair, type What } from "../world/input";
import { Log } from "../world/log";
import type { Flight as Copy } from "../world/network";
import { Timeline } from "../world/timeline";
import { restoring, touchedIn } from "./edit";
import { flightsOf, previewOf, SceneAt, traceOf, trafficWords } from "./moment";
import { OwnersOverTime } from "./owners-over-time";
import { nextSelection, type Selection } from "./selection";
import { reasonsAt, whyPriority } from "./why";
import { agreementWords, headline, whoSaysWhat, type Headline } from "./words";

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

/** What operations touched, as it was before; or a log of which later inputs were dropped. */
type Undo =
  | { readonly replica: number; readonly before: readonly Registration[] }
  | { readonly log: Log; readonly nowMs: number };

/** So many acts can be undone. */
const UNDO_MAX = 100;

export class Player {
  story = $state.raw<Story>(firstStory());
  step = $state(0);
  nowMs = $state(0);
  isPlaying = $state(true);
  speed = $state(1);
  viewport = $state.raw<Viewport>(wholeSpace(1000));
  /** One past the last key. */
  limit = $state(1000);
  cursor = $state(420);
  /** Who is registered where a range is drawn. */
  node = $state("birch");
  selection = $state.raw<Selection | null>(null);
  /** What a hand is about to do: shown as if it were done. */
  preview = $state.raw<Act | null>(null);
  /** Whether it is a world that a link brought, and nothing was done to it yet. */
  #isSent = $state(false);
  /** Whether the visitor has done something, so that the story no longer goes as written. */
  isOwn = $state(false);
  /** What went wrong last, in words. */
  problem = $state<string | null>(null);
  format = $state.raw<KeyFormat>(decimalKeys(1000));
  colors = new NodeColors();

  #timeline = $state.raw<Timeline>() as Timeline;
  /** Counts changes of the log. */
  #changes = $state(0);
  /** Where the last input was added by the visitor: later moments can be reached from here on. */
  #furthestMs = $state(0);

  /** From what stands in the address after `#`. */
  constructor(address: string) {
    this.open(address);
  }

  // What is shown.

  readonly #moment = $derived(Math.floor(this.nowMs));
  readonly #view = $derived.by(() => {
    void this.#changes;
    return this.#timeline.stateAt(this.#moment);
  });
  readonly #scenes = new SceneAt();
  readonly #scene = $derived.by(() => this.#scenes.of(this.#view));
  readonly rows: readonly Row[] = $derived.by(() => {
    const { preview } = this;
    if (preview === null) return this.#scene.rows;
    return this.#scene.rows.map((row) => {
      if (row.replica !== preview.replica) return row;
      return previewOf(this.#view, row, preview.operations) ?? row;
    });
  });
  readonly #frames = $derived(framesOf(this.rows));
  readonly stage: Stage = $derived.by(() => ({
    rows: this.rows,
    frames: this.#frames,
    links: this.#scene.links,
    view: this.viewport,
    limit: this.limit,
    cursor: this.cursor,
  }));
  readonly flights: readonly Flight[] = $derived.by(() => flightsOf(this.#view, this.rows, this.nowMs));
  readonly words: { headline: Headline; says: string } = $derived.by(() => {
    const shown = { rows: this.rows, frames: this.#frames, cursor: this.cursor };
    const isAgreed = this.counts.standing !== "apart";
    return {
      headline: headline(shown, this.format.format(BigInt(this.cursor)), isAgreed),
      says: whoSaysWhat(shown, isAgreed),
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
    const { words, standing } = agreementWords(
      this.#view.replicas.filter(({ isThere }) => isThere).map(({ fingerprint }) => fingerprint),
    );
    return { agreement: words, standing, traffic: trafficWords(this.#history, this.#tracedMs) };
  });

  /** Why the key has the owners that it has, or why replicas answer otherwise. */
  reasons(): string[] {
    this.isPlaying = false;
    return reasonsAt(this.#view, this.rows, this.cursor, this.counts.standing !== "apart");
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
  priorityOf({ node, start, end }: NonNullable<Step["beside"]>): number | null {
    const row = this.rows.find(({ presence }) => presence !== "crashed");
    const found = row?.registrations.find((one) => one.node === node && one.start === start && one.end === end);
    return found?.priority ?? null;
  }

  /** The end of what can be shown. */
  get #horizonMs(): number {
    const step = this.#currentStep;
    return this.isOwn || this.#isSandbox ? Math.max(this.#tracedMs + 2_000, this.#furthestMs) : (step?.untilMs ?? 0);
  }

  get #isSandbox(): boolean {
    return this.story === sandbox;
  }

  get #currentStep(): Step | undefined {
    return this.story.steps[this.step];
  }

  get stepCount(): number {
    return this.story.steps.length;
  }

  get caption(): string {
    if (this.preview !== null) return "So it will be if you let go here.";
    if (this.problem !== null) return this.problem;
    if (this.#isSent) return "This is the moment that the link was made of. Play on, scrub back, or change anything.";
    if (this.isOwn) return "From here on the world is yours: it goes on from what you did.";
    // The words are about one key.
    if (this.cursor !== this.story.cursor) return `The story is about key ${this.story.cursor}.`;
    return this.isBeforeItsEnd && !this.#isSandbox ? "" : (this.#currentStep?.words ?? "");
  }

  /** Whether the step still has something to show. */
  get isBeforeItsEnd(): boolean {
    return !this.isOwn && !this.#isSandbox && this.nowMs < (this.#currentStep?.untilMs ?? 0);
  }

  get canGoBack(): boolean {
    return this.isOwn || this.step > 0;
  }

  /** Where a visitor may doubt that it always ends well. */
  get canBreak(): boolean {
    return this.story === badDay || this.#isSandbox;
  }

  /** What the one button does. */
  get next(): { readonly label: string; readonly press: () => void } | null {
    if (this.isOwn || this.#isSandbox) return null;
    const step = this.story.steps[this.step + 1];
    if (step !== undefined) return { label: step.action, press: () => this.#enter(this.step + 1) };
    const story = stories[stories.indexOf(this.story) + 1];
    return story === undefined ? null : { label: `Next: ${story.title}`, press: () => (location.hash = story.id) };
  }

  // What moves it.

  open(address: string): void {
    const { shared, problem = null } = readLink(address);
    const { story, step } =
      shared?.kind === "story" ? shared : { story: shared === undefined ? storyIn(address) : sandbox, step: 0 };
    this.story = story;
    this.colors = storyColors();
    this.#look(shared?.kind === "world" ? shared.limit : story.limit, shared?.cursor ?? story.cursor);
    this.problem = problem;
    this.#begin(step, shared?.nowMs ?? 0);
    if (shared?.kind === "world") this.#showWorld(shared.log);
    // A moment that somebody sent is looked at first.
    this.isPlaying = shared === undefined || (shared.kind === "story" && !address.includes("/"));
  }

  #look(limit: number, cursor: number): void {
    this.limit = limit;
    this.viewport = wholeSpace(limit);
    this.format = decimalKeys(limit);
    this.cursor = cursor;
  }

  #showWorld(log: Log): void {
    this.isOwn = true;
    this.#isSent = true;
    this.colors.note(nodesOf(log.inputs));
    this.#show(log);
    this.#furthestMs = Math.max(this.nowMs, log.inputs.at(-1)?.at ?? 0);
  }

  /** This moment, to be sent to somebody. */
  get shared(): Shared {
    const { nowMs, cursor, story, step, limit } = this;
    if (!this.isOwn) return { kind: "story", story, step, nowMs, cursor };
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
    this.#isSent = false;
    this.selection = null;
    this.#undo = [];
    this.#furthestMs = 0;
    const { log, fault } = Log.of(this.story.seed, inputsUpTo(this.story, step));
    if (log === undefined) throw new Error(fault);
    this.#show(log);
    this.nowMs = atMs;
    this.isPlaying = true;
  }

  #enter(step: number): void {
    this.problem = null;
    this.#begin(step, this.story.steps[step - 1]?.untilMs ?? 0);
  }

  #show(log: Log): void {
    const before = this.#timeline as Timeline | undefined;
    this.#timeline = new Timeline(log);
    before?.free();
  }

  back(): void {
    this.problem = null;
    if (this.isOwn) this.open(this.story.id);
    else this.#begin(this.step - 1, this.story.steps[this.step - 2]?.untilMs ?? 0);
  }

  /** Lets time pass, in milliseconds of the visitor. */
  advance(realMs: number): void {
    if (this.diagram === "keys" && !this.heat.isWhole) this.#readings++;
    if (!this.isPlaying) return;
    this.nowMs = Math.min(this.nowMs + realMs * this.speed, this.#endMs);
    if (this.nowMs >= this.#endMs) this.isPlaying = false;
  }

  get #endMs(): number {
    return this.isOwn || this.#isSandbox ? TIME_MS_MAX : (this.#currentStep?.untilMs ?? 0);
  }

  toggle(): void {
    if (!this.isPlaying && this.nowMs >= this.#endMs) this.nowMs = this.story.steps[this.step - 1]?.untilMs ?? 0;
    this.isPlaying = !this.isPlaying;
  }

  /** To the end of the step, without the way there. */
  skip(): void {
    if (!this.isOwn && !this.#isSandbox) this.nowMs = this.#endMs;
  }

  /** To the next thing that happens. */
  stepOn(): void {
    this.isPlaying = false;
    this.nowMs = Math.min(this.#view.world.nextAt() ?? this.#endMs, this.#endMs);
  }

  scrub(ms: number): void {
    this.isPlaying = false;
    const most = this.isOwn || this.#isSandbox ? Math.max(this.#furthestMs, this.nowMs) : this.#endMs;
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
    const row = this.rows.find((one) => one.replica === replica);
    if (row === undefined || operations.length === 0) return null;
    const before = touchedIn(row, operations);
    this.colors.note(operations.map(({ node }) => node));
    const refused = this.#do({ kind: "operation", replica, operations });
    if (refused === null) this.#remember({ replica, before });
    return refused;
  }

  #undo = $state.raw<readonly Undo[]>([]);

  #remember(undo: Undo): void {
    this.#undo = [...this.#undo.slice(1 - UNDO_MAX), undo];
  }

  get canUndo(): boolean {
    return this.#undo.length > 0;
  }

  /** Takes the last act back, as far as its replica knows: by new operations, which travel as all do. */
  undo(): void {
    const last = this.#undo.at(-1);
    if (last === undefined) return;
    this.#undo = this.#undo.slice(0, -1);
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

  /** How many replicas ever joined. */
  get replicaCount(): number {
    return this.#view.replicas.length;
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
    const at = this.#moment;
    const { log } = this.#timeline;
    this.problem = this.#timeline.branch(at, { ...what, at }) ?? null;
    if (this.problem !== null) return this.problem;
    if (this.isOwn && log.inputs.some((input) => input.at > at)) {
      this.#remember({ log, nowMs: this.#furthestMs });
      this.problem =
        "What you did after this moment is dropped: the world goes another way from here. Undo brings it back.";
    }
    this.#changes++;
    this.isOwn = true;
    this.#isSent = false;
    this.#furthestMs = at;
    this.isPlaying = true;
    this.#keepInAddress();
    return null;
  }

  /** So that a reload, or the way back from another story, finds this world again. */
  #keepInAddress(): void {
    const link = linkOf(this.shared);
    if (link !== null) history.replaceState(null, "", `#${link}`);
  }

  /** Less than 1 looks closer; the key `at` keeps its place. */
  zoom(factor: number, at = this.cursor): void {
    this.viewport = zoom(this.viewport, this.limit, factor, at);
  }

  pan(keys: number): void {
    this.viewport = pan(this.viewport, this.limit, keys);
  }

  get isWhole(): boolean {
    return isWhole(this.viewport, this.limit);
  }

  /** Asks for another key, and brings it into view. */
  ask(key: number): void {
    this.cursor = clamp(key, 0, this.limit - 1);
    this.viewport = reveal(this.viewport, this.limit, this.cursor, this.cursor + 1);
  }

  select(row: number, registration: Registration): void {
    this.selection = { row, registration };
  }

  selectNext(): void {
    this.selection = nextSelection(this.rows, this.cursor, this.selection);
  }

  deselect(): void {
    this.selection = null;
  }
}

function firstStory(): Story {
  const [story] = stories;
  if (story === undefined) throw new Error("There is no story.");
  return story;
}

/** The same in all stories, so that who has seen one knows who is who in the next. */
function storyColors(): NodeColors {
  const colors = new NodeColors();
  for (const story of stories) colors.note(nodesOf(inputsUpTo(story, story.steps.length)));
  return colors;
}

/** The story that an address names, whatever else is wrong with it. */
function storyIn(address: string): Story {
  return storyOf(address.replace(/^#/, "").split("/")[0] ?? "") ?? firstStory();
}
