//! What one replica sends to another: deltas from the log, pages, and drops by their births. [`crate::sync`] is made of these.

use std::sync::Arc;

use super::{RangeMap, Undotted};
use crate::causal::{CausalContext, Dot, Runs};
use crate::codec::WireKey;
use crate::delta::Delta;
use crate::id::ReplicaId;
use crate::key::Key;
use crate::registration::RegistrationId;
use crate::sort::sorted;
use crate::splits::Changes;
use crate::store::{RowRef, Store};
use crate::tombstones::{RecordDrop, Tombstone, Tombstones};
use crate::version::Version;

impl<K: Key> RangeMap<K> {
    /// What a peer of that [version](Delta::version) lacks, as a delta for anybody: effects, and who is retired. `None` if that cannot be
    /// told, because the peer is too far behind: then hand it the whole [`state`](Self::state), or let [`sync`](crate::sync) find out what
    /// it lacks.
    ///
    /// What was [given up](Self::maintain) of a retired writer shows in no version, so this does not bring it: a whole state does, and so
    /// does a link between two [`Node`](crate::Node)s.
    ///
    /// A peer with an empty context gets the whole state. See [`set_log_capacity`](Self::set_log_capacity) for how far the log reaches.
    /// O(log + m log m) for a delta of m registrations.
    ///
    /// ```
    /// # use crdt_range_map::{KeyRange, NodeId, RangeMap, ReplicaId};
    /// # let node = NodeId::new("a").unwrap();
    /// # let range = |start: u64| KeyRange::new(start, start + 10).unwrap();
    /// let mut here = RangeMap::new(ReplicaId::new(1));
    /// let mut there = RangeMap::new(ReplicaId::new(2));
    /// (0..100).for_each(|start| drop(here.register(&node, &range(start)).unwrap()));
    /// there.merge(here.state());
    ///
    /// _ = here.register(&node, &range(500)).unwrap();
    /// let lacking = here.delta_since(there.state().version()).unwrap();
    /// assert!(lacking.encode().len() < 50);
    /// there.merge(&lacking);
    /// assert_eq!(there.state(), here.state());
    /// ```
    pub fn delta_since(&self, version: &Version) -> Option<Delta<K>> {
        let known = self.state.version();
        let lacking = known.difference(version);
        if lacking == *known {
            return Some(self.state.clone());
        }
        let mut delta = self.delta_from_log(&lacking)?;
        for Tombstone { id, writer, drop } in self.log.unclaimed() {
            if version.context.contains(Dot { replica: *writer, seq: drop.birth }) {
                delta.add_tombstone(id.clone(), *writer, *drop);
            }
        }
        Some(delta)
    }

    /// What came of those dots, and that those are retired, both known here, as a delta for anybody; `None` if the log does not reach back
    /// so far. O(log + m log m) for a delta of m registrations.
    pub(crate) fn delta_from_log(&self, lacking: &Version) -> Option<Delta<K>> {
        if !self.log.reaches(&lacking.context) {
            return None;
        }
        // Others may hear it who know less than that peer. So whatever it claims it carries, or what came after that.
        let mut delta = Delta::new(lacking.clone(), Store::default(), Tombstones::default());
        let touched: Vec<&RegistrationId<K>> = self.log.touched_by(&lacking.context).collect();
        let mut touched = sorted(&touched, Ord::cmp);
        touched.dedup();
        for id in touched {
            let entry = self.state.entries.get(id).map(|row| row.entry());
            for Tombstone { writer, drop, .. } in self.log.tombstones_of(id) {
                // A forged message may have told of the drop of a record that is held.
                let held = entry.as_ref().and_then(|entry| entry.get(*writer));
                if held.is_none_or(|record| record.birth > drop.birth) {
                    delta.add_tombstone(id.clone(), *writer, *drop);
                }
            }
            if let Some(entry) = entry {
                delta.add_entry(id, &entry);
            }
        }
        Some(delta)
    }

    /// Takes as known all that the version knows: every part was compared with somebody who knew that much, and now they hold the
    /// same.
    pub(crate) fn adopt(&mut self, version: &Version) {
        let news = version.difference(self.state.version());
        Arc::make_mut(&mut self.log).forget_all(&news.context);
        self.state.adopt(&news);
    }

    /// How often something was learnt that no dot tells of.
    pub(crate) fn undotted(&self) -> Undotted {
        self.log.undotted()
    }

    /// About how many bytes of memory the [log](Self::delta_since) takes: at most 1 MiB, or what was set. O(1).
    pub fn log_bytes(&self) -> usize {
        self.log.bytes()
    }

