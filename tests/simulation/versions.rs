//! Versions of answers in the schedules: they grow with whatever arrives, and how often concurrent ones are called ordered is counted.

use crdt_range_map::RangeMap;

use crate::keys::SimulatedKey;
use crate::tally::Group;
use crate::world::World;

impl<K: SimulatedKey> World<K> {
    /// One replica was at `before`, and received something since.
    pub fn check_version(&mut self, at: usize, before: &RangeMap<K>) -> Result<(), String> {
        let Some(now) = self.processes[at].running().map(|running| running.map()) else { return Ok(()) };
        let (known, knows) = (before.state().version(), now.state().version());
        let (was, is) = (before.answer_version(), now.answer_version());
        // Who begins anew knows less.
        if !knows.includes(known) {
            return Ok(());
        }
        // What was given up, and turns up, shows in no version.
        if is.token() < was.token()
            || knows != known && is <= was
            || was.partial_cmp(&is).is_none() && knows != known
        {
            return Err(format!("{at} was at {was} with {known:?}, and is at {is} with {knows:?}"));
        }
        if now.state() == before.state() && is != was {
            return Err(format!("{at} was at {was}, and is at {is} though it has learnt nothing"));
        }
        let running = self.processes.iter().enumerate().filter(|(other, _)| *other != at);
        let other = running.filter_map(|(_, process)| process.running()).next().map(|running| running.map());
        let Some(other) = other.filter(|other| {
            let theirs = other.state().version();
            !theirs.includes(knows) && !knows.includes(theirs)
        }) else {
            return Ok(());
        };
        let is_ordered = other.answer_version().partial_cmp(&is).is_some();
        self.tally.count(Group::Looks, "pairs of concurrent versions");
        self.tally.add(Group::Looks, "of these, called ordered or the same", u64::from(is_ordered));
        Ok(())
    }
}
