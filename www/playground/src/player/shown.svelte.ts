/** What is shown of a world at a moment: all that follows from its log, the time, and what is looked at (`Look`). */
import { javascript } from "../code/javascript";
import { programOf } from "../code/program";
import { rust } from "../code/rust";
import { answersOf, type Answer } from "../designs/answers";
import type { Close } from "../link/close";
import type { SharedWorld } from "../link/world";
import { NodeColors } from "../model/node-color";
import { framesOf } from "../picture/frames";
import { isAsked, type Flight, type Registration, type Row, type Stage } from "../picture/scene";
import type { Trace } from "../picture/trace";
import { whoServes } from "../stories/index";
import type { Step, Story } from "../stories/story";
import type { Live } from "../tabs/live";
import { FAIR, type Conditions, type Operation } from "../world/input";
import type { Log } from "../world/log";
import type { Flight as Copy } from "../world/network";
import { Timeline } from "../world/timeline";
import { agreementOf, freeNumber, othersOf, unheardWords, type Others } from "./elsewhere";
import { Look } from "./look.svelte";
import { flightsOf, previewOf, SceneAt, traceOf, trafficWords } from "./moment";
import { OtherTabs } from "./other-tabs.svelte";
import { OwnersOverTime } from "./owners-over-time";
import { reasonsAt, whyPriority } from "./why";
import { headline, whoSaysWhat, type Headline } from "./words";
import { wordingOf, type Wording } from "./wording";

/** So much time is shown in the diagram, at least. */
const SPAN_MS_MIN = 8_000;
const SPAN_MS_MAX = 40_000;
const TRACE_MS = 40;

/** Operations at a replica. */
export interface Act {
  readonly replica: number;
  readonly operations: readonly Operation[];
}

export class Shown extends Look {
  story = $state.raw<Story>(whoServes);
  step = $state(0);
  nowMs = $state(0);
  isPlaying = $state(true);
  /** What a hand is about to do: shown as if it were done. */
  preview = $state.raw<Act | null>(null);
  /** Whether the visitor has done something, so that the story no longer goes as written. */
  isOwn = $state(false);
  colors = new NodeColors();

  protected readonly tabs = new OtherTabs();
  protected timeline = $state.raw<Timeline>() as Timeline;
  /** Counts changes of the log. */
  protected changes = $state(0);
  /** Where the last input was added by the visitor: later moments can be reached from here on. */
  protected furthestMs = $state(0);

  /** What keys and nodes are called here. */
  readonly wording: Wording = $derived(wordingOf(this.story));