    /// Sets how many bytes of memory the [log](Self::delta_since) takes at most, 1 MiB at first. An effect on a registration with a
    /// short name and keys takes about 110. With fewer, peers that were away have to compare what they hold sooner, which takes
    /// more messages.
    pub fn set_log_capacity(&mut self, bytes: usize) {
        Arc::make_mut(&mut self.log).set_bytes_max(bytes);
    }
}

/// Entries and tombstones that a peer lacks, from some registration on.
pub(crate) struct Page<K> {
    /// Whole entries and tombstones; it claims their dots alone.
    pub(crate) delta: Delta<K>,
    /// The same, encoded.
    pub(crate) bytes: Vec<u8>,
    /// Whether there is nothing after it.
    pub(crate) is_last: bool,
    /// How many registrations were left out because they are too long.
    pub(crate) too_long: u64,
    /// The dots of those. A peer that claimed them without having the records would make others believe that these were dropped. All that
    /// is known here, if they are too many to be listed.
    pub(crate) withheld: CausalContext,
}

/// Records of one writer with consecutive births, dropped one after the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct DropRun {
    /// The first birth.
    pub(crate) birth: u64,
    /// The sequence number of its drop.
    pub(crate) stamp: u64,
    /// How many there are.
    pub(crate) count: u64,
}

/// Beyond so many runs, the withheld dots of a page are not listed one by one.
const WITHHELD_RUNS_MAX: usize = 32;

/// What fits into a page.
enum Fitting<K> {
    Nothing,
    Some {
        delta: Delta<K>,
        bytes: Vec<u8>,
        /// Whether it is all of it.
        is_whole: bool,
    },
    /// Not even that, the first registration, with those dots.
    TooLong(RegistrationId<K>, CausalContext),
}

