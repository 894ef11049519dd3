import { History, type Agreement, type Done, type Learnt } from "./history";
import { TIME_MS_MAX, type Input } from "./input";
import type { Checked, Log } from "./log";
import type { Flight } from "./network";
import { spansUntil, type Span } from "./spans";
import { WorldView } from "./view";
import { World, type WorldEvent } from "./world";

/** After how many events the world is kept, at first. One with much to do counts as many. */
export const KEYFRAME_EVENTS = 64;
/** How many operations, and how many bytes of a message, are as much to do as one event. */
const OPERATIONS_AN_EVENT = 8;
const BYTES_AN_EVENT = 256;
/** How many worlds are kept. If there would be more, every other is freed, and they are taken half as often. */
export const KEYFRAMES_MAX = 512;
/** How many replicas are kept in all of them together: what a world takes is mostly what each of its replicas knows. */
export const REPLICAS_KEPT_MAX = 1_536;
/** How many of the views that were handed out last are good. */
export const VIEWS_MAX = 4;

/** What happened until a moment. */
export interface HistoryView {
  /** From when on all is there: of a very long history, the beginning is forgotten. */
  readonly since: number;
  readonly flights: readonly Flight[];
  readonly operations: readonly Done[];
  readonly spans: readonly Span[];
  readonly agreement: readonly Agreement[];
  readonly learnt: readonly Learnt[];
}

/** A log, and the world at any moment of it. It runs as far as it is asked for, and keeps copies on the way. */
export class Timeline {
  #log: Log;
  #head: World;
  readonly #history = new History();
  /** In the order of their times, without the beginning. */
  #keyframes: World[] = [];
  #spacing: number;
  #sinceKeyframe = 0;
  #views: WorldView[] = [];
  /** Told of all that happens when it happens first, as long as inputs are only added after the moment that is reached. */
  onEvent: ((event: WorldEvent) => void) | undefined;

  constructor(log: Log, spacing: number = KEYFRAME_EVENTS) {
    this.#log = log;
    this.#spacing = spacing;
    this.#head = new World(log);
  }

  get log(): Log {
    return this.#log;
  }

  /** The world at the furthest moment that was asked for. It is not to be changed, nor kept. */
  get head(): World {
    return this.#head;
  }

  get keyframeCount(): number {
    return this.#keyframes.length;
  }

  /** How many replicas are in the worlds that are kept. */
  get replicasKept(): number {
    return this.#keyframes.reduce(
      (sum, { replicas }) => sum + replicas.filter((replica) => replica?.isThere).length,
      0,
    );
  }

  /** Adds inputs, and returns what is wrong with them; then nothing has changed. */
  append(...inputs: readonly Input[]): string | undefined {
    return this.#change(this.#log.append(...inputs), Math.min(...inputs.map(({ at }) => at)));
  }

  /** Forgets the inputs after that time and adds one: another future. Returns what is wrong with it; then nothing has changed. */
  branch(time: number, input: Input): string | undefined {
    const at = momentOf(time);
    return this.#change(this.#log.branch(at, input), Math.min(at + 1, input.at));
  }

  /** Goes on with another log of the same seed. What both have in common need not happen again. */
  follow(log: Log): void {
    const mine = this.#log.inputs;
    const parting = mine.findIndex((input, place) => input !== log.inputs[place]);
    const place = parting < 0 ? mine.length : parting;
    this.#change({ log }, Math.min(mine[place]?.at ?? Infinity, log.inputs[place]?.at ?? Infinity));
  }

  #change({ log, fault }: Checked, at: number): string | undefined {
    if (log === undefined) return fault;
    this.#log = log;
    const isPast = (world: World) => world.now < at;
    for (const world of this.#keyframes) if (!isPast(world)) world.free();
    this.#keyframes = this.#keyframes.filter(isPast);
    if (isPast(this.#head)) {
      this.#head.follow(log);
    } else {
      this.#head.free();
      const keyframe = this.#keyframes.at(-1);
      this.#history.rewind(keyframe);
      this.#head = keyframe?.clone() ?? new World(log);
      this.#sinceKeyframe = 0;
    }
    for (const world of [...this.#keyframes, this.#head]) world.follow(log);
    return undefined;
  }

  /** The world at a moment. Only the last `VIEWS_MAX` views are good; those before are freed. */
  stateAt(time: number): WorldView {
    const view = new WorldView(this.#worldAt(momentOf(time)));
    this.#views.push(view);
    if (this.#views.length > VIEWS_MAX) this.#views.shift()?.free();
    return view;
  }

  /** Looks at the world at a moment, of which nothing is kept. */
  lookAt<T>(time: number, look: (view: WorldView) => T): T {
    const view = new WorldView(this.#worldAt(momentOf(time)));
    try {
      return look(view);
    } finally {
      view.free();
    }
  }

  #worldAt(at: number): World {
    this.#run(at);
    // Those of another log may have another past.
    const views = this.#views.map(({ world }) => world).filter(({ log }) => log === this.#log);
    const candidates = [...this.#keyframes, ...views, this.#head].filter(({ now }) => now <= at);
    const base = candidates.reduce<World | undefined>(
      (best, it) => (best && best.now >= it.now ? best : it),
      undefined,
    );
    const world = base?.clone() ?? new World(this.#log);
    world.runTo(at);
    return world;
  }

  history(time: number): HistoryView {
    const until = momentOf(time);
    this.#run(until);
    return {
      since: this.#history.since,
      flights: this.#history.flights(until),
      operations: this.#history.done(until),
      spans: spansUntil(this.#log, until),
      agreement: this.#history.agreement(until),
      learnt: this.#history.learnt(until),
    };
  }

  /** Frees all worlds, views included. */
  free(): void {
    for (const world of [this.#head, ...this.#keyframes, ...this.#views]) world.free();
  }

  /**
   * Runs towards a moment, through so many events at most, for whoever must not wait long. Returns whether it is reached: then neither
   * `stateAt` nor `history` has to run there.
   */
  advance(time: number, events: number): boolean {
    return this.#run(momentOf(time), events);
  }

  #run(at: number, events = Infinity): boolean {
    const head = this.#head;
    for (let count = 0; (head.nextAt() ?? Infinity) <= at; count++) {
      if (count >= events) return false;
      const event = head.step();
      if (event === undefined) break;
      this.#history.add(event, head);
      this.onEvent?.(event);
      this.#sinceKeyframe += weightOf(event);
      if (this.#sinceKeyframe >= this.#spacing) this.#keep();
    }
    head.runTo(at);
    return true;
  }

  #keep(): void {
    this.#sinceKeyframe = 0;
    // A copy shares the splits that are known, so they need not be found from nothing in each.
    for (const replica of this.#head.replicas) replica?.owners(0n);
    this.#keyframes.push(this.#head.clone());
    if (this.#keyframes.length <= KEYFRAMES_MAX && this.replicasKept <= REPLICAS_KEPT_MAX) return;
    this.#spacing *= 2;
    this.#keyframes.forEach((world, place) => place % 2 === 1 || world.free());
    this.#keyframes = this.#keyframes.filter((_, place) => place % 2 === 1);
  }
}

function weightOf({ cause }: WorldEvent): number {
  if (cause.kind === "end") return 1 + cause.flight.message.bytes.length / BYTES_AN_EVENT;
  const isOperation = cause.kind === "input" && cause.input.kind === "operation";
  return isOperation ? 1 + cause.input.operations.length / OPERATIONS_AN_EVENT : 1;
}

function momentOf(time: number): number {
  return Number.isNaN(time) ? 0 : Math.min(Math.max(Math.floor(time), 0), TIME_MS_MAX);
}
