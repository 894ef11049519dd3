/**
 * A tab's world among those of other tabs, as it goes on. How it works:
 *
 * - Each tab has a world of its own, with one replica that lives here; those of other tabs are in it as replicas that live elsewhere. All
 *   that other tabs say becomes an input of the log, at the present moment of this world's clock. So the log replays alone, without any
 *   tab, and says the same.
 * - The present goes on with real time, and never stops, whatever moment is looked at. So nothing has to be kept for later or thrown away
 *   while somebody looks back, and the other tabs notice nothing of it.
 * - When a message sets out for a replica elsewhere, its world decides what becomes of it, and it is posted with that; the other world
 *   carries it as decided. So both show the same message at the same time. Nothing is ever passed on for others: a replica says what it
 *   has to say itself.
 * - Besides, each tab tells what its replica knows, so that rows can be drawn and nobody says "agree" before all know the same. No replica
 *   hears this. It, too, is not for whoever is behind a cut: then nothing crosses but how links are switched, which is the visitors' word.
 * - Who says nothing for a while is not heard from, until it says something; whose lock is released is gone.
 */
import { BYTES_MAX, TIME_MS_MAX, type Told, type What } from "../world/input";
import { INPUTS_MAX } from "../world/log";
import type { Flight } from "../world/network";
import type { Replica } from "../world/replica";
import type { Timeline } from "../world/timeline";
import { envelope, readEnvelope, type Envelope, type Post } from "./envelope";
import type { Place, Watch } from "./place";
import { Switches } from "./switches";
import { toldOf } from "./told";

/** As much of a BroadcastChannel as is needed. */
export interface Channel {
  postMessage(message: unknown): void;
  onmessage: ((event: MessageEvent) => void) | null;
  close(): void;
}

/** How often a tab tells what its replica knows, if nothing changes. */
export const TELL_MS = 2_000;
/** Whoever says nothing for so long is not heard from. A tab in the background answers others at once, and by itself once a second. */
export const SILENT_MS = 8_000;
/** What was told longer ago, before this tab was frozen or while it was, says nothing of now. */
const STALE_MS = 3_000;
/** A tab that was frozen for longer goes on as if it had been for so long. */
const LEAP_MS_MAX = 10_000;
/** How many bytes of messages are recorded, and how many inputs: so that a recording fits into a file, with room for the last words. */
export const HEARD_BYTES_MAX = 4 * BYTES_MAX;
const RECORDED_MAX = INPUTS_MAX - 100;

export const FULL = "As much is recorded as may be: this tab no longer hears others, and nothing can be done in it.";

interface Other {
  readonly tab: string;
  heardAt: number;
}

export class Live {
  readonly #place: Place;
  readonly #timeline: Timeline;
  readonly #channel: Channel;
  readonly #watch: Watch;
  readonly #ended = new AbortController();
  readonly #switches = new Switches();
  /** By the numbers of their replicas. */
  readonly #others = new Map<number, Other>();
  #present = 0;
  /** By the clock that all tabs share. */
  #lastAt: number;
  #toldAt = -Infinity;
  #told = "";
  #heardBytes = 0;
  #isFull = false;
  /** How many posts were not understood, or came from who has no place here. */
  refused = 0;

