// Tabs that share out work: each job is done by the tab that comes first for its key, and the jobs of a tab that dies by the others.
import init, { RangeMap } from "crdt-range-map";

/** Takes part in the work, as the tab of that name, which nobody else may have. `onshare(tab)` is called when shares may have changed. */
export async function takePart(channel, name, onshare) {
  await init();
  const map = new RangeMap({ ephemeral: true }); // what it registers counts while this tab lives
  const tab = {
    /** Whether this tab is to do the job with that key. */
    isMine: (job) => map.living.route(job, { wanted: 1 })[0]?.node === name,
    /** The names of the tabs that are there. */
    tabs: () => map.living.ownersIn(0, null).map(({ node }) => node),
    /** Takes part no more. A tab that is closed or crashes need not say so. */
    leave() {
      map.leave();
      map.free();
    },
  };
  map.evictAfterMs = 60_000; // what is left of a dead tab goes after a minute
  map.living.onChange(() => onshare(tab));
  map.onReplica(() => map.register(name, 0, null)); // it was taken for dead for too long, and is here again
  map.connect(channel);
  map.register(name, 0, null); // it could do every job
  return tab;
}