impl<K: WireKey> RangeMap<K> {
    /// Entries of which a peer with this context lacks an update or a reset, and tombstones that it lacks, of registrations after `after`:
    /// as many as take at most `bytes_max` bytes, encoded; or one registration with its drops, if that takes at most `alone_bytes_max`.
    /// With `is_all`, whether the peer lacks them or not. A drop that the context implies has no tombstone. O(n), and O(log n) for
    /// what comes before the page.
    pub(crate) fn page(
        &self,
        context: &CausalContext,
        after: Option<&RegistrationId<K>>,
        is_all: bool,
        (bytes_max, alone_bytes_max): (usize, usize),
    ) -> Page<K> {
        // With room for nothing at all, nothing would be looked at, and the page would pass for the last one.
        let bytes_max = bytes_max.max(1);
        let prefixes = self.state.writer_prefixes(context);
        let is_unknown = |row: &RowRef<'_, K>| match row.compact() {
            _ if is_all => true,
            Some((writer, record)) if record.last <= prefixes[writer as usize] => false,
            _ => {
                let mut is_unknown = false;
                row.for_each_record(|replica, record| {
                    let last = Dot { replica, seq: record.last };
                    let stamp = record.baseline.map(|baseline| baseline.stamp);
                    is_unknown |= core::iter::once(last).chain(stamp).any(|dot| !context.contains(dot));
                });
                is_unknown
            }
        };
        let mut rows = self.state.entries.rows_after(after).filter(is_unknown).peekable();
        let is_news = |(_, writer, drop): &(&RegistrationId<K>, ReplicaId, RecordDrop)| {
            let born = Dot { replica: *writer, seq: drop.birth };
            is_all || !context.contains(born) || !context.contains(drop.stamp)
        };
        let mut tombstones = self
            .state
            .tombstones
            .iter()
            .skip_while(|(id, ..)| after.is_some_and(|after| *id <= after))
            .filter(is_news)
            .peekable();
        let (mut too_long, mut withheld, mut is_all_withheld) = (0, CausalContext::default(), false);
        let (mut page_rows, mut page_tombstones) = (Vec::new(), Vec::new());
        loop {
            // By registration, both its row and its tombstones.
            let mut bytes = if page_rows.is_empty() && page_tombstones.is_empty() { 0 } else { bytes_max };
            while bytes < bytes_max {
                let is_drop = match (rows.peek(), tombstones.peek()) {
                    (None, None) => break,
                    (Some(row), Some((id, ..))) => row.cmp_id(id).is_gt(),
                    (row, _) => row.is_none(),
                };
                if is_drop {
                    let Some((id, writer, drop)) = tombstones.next() else { break };
                    bytes += 8 + key_bytes(id.range.start()) + id.range.end().map_or(0, key_bytes);
                    page_tombstones.push(Tombstone { id: id.clone(), writer, drop });
                } else {
                    let Some(row) = rows.next() else { break };
                    let keys = key_bytes(row.start()) + row.end().map_or(0, key_bytes);
                    bytes += keys + if row.compact().is_some() { 6 } else { 16 * row.record_count() };
                    page_rows.push(row);
                }
            }
            // The next page begins after the last registration of this one, so all of that belongs here.
            while let (Some(row), Some((id, writer, drop))) = (page_rows.last(), tombstones.peek())
                && row.cmp_id(id).is_ge()
            {
                page_tombstones.push(Tombstone { id: (*id).clone(), writer: *writer, drop: *drop });
                tombstones.next();
            }
            match self.fitting(&page_rows, &page_tombstones, bytes_max, alone_bytes_max) {
                Fitting::Some { delta, bytes, is_whole } => {
                    let is_last = is_whole && rows.peek().is_none() && tombstones.peek().is_none();
                    return Page { delta, bytes, is_last, too_long, withheld };
                }
                Fitting::TooLong(id, dots) => {
                    too_long += 1;
                    if !is_all_withheld {
                        withheld.join(&dots);
                        is_all_withheld = withheld.run_count() > WITHHELD_RUNS_MAX;
                        if is_all_withheld {
                            // All that may be known, in few runs.
                            for replica in self.state.context().replicas().map(|(replica, _)| replica) {
                                withheld.insert_run(replica, 1, self.state.context().last_seq(replica));
                            }
                        }
                    }
                    page_rows.retain(|row| row.cmp_id(&id).is_gt());
                    page_tombstones.retain(|drop| drop.id > id);
                }
                Fitting::Nothing => {
                    let delta = Delta::default();
                    return Page { bytes: delta.encode(), delta, is_last: true, too_long, withheld };
                }
            }
        }
    }

    /// The first of those rows and drops that fit.
    fn fitting(
        &self,
        mut rows: &[RowRef<'_, K>],
        mut tombstones: &[Tombstone<K>],
        bytes_max: usize,
        alone_bytes_max: usize,
    ) -> Fitting<K> {
        let mut is_whole = true;
        loop {
            let count = rows.len() + tombstones.len();
            if count == 0 {
                return Fitting::Nothing;
            }
            let delta = self.state.part(rows, tombstones);
            let bytes = delta.encode();
            if bytes.len() <= bytes_max {
                return Fitting::Some { delta, bytes, is_whole };
            }
            // What both have before some registration, about as many as are likely to fit.
            let keep = count as u64 * bytes_max as u64 / bytes.len() as u64 * 15 / 16;
            let keep = usize::try_from(keep).unwrap_or(count).max(1);
            let mut order: Vec<RegistrationId<K>> = rows.iter().map(RowRef::id).collect();
            order.extend(tombstones.iter().map(|drop| drop.id.clone()));
            let mut order = sorted(&order, Ord::cmp);
            order.dedup();
            if order.len() == 1 && bytes.len() <= alone_bytes_max {
                return Fitting::Some { delta, bytes, is_whole };
            }
            if order.len() == 1 {
                // One registration alone, with its drops. Which dots of its writers in between came to it too is not remembered.
                let mut dots = delta.version.context;
                for row in rows {
                    row.for_each_record(|writer, record| dots.insert_run(writer, record.birth, record.last));
                }
                return Fitting::TooLong(order.remove(0), dots);
            }
            is_whole = false;
            let end = &order[keep.min(order.len() - 1)];
            rows = &rows[..rows.partition_point(|row| row.cmp_id(end).is_lt())];
            tombstones = &tombstones[..tombstones.partition_point(|drop| drop.id < *end)];
        }
    }
}