  constructor(place: Place, timeline: Timeline, channel: Channel, watch: Watch, realMs: number) {
    this.#place = place;
    this.#timeline = timeline;
    this.#channel = channel;
    this.#watch = watch;
    this.#lastAt = realMs;
    timeline.onEvent = ({ sent }) => sent.forEach((flight) => this.#send(flight));
    timeline.advance(0, Infinity);
  }

  /** The number of the replica that lives here. */
  get index(): number {
    return this.#place.index;
  }

  /** The furthest moment of the world. */
  get presentMs(): number {
    return this.#present;
  }

  /** Whether as much is recorded as may be: then nothing is heard any more. */
  get isFull(): boolean {
    return this.#isFull;
  }

  /** Lets the world go on to now. */
  tick(realMs: number): void {
    const passed = Math.max(0, realMs - this.#lastAt);
    this.#lastAt = Math.max(this.#lastAt, realMs);
    this.#present = Math.min(TIME_MS_MAX, this.#present + Math.min(passed, LEAP_MS_MAX));
    this.#timeline.advance(this.#present, Infinity);
    for (const [index, { heardAt }] of this.#others) {
      if (realMs - heardAt > SILENT_MS) this.#note(index, null);
    }
    if (Math.floor(this.#present) >= TIME_MS_MAX) this.#end();
    this.#tellChanges();
  }

  /** Takes what came over the channel. */
  hear(data: unknown, realMs: number): void {
    if (this.#isFull) return;
    const said = readEnvelope(data);
    if (said === null) {
      this.refused++;
      return;
    }
    this.tick(realMs);
    if (said.kind === "bye") return this.#forget(said.from, said.tab);
    const isNew = !this.#others.has(said.from);
    if (!this.#meet(said, realMs)) {
      this.refused++;
      return;
    }
    this.#take(said);
    // Whoever is new has heard nothing of this tab, and one in the background may speak only when it is spoken to.
    if (isNew || realMs - this.#toldAt >= TELL_MS / 2) this.#tell();
    else this.#tellChanges();
  }

  /** Does now what a visitor does. Returns what is wrong with it; then nothing has happened. */
  do(what: What): string | undefined {
    const turned = what.kind === "cut" || what.kind === "mend" ? what.between : undefined;
    const fault = this.#append(what);
    if (fault !== undefined) return fault;
    if (turned !== undefined) {
      this.#post({ kind: "switch", switch: this.#switches.turn(turned, what.kind === "cut") });
    }
    this.#loseUnreachable();
    this.#tellChanges();
    return undefined;
  }

  /** Leaves the others, who hear of it. */
  close(): void {
    if (this.#ended.signal.aborted) return;
    this.#post({ kind: "bye" });
    this.#ended.abort();
    this.#timeline.onEvent = undefined;
    this.#channel.onmessage = null;
    this.#channel.close();
  }

  get #own(): Replica | undefined {
    return this.#timeline.head.replicas[this.index];
  }

  /** Whether it has a place that nobody else has. */
  #meet({ tab, from }: Envelope, realMs: number): boolean {
    const known = this.#others.get(from);
    if (from === this.index || (known !== undefined && known.tab !== tab)) return false;
    if (known !== undefined) {
      known.heardAt = realMs;
      return true;
    }
    this.#others.set(from, { tab, heardAt: realMs });
    this.#watch(tab, this.#ended.signal, () => this.#forget(from, tab));
    return true;
  }

  #forget(index: number, tab: string): void {
    if (this.#others.get(index)?.tab !== tab) return;
    this.#others.delete(index);
    if (this.#isThere(index)) this.#append({ kind: "leave", replica: index });
    this.#tellChanges();
  }

  #isThere(index: number): boolean {
    return this.#timeline.head.far[index]?.isThere ?? false;
  }

  #take(said: Envelope): void {
    const { from } = said;
    switch (said.kind) {
      case "tell": {
        // It may come behind a cut that it tells of.
        if (!this.#isThere(from)) this.#append({ kind: "told", replica: from, knows: null });
        said.switches.forEach((one) => this.#switches.hear(one));
        this.#align();
        const isForHere = said.reaches.includes(this.index) && this.#reaches(from);
        return this.#note(from, isForHere && this.#lastAt - said.at < STALE_MS ? said.knows : null);
      }
      case "send": {
        if (said.to !== this.index || !this.#isThere(from) || !this.#reaches(from)) return;
        const { bytes, takesMs, isLost } = said;
        this.#append({ kind: "heard", from, replica: this.index, bytes, takesMs, isLost });
        return;
      }
      case "switch":
        this.#switches.hear(said.switch);
        return this.#align();
    }
  }

  /** Cuts and mends in the world what is said to be cut or whole, as soon as it is there. */
  #align(): void {
    const { head } = this.#timeline;
    const isThere = (index: number) => head.replicas[index]?.presence !== undefined || this.#isThere(index);
    for (const { between, isCut } of this.#switches.all) {
      if (!between.every(isThere) || head.network.isCut(between) === isCut) continue;
      this.#append({ kind: isCut ? "cut" : "mend", between });
    }
    this.#loseUnreachable();
  }

  /** Whether anything passes between a replica elsewhere and the one here. */
  #reaches(index: number): boolean {
    return this.#own?.presence === "online" && !this.#switches.isCut([this.index, index]);
  }

  #loseUnreachable(): void {
    for (const index of this.#others.keys()) if (!this.#reaches(index)) this.#note(index, null);
  }

  /** Records what another replica knows, if that is news. */
  #note(index: number, knows: Told | null): void {
    const far = this.#timeline.head.far[index];
    if (far === undefined || !far.isThere) return;
    if (far.knows?.fingerprint === knows?.fingerprint && far.knows?.id === knows?.id) return;
    this.#append({ kind: "told", replica: index, knows });
  }

  /** At the first moment to which the world has not run yet, so that it goes on and does not begin anew. */
  #append(what: What): string | undefined {
    const at = Math.floor(this.#present) + 1;
    const isLastWord = what.kind === "told" && what.knows === null;
    const isTooMuch = this.#timeline.log.inputs.length >= RECORDED_MAX || this.#heardBytes > HEARD_BYTES_MAX;
    if ((isTooMuch && !isLastWord) || at > TIME_MS_MAX) {
      this.#end();
      return FULL;
    }
    const fault = this.#timeline.append({ at, ...what });
    if (fault !== undefined) return fault;
    this.#heardBytes += bytesOf(what);
    this.#present = at;
    this.#timeline.advance(at, Infinity);
    return undefined;
  }

  /** Nothing more is recorded but that nothing is heard of anybody. */
  #end(): void {
    if (this.#isFull) return;
    this.#isFull = true;
    for (const index of this.#others.keys()) this.#note(index, null);
    this.close();
  }

  #send({ from, to, sentAt, endsAt, fate, message }: Flight): void {
    const isLost = fate === "lost";
    // A replica that leaves says so, and one that goes offline has no time for that.
    const isMeant = from === this.index && fate !== "cut" && this.#own?.presence !== "offline";
    if (!isMeant || !this.#others.has(to)) return;
    const takesMs = (endsAt - sentAt) * (isLost ? 2 : 1);
    this.#post({ kind: "send", to, bytes: message.bytes, takesMs, isLost });
  }

  #tellChanges(): void {
    const isDue = this.#lastAt - this.#toldAt >= TELL_MS;
    if (isDue || this.#state() !== this.#told) this.#tell();
  }

  #tell(): void {
    const reaches = [...this.#others.keys()].filter((index) => this.#reaches(index));
    const knows = reaches.length === 0 ? null : toldOf(this.#own);
    this.#toldAt = this.#lastAt;
    this.#told = this.#state();
    this.#post({ kind: "tell", reaches, knows, switches: this.#switches.all });
  }

  /** What others are told of, in short. */
  #state(): string {
    const { id, fingerprint } = this.#own ?? {};
    return `${id} ${fingerprint} ${[...this.#others.keys()].filter((index) => this.#reaches(index))}`;
  }

  #post(post: Post): void {
    if (!this.#ended.signal.aborted)
      this.#channel.postMessage(envelope(this.#place.tab, this.index, this.#lastAt, post));
  }
}

/** About what an input needs in a file. */
function bytesOf(what: What): number {
  if (what.kind === "heard") return what.bytes.length;
  if (what.kind !== "told" || what.knows === null) return 0;
  return what.knows.registrations.reduce((sum, { node }) => sum + 32 + node.length, 0);
}
