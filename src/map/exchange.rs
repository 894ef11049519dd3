//! What one replica tells another of what it holds: the parts of which the protocols in [`crate::sync`] are made.

use std::sync::Arc;

use super::RangeMap;
use super::log::Dropped;
use crate::causal::{CausalContext, Dot};
use crate::codec::{WireKey, Writer};
use crate::delta::{Delta, Part};
use crate::key::Key;
use crate::registration::RegistrationId;
use crate::sort::sorted;
use crate::splits::Changes;
use crate::store::Held;

impl<K: Key> RangeMap<K> {
    /// What a peer lacks that knows that much, as a delta for anybody; `None` if that cannot be told, because the peer is too far
    /// behind: then hand it the whole [`state`](Self::state), or let [`sync`](crate::sync) find out what it lacks.
    ///
    /// It is told from a log of recent effects, see [`set_log_capacity`](Self::set_log_capacity). A peer that knows nothing gets the whole state. O(log + m log m) for a
    /// delta of m registrations.
    ///
    /// ```
    /// # use crdt_range_map::{KeyRange, NodeId, RangeMap, ReplicaId};
    /// # let node = NodeId::new("a").unwrap();
    /// # let range = |start: u64| KeyRange::new(start, start + 10).unwrap();
    /// let mut here = RangeMap::new(ReplicaId::new(1));
    /// let mut there = RangeMap::new(ReplicaId::new(2));
    /// (0..100).for_each(|start| drop(here.register(&node, &range(start))));
    /// there.merge(here.state());
    ///
    /// here.register(&node, &range(500));
    /// let lacking = here.delta_since(there.state().context()).unwrap();
    /// assert!(lacking.encode().len() < 50);
    /// there.merge(&lacking);
    /// assert_eq!(there.state(), here.state());
    /// ```
    pub fn delta_since(&self, context: &CausalContext) -> Option<Delta<K>> {
        let known = &self.state.context;
        let lacking = known.difference(context);
        if lacking == *known {
            return Some(self.state.clone());
        }
        let mut delta = self.told_by_log(&lacking)?;
        for (id, Dropped { writer, drop }) in self.log.unclaimed() {
            if context.contains(Dot { replica: writer, seq: drop.birth }) {
                delta.add_drop(id.clone(), writer, drop);
            }
        }
        Some(delta)
    }

    /// What came of those dots, which are known here, as a delta for anybody; `None` if the log does not reach back so far. O(log +
    /// m log m) for a delta of m registrations.
    pub(crate) fn told_by_log(&self, lacking: &CausalContext) -> Option<Delta<K>> {
        if !self.log.reaches(lacking) {
            return None;
        }
        // Others may hear it who know less than that peer. So whatever it claims it carries, or what came after that.
        let mut delta = Delta::claiming(lacking.clone());
        let touched: Vec<&RegistrationId<K>> = self.log.touched_by(lacking).collect();
        let mut touched = sorted(&touched, Ord::cmp);
        touched.dedup();
        for id in touched {
            let entry = self.state.entries.get(id).map(|held| held.entry());
            for Dropped { writer, drop } in self.log.dropped_of(id) {
                delta.add_drop(id.clone(), *writer, *drop);
            }
            if let Some(entry) = entry {
                delta.add_entry(id, &entry);
            }
        }
        Some(delta)
    }

    /// Learns what another side holds of some registrations. The context grows by the dots of the entries alone.
    pub(crate) fn merge_part(&mut self, part: &Part<'_, K>) -> Changes<K> {
        let news = part.entries.context.difference(&self.state.context);
        let mut observer = self.observer();
        let dropped = self.state.join_part(part, &mut observer);
        let log = Arc::make_mut(&mut self.log);
        log.note(part.entries, &news, core::mem::take(&mut observer.dropped));
        // The other side knows that these were dropped, but not by which effect.
        let mut dots = CausalContext::default();
        dropped.into_iter().for_each(|dot| dots.insert(dot));
        log.forget_all(&dots);
        self.finish_merge(observer)
    }

    /// Takes as known all that the context knows: every part was compared with somebody who knew that much, and now they hold the
    /// same.
    pub(crate) fn adopt(&mut self, context: &CausalContext) {
        let news = context.difference(&self.state.context);
        Arc::make_mut(&mut self.log).forget_all(&news);
        self.state.adopt(&news);
    }

    /// About how many bytes of memory the [log](Self::delta_since) takes: at most 1 MiB, or what was set. O(1).
    pub fn log_bytes(&self) -> usize {
        self.log.bytes()
    }

    /// Sets how many bytes of memory the [log](Self::delta_since) takes at most, 1 MiB at first. An effect on a registration with a
    /// short name and keys takes about 150. With fewer, peers that were away have to compare what they hold sooner, which takes
    /// more messages.
    pub fn set_log_capacity(&mut self, bytes: usize) {
        Arc::make_mut(&mut self.log).set_bytes_max(bytes);
    }
}

impl<K: WireKey> RangeMap<K> {
    /// The drops that are still named, and the entries of which a peer that knows that much lacks an update or a reset; the first of
    /// them that together take about as many bytes, in a delta that claims their dots alone. What was dropped otherwise is not in it.
    /// Tells also whether all of those drops are in it. O(n).
    pub(crate) fn unknown_entries(&self, context: &CausalContext, bytes_max: usize) -> (Delta<K>, bool) {
        let prefixes = self.state.writer_prefixes(context);
        let mut delta = Delta::default();
        let mut bytes = 0;
        let is_equal = *context == self.state.context;
        for (id, writer, drop) in self.state.drops.iter() {
            let born = Dot { replica: writer, seq: drop.birth };
            if !is_equal && context.contains(born) && context.contains(drop.stamp) {
                continue;
            }
            bytes += 24 + id.node.as_bytes().len() + bytes_of_range(id.range.start(), id.range.end());
            if bytes > bytes_max {
                return (delta, false);
            }
            delta.add_drop(id.clone(), writer, drop);
        }
        for held in self.state.entries.rows() {
            let is_unknown = match held.compact() {
                Some((writer, record)) if record.last <= prefixes[writer as usize] => false,
                _ => {
                    let mut is_unknown = false;
                    held.for_each_record(|replica, record| {
                        let last = Dot { replica, seq: record.last };
                        let stamp = record.baseline.map(|baseline| baseline.stamp);
                        is_unknown |= core::iter::once(last).chain(stamp).any(|dot| !context.contains(dot));
                    });
                    is_unknown
                }
            };
            if is_unknown {
                bytes += bytes_of(&held);
                if bytes > bytes_max {
                    break;
                }
                delta.add_entry(&held.id(), &held.entry());
            }
        }
        (delta, true)
    }
}

/// About how many bytes an entry takes in a message, rather more than less.
pub(crate) fn bytes_of<K: WireKey>(held: &Held<'_, K>) -> usize {
    let keys = bytes_of_range(held.start(), held.end());
    24 + keys + held.node().as_bytes().len() + 28 * held.record_count()
}

/// How many bytes the ends of a range take by themselves.
pub(crate) fn bytes_of_range<K: WireKey>(start: &K, end: Option<&K>) -> usize {
    let mut writer = Writer::default();
    K::encode_ranges(core::iter::once((start, end)), &mut writer);
    writer.finish().len()
}