  protected readonly moment = $derived(Math.floor(this.nowMs));
  protected readonly view = $derived.by(() => {
    void this.changes;
    return this.timeline.stateAt(this.moment);
  });
  readonly #scenes = new SceneAt();
  readonly #scene = $derived.by(() => {
    const scene = this.#scenes.of(this.view);
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
      return previewOf(this.view, row, preview.operations) ?? row;
    });
  });
  readonly #frames = $derived(framesOf(this.rows));
  readonly isFolded = $derived(this.tabs.isFolded(this.rows.length));
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
  readonly others: Others = $derived.by(() => othersOf(this.view));
  readonly flights: readonly Flight[] = $derived.by(() => flightsOf(this.view, this.#shown, this.nowMs));
  readonly words: { headline: Headline; says: string } = $derived.by(() => {
    const shown = { rows: this.rows, frames: this.#frames, cursor: this.cursor };
    const { isAgreed } = this.counts;
    return {
      headline: headline(shown, this.keyText, isAgreed, this.wording),
      says: whoSaysWhat(shown, isAgreed || this.others.unheard.length > 0, this.wording) || unheardWords(this.others),
    };
  });
  /** The diagram follows in steps that nobody sees. */
  protected readonly tracedMs = $derived(this.isPlaying ? Math.floor(this.nowMs / TRACE_MS) * TRACE_MS : this.nowMs);
  protected readonly history = $derived.by(() => {
    void this.changes;
    return this.timeline.history(Math.floor(this.tracedMs));
  });
  readonly trace: Trace = $derived.by(() => {
    const toMs = Math.max(SPAN_MS_MIN, this.#horizonMs);
    return traceOf(this.history, this.view, Math.max(0, toMs - SPAN_MS_MAX), toMs, this.tracedMs);
  });
  /** What the lower picture shows: messages, or who came first for which keys. */
  diagram = $state<"messages" | "keys">("messages");
  readonly #owners = new OwnersOverTime();
  /** Counts the times when more of it was read. */
  protected readings = $state(0);
  readonly heat = $derived.by(() => {
    void this.readings;
    const { viewport, cursor, trace } = this;
    return this.#owners.read(this.timeline, this.history.learnt, trace, viewport, cursor);
  });
  readonly counts = $derived.by(() => {
    const { words, standing, isAgreed } = agreementOf(this.view);
    return { agreement: words, standing, isAgreed, traffic: trafficWords(this.history, this.tracedMs) };
  });

  /** Why the key has the owners that it has, or why replicas answer otherwise. */
  reasons(): string[] {
    this.isPlaying = false;
    return reasonsAt(this.view, this.rows, this.cursor, this.counts.isAgreed, this.keyText, this.wording);
  }

  /** Why a registration has its priority at a replica. */
  reasonsFor(replica: number, registration: Registration): string[] {
    this.isPlaying = false;
    const at = this.view.replicas.find(({ index }) => index === replica);
    return at === undefined ? [] : [whyPriority(this.view, at, registration)];
  }

  /** The registration beside which other designs' answers stand; `null` if the story has none here. */
  get beside(): Step["beside"] | null {
    return this.isOwn ? null : (this.currentStep?.beside ?? null);
  }

  /** What other designs answer to all that has happened until now. */
  otherAnswers({ node, start, end }: NonNullable<Step["beside"]>): Answer[] {
    this.isPlaying = false;
    return answersOf(this.timeline.log, this.moment, { node, start: BigInt(start), end: BigInt(end) });
  }

  /** What this map answers itself, at the first replica that is there. */
  priorityOf(registration: NonNullable<Step["beside"]>): number | null {
    return this.rows.find(isAsked)?.registrations.find(registration)?.priority ?? null;
  }

  /** The end of what can be shown. */
  get #horizonMs(): number {
    const step = this.currentStep;
    return this.goesOn ? Math.max(this.tracedMs + 2_000, this.furthestMs) : (step?.untilMs ?? 0);
  }

  /** Whether it has no end. */
  protected get goesOn(): boolean {
    return this.isOwn || this.story.isOpen === true;
  }

  protected get currentStep(): Step | undefined {
    return this.story.steps[this.step];
  }

  /** This world among those of other tabs, if it is. */
  get live(): Live | null {
    return this.tabs.live;
  }

  /** Shows other tabs as a line of words, or each as a row. */
  toggleFold(): void {
    this.tabs.fold = !this.isFolded;
  }

  /** Runs the world towards the moment that is shown, through so many events at most. Returns whether it is there. */
  prepare(events: number): boolean {
    return this.timeline.advance(this.nowMs, events);
  }

  protected show(log: Log): void {
    const shown = this.timeline as Timeline | undefined;
    // What two logs have in common need not run again.
    if (shown?.log.seed === log.seed) {
      this.changes++;
      shown.follow(log);
    } else this.showTimeline(new Timeline(log));
  }

  protected showTimeline(timeline: Timeline): void {
    const before = this.timeline as Timeline | undefined;
    this.timeline = timeline;
    before?.free();
  }

  /** The number of whoever joins next; `null` where nobody can. */
  get nextReplica(): number | null {
    return this.live === null ? freeNumber(this.view) : null;
  }

  /** Of the first link; all have the same unless a story says otherwise. */
  get conditions(): Conditions {
    return this.view.links[0]?.conditions ?? FAIR;
  }

  /** The messages until now, each copy by itself. */
  get messages(): readonly Copy[] {
    return this.history.flights;
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

  /** This moment with all that has happened, whatever the story says. */
  get world(): SharedWorld {
    const { nowMs, cursor, limit } = this;
    return { kind: "world", log: this.timeline.log, limit, nowMs, cursor };
  }

  /** What was done until now, as a program that asserts what is answered; `null` if it would be too long. */
  program(language: "JavaScript" | "Rust"): string | null {
    const key = BigInt(this.cursor);
    const program = programOf(this.timeline.log, this.moment, key);
    return program === null ? null : language === "Rust" ? rust(program, key) : javascript(program, key);
  }
}
