/** Puts a tab's world among those of other tabs, with the browser's channel, clock and locks. */
import { inputsOfTab } from "../stories/eight-tabs";
import { Live } from "../tabs/live";
import { enter, watch } from "../tabs/place";
import { Log } from "../world/log";
import { Timeline } from "../world/timeline";

const CHANNEL = "crdt-range-map/playground/eight-tabs";
/** In the background there are no frames; there, timers come once a second at most, and messages at once. */
const TICK_MS = 500;

/** Until `signal` is aborted. Returns why it is not possible, if so. */
export async function enterTabs(
  signal: AbortSignal,
): Promise<{ readonly live: Live; readonly timeline: Timeline } | string> {
  const place = await enter(signal);
  if (typeof place === "string") return place;
  // No two tabs have the same, even if one is a copy of the other: under the same ids they would write different things.
  const [seed = 0] = crypto.getRandomValues(new Uint32Array(1));
  const { log, fault } = Log.of(seed, inputsOfTab(place.index));
  if (log === undefined) return fault;
  const timeline = new Timeline(log);
  const channel = new BroadcastChannel(CHANNEL);
  const live = new Live(place, timeline, channel, watch, Date.now());
  channel.onmessage = ({ data }) => live.hear(data, Date.now());
  const timer = setInterval(() => live.tick(Date.now()), TICK_MS);
  const leave = () => {
    clearInterval(timer);
    live.close();
  };
  if (signal.aborted) leave();
  signal.addEventListener("abort", leave, { once: true });
  return { live, timeline };
}
