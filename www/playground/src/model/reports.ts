/**
 * What tabs tell each other of their replicas' fingerprints, so that a page says "in sync" only when it is so everywhere. This is
 * the page's own channel: no replica hears it, and nothing on it helps any of them to agree. It respects the network's cuts: a tab
 * tells nothing of a replica that nothing could come from but that it is out of reach, and takes nothing in while nothing could.
 */
import type { FarPeer } from "./agreement";

/** As much of a BroadcastChannel as is needed. */
export interface ReportChannel {
  postMessage(message: unknown): void;
  onmessage: ((event: MessageEvent) => void) | null;
  close(): void;
}

/** Tells whether a tab is still there: calls back when it is gone, until `signal` is aborted. */
export type Watch = (tab: string, signal: AbortSignal, gone: () => void) => void;

interface Report {
  readonly tab: string;
  /** Whether the others are to answer with theirs. */
  readonly asks: boolean;
  readonly replicas: readonly FarPeer[];
}

/** More than any page shows: a longer report is not one of this page's. */
const REPLICAS_MAX = 1000;

export class Reports {
  readonly #tab: string;
  readonly #channel: ReportChannel;
  readonly #watch: Watch;
  readonly #onChange: () => void;
  readonly #ended = new AbortController();
  readonly #known = new Map<string, readonly FarPeer[]>();
  #own: readonly FarPeer[] = [];
  #isInReach = false;

  constructor(tab: string, channel: ReportChannel, watch: Watch, onChange: () => void) {
    this.#tab = tab;
    this.#channel = channel;
    this.#watch = watch;
    this.#onChange = onChange;
    channel.onmessage = ({ data }) => this.#hear(data);
  }

  /** The replicas of other tabs, as far as this one knows. */
  get far(): readonly FarPeer[] {
    return [...this.#known.values()].flat();
  }

  /** How it stands with the replicas of this tab now; `isInReach`: whether anything passes between any of them and other tabs. */
  tell(own: readonly FarPeer[], isInReach: boolean): void {
    const [was, before] = [this.#isInReach, this.#own];
    [this.#isInReach, this.#own] = [isInReach, own];
    if (was && !isInReach) {
      for (const [tab, replicas] of this.#known) this.#known.set(tab, outOfReach(replicas));
      this.#onChange();
    }
    if (isInReach ? !was || !isSame(own, before) : was) this.#post(isInReach && !was);
  }

  close(): void {
    this.tell([], this.#isInReach);
    this.#ended.abort();
    this.#channel.onmessage = null;
    this.#channel.close();
  }

  #post(asks: boolean): void {
    this.#channel.postMessage({ tab: this.#tab, asks, replicas: this.#own } satisfies Report);
  }

  #hear(data: unknown): void {
    if (!this.#isInReach || !isReport(data) || data.tab === this.#tab) return;
    const { tab, replicas } = data;
    if (!this.#known.has(tab)) this.#watch(tab, this.#ended.signal, () => this.#forget(tab));
    this.#known.set(tab, replicas);
    this.#onChange();
    if (data.asks) this.#post(false);
  }

  #forget(tab: string): void {
    if (this.#known.delete(tab)) this.#onChange();
  }
}

function outOfReach(replicas: readonly FarPeer[]): FarPeer[] {
  return replicas.map(({ key }) => ({ key, fingerprint: null }));
}

function isSame(some: readonly FarPeer[], others: readonly FarPeer[]): boolean {
  return (
    some.length === others.length &&
    some.every(({ key, fingerprint }, place) => {
      const other = others[place];
      return key === other?.key && fingerprint === other.fingerprint;
    })
  );
}

/** Any page of this origin can post anything. */
function isReport(data: unknown): data is Report {
  if (typeof data !== "object" || data === null) return false;
  const { tab, asks, replicas } = data as Record<string, unknown>;
  return (
    typeof tab === "string" &&
    typeof asks === "boolean" &&
    Array.isArray(replicas) &&
    replicas.length <= REPLICAS_MAX &&
    replicas.every(isFarPeer)
  );
}

function isFarPeer(value: unknown): value is FarPeer {
  if (typeof value !== "object" || value === null) return false;
  const { key, fingerprint } = value as Record<string, unknown>;
  return typeof key === "string" && (fingerprint === null || typeof fingerprint === "string");
}
