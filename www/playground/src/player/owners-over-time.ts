/** What replicas answered over time, read from the world when the picture asks for it, a few moments at once. */
import type { Viewport } from "../model/viewport";
import type { Band, Heat } from "../picture/heat";
import type { Trace } from "../picture/trace";
import type { Learnt } from "../world/history";
import type { Timeline } from "../world/timeline";
import type { ReplicaView } from "../world/view";

/** A band is about so many pixels high: finer than it, nobody sees anything. */
export const SAMPLES = 64;
/** So many moments are read at once: each costs about as much as to scrub there. */
const AT_ONCE = 3;
/** What is known under so many fingerprints is kept. */
const KEPT_MAX = 2_000;

type Stretches = Band["stretches"];

export class OwnersOverTime {
  #known = new Map<string, Stretches>();
  #view = "";

  /** The bands of a diagram's rows. What is not known yet is left out, and then `isWhole` is false. */
  read(
    timeline: Timeline,
    learnt: readonly Learnt[],
    { replicas, fromMs, nowMs }: Pick<Trace, "replicas" | "fromMs" | "nowMs">,
    view: Viewport,
    cursor: number,
  ): Heat & { readonly isWhole: boolean } {
    const rows = new Map(replicas.map((replica, row) => [replica, row]));
    const key = `${view.from} ${view.to}`;
    if (key !== this.#view || this.#known.size > KEPT_MAX) this.#known.clear();
    this.#view = key;
    let reads = 0;
    let isWhole = true;
    const bands: Band[] = [];
    const last = new Map<number, number>();
    for (const { replica, from, to, fingerprint, at } of spansOf(learnt, fromMs, nowMs)) {
      const row = rows.get(replica);
      if (row === undefined || fingerprint === "") continue;
      if (!this.#known.has(fingerprint) && reads < AT_ONCE) {
        reads++;
        timeline.lookAt(at, ({ replicas }) => {
          const found = replicas.find(({ index }) => index === replica);
          if (found !== undefined) this.#known.set(found.fingerprint, stretchesOf(found, view));
        });
      }
      const stretches = this.#known.get(fingerprint);
      if (stretches === undefined) {
        isWhole = false;
        continue;
      }
      // What changes no answer is no seam in the picture.
      const place = last.get(row) ?? -1;
      const before = bands[place];
      if (before !== undefined && before.to === from && areSame(before.stretches, stretches)) {
        bands[place] = { ...before, to };
      } else {
        last.set(row, bands.push({ row, from, to, stretches }) - 1);
      }
    }
    const share = (cursor + 0.5 - view.from) / (view.to - view.from);
    return { bands, cursor: share >= 0 && share <= 1 ? share : null, isWhole };
  }
}

interface Span extends Learnt {
  readonly from: number;
  readonly to: number;
}

/** From what was learnt, who knew what from when to when, as far as it is in view. At one moment the last counts. */
function spansOf(learnt: readonly Learnt[], fromMs: number, nowMs: number): Span[] {
  const spans: Span[] = [];
  const last = new Map<number, Learnt>();
  const close = (one: Learnt | undefined, to: number) => {
    if (one !== undefined && to > Math.max(one.at, fromMs)) spans.push({ ...one, from: Math.max(one.at, fromMs), to });
  };
  for (const one of learnt) {
    close(last.get(one.replica), one.at);
    last.set(one.replica, one);
  }
  for (const one of last.values()) close(one, nowMs);
  return spans;
}

/** The first owner at as many keys as can be told apart, in stretches. */
function stretchesOf(replica: Pick<ReplicaView, "owners">, view: Viewport): Stretches {
  const stretches: { from: number; node: string | null }[] = [];
  const count = Math.max(1, Math.min(SAMPLES, Math.ceil(view.to - view.from)));
  for (let place = 0; place < count; place++) {
    const key = Math.floor(view.from + ((place + 0.5) / count) * (view.to - view.from));
    const node = replica.owners(BigInt(key))[0]?.node ?? null;
    if (stretches.at(-1)?.node !== node || place === 0) stretches.push({ from: place / count, node });
  }
  return stretches;
}

function areSame(one: Stretches, other: Stretches): boolean {
  return (
    one.length === other.length &&
    one.every(({ from, node }, at) => from === other[at]?.from && node === other[at].node)
  );
}