impl<K: Key> RangeMap<K> {
    /// A delta with tombstones for those drops of a writer whose records are here; and the dots of the drops whose records are known here and
    /// gone already. O(n log m) for m runs.
    pub(crate) fn tombstones_for(&self, writer: ReplicaId, runs: &[DropRun]) -> (Delta<K>, CausalContext) {
        let mut known: Vec<DropRun> = Vec::with_capacity(runs.len());
        for DropRun { birth, stamp, count } in runs {
            let mut born = CausalContext::default();
            born.insert_run(writer, *birth, birth + count - 1);
            let born = self.state.context().intersection(&born);
            let pieces = born.runs(writer).into_iter().flat_map(Runs::iter);
            known.extend(pieces.map(|(first, last)| DropRun {
                birth: first,
                stamp: stamp + (first - birth),
                count: last - first + 1,
            }));
        }
        let mut dots = CausalContext::default();
        known.iter().for_each(|run| dots.insert_run(writer, run.stamp, run.stamp + run.count - 1));
        known.sort_unstable_by_key(|run| run.birth);
        let mut named = Delta::default();
        for row in self.state.entries.rows() {
            row.for_each_record(|replica, record| {
                if replica != writer {
                    return;
                }
                let at = known.partition_point(|run| run.birth + run.count <= record.birth);
                if let Some(run) = known.get(at).filter(|run| run.birth <= record.birth) {
                    let stamp = Dot { replica, seq: run.stamp + (record.birth - run.birth) };
                    named.add_tombstone(row.id(), writer, RecordDrop { birth: record.birth, stamp });
                }
            });
        }
        let unnamed = dots.difference(named.context());
        (named, unnamed)
    }

    /// Drops the records with these births, of which is known that they were dropped elsewhere. O(n + m log n) for m of them.
    pub(crate) fn drop_born(&mut self, births: &CausalContext) -> Changes<K> {
        let mut gone = Delta::default();
        for row in self.state.entries.rows() {
            row.for_each_record(|replica, record| {
                if births.contains(Dot { replica, seq: record.birth }) {
                    gone.add_tombstone(row.id(), replica, RecordDrop::bare(replica, record.birth));
                }
            });
        }
        self.merge(&gone)
    }
}

/// About how many bytes a key takes when it is written among others.
fn key_bytes<K: Key>(key: &K) -> usize {
    2 + super::log::key_bytes(key)
}

#[cfg(test)]
mod tests {
    use crate::{CausalContext, KeyRange, NodeId, RangeMap, ReplicaId};

    #[test]
    fn pages_of_any_size_carry_what_is_held_and_what_is_named() {
        let node = NodeId::new("a").unwrap();
        let range = |start: u64| KeyRange::new(start * 10, start * 10 + 5).unwrap();
        let mut writer = RangeMap::new(ReplicaId::new(1));
        let mut map = RangeMap::new(ReplicaId::new(2));
        // That nobody hears: so what comes after it lies beyond a gap, and its drops have to have tombstones.
        _ = writer.register(&node, &range(1_000)).unwrap();
        for start in 0..20 {
            map.merge(&writer.register(&node, &range(start)).unwrap());
            map.merge(&writer.release(&node, &range(start)).unwrap());
            _ = map.register(&node, &range(start)).unwrap();
        }
        assert_eq!(map.state().tombstones.len(), 20);
        let mut sizes = 0;
        for bytes_max in 40..400 {
            let mut pages = RangeMap::new(ReplicaId::new(3));
            let mut after = None;
            loop {
                let page = map.page(&CausalContext::default(), after.as_ref(), false, (bytes_max, bytes_max));
                assert!(page.bytes.len() <= bytes_max);
                pages.merge(&page.delta);
                if page.is_last {
                    sizes += usize::from(page.too_long == 0);
                    let expected = if page.too_long == 0 { 20 } else { pages.state().tombstones.len() };
                    assert_eq!(pages.state().tombstones.len(), expected, "in pages of {bytes_max} bytes");
                    break;
                }
                after = page.delta.last_id();
            }
        }
        assert!(sizes > 250);
    }

    /// Two writers of one id: what the one wrote to a registration under a number, the other wrote to another.
    #[test]
    fn what_is_held_is_not_told_to_be_dropped() {
        let node = NodeId::new("a").unwrap();
        let range = |start: u64| KeyRange::new(start * 10, start * 10 + 5).unwrap();
        let [mut writer, mut twin] = [1, 1].map(|id| RangeMap::new(ReplicaId::new(id)));
        let mut map = RangeMap::new(ReplicaId::new(2));
        for start in [3, 0, 1] {
            map.merge(&writer.register(&node, &range(start)).unwrap());
        }
        (5..7).for_each(|start| drop(twin.register(&node, &range(start)).unwrap()));
        let mut forged = twin.register(&node, &range(0)).unwrap();
        forged.merge(&twin.increase(&node, &range(0), 1.try_into().unwrap()).unwrap());
        let before = map.state().version().clone();
        map.merge(&forged);
        let news = map.delta_since(&before).unwrap();
        assert_eq!(news.check_tombstones(), Ok(()));
        assert_eq!(crate::Delta::decode(&news.encode()), Ok(news));
    }
}
