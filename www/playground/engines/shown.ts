/** What the page has to show of a moment, found in Node by the code that the page has, too. All engines are held to it. */
import type { Shared } from "../src/link/link";
import { decimalKeys, ipv4Keys } from "../src/model/keys";
import { framesOf } from "../src/picture/frames";
import { inSeconds } from "../src/picture/trace";
import { rowsOf, trafficWords } from "../src/player/moment";
import { agreementWords, headline, whoSaysWhat } from "../src/player/words";
import { wordingOf } from "../src/player/wording";
import type { Story } from "../src/stories/story";
import { Timeline } from "../src/world/timeline";
import type { Tab } from "./engine";
import { logOf } from "./moment";

export interface Shown {
  readonly headline: string | null;
  readonly says: string | null;
  readonly agreement: string | null;
  /** Bytes sent, and messages lost. */
  readonly counts: string | null;
  /** What the two sliders say. */
  readonly key: string | null;
  readonly time: string | null;
}

export function expected(shared: Shared): Shown {
  const { nowMs, cursor } = shared;
  const { keys, limit }: Pick<Story, "keys" | "limit"> = shared.kind === "world" ? shared : shared.story;
  const key = (keys === "ipv4" ? ipv4Keys : decimalKeys(limit)).format(BigInt(cursor));
  const wording = wordingOf({ keys });
  const timeline = new Timeline(logOf(shared));
  try {
    const view = timeline.stateAt(nowMs);
    const rows = rowsOf(view);
    const there = view.replicas.filter(({ isThere }) => isThere);
    const { words: agreement, standing } = agreementWords(there.map(({ fingerprint }) => fingerprint));
    const isAgreed = standing !== "apart";
    const stage = { rows, frames: framesOf(rows), cursor };
    const { question, answer } = headline(stage, key, isAgreed, wording);
    const says = whoSaysWhat(stage, isAgreed, wording);
    return {
      headline: `${question} ${answer}`,
      says,
      agreement,
      counts: trafficWords(timeline.history(nowMs), nowMs),
      key: `${key}. ${answer} ${says}`,
      time: `${inSeconds(nowMs)}. ${agreement}`,
    };
  } finally {
    timeline.free();
  }
}

export async function shown(tab: Tab): Promise<Shown> {
  const words = (name: string) =>
    tab.evaluate(
      (slider) => document.querySelector(`[role=slider][aria-label=${slider}]`)?.getAttribute("aria-valuetext") ?? null,
      name,
    );
  return {
    headline: await tab.text("h1"),
    says: await tab.text("[data-testid=says]"),
    agreement: await tab.text("[data-testid=agreement]"),
    counts: await tab.text("[data-testid=counts]"),
    key: await words("Key"),
    time: await words("Time"),
  };
}
