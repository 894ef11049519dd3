//! What one replica tells another of what it holds: the parts of which the protocols in [`crate::sync`] are made.

use std::sync::Arc;

use super::RangeMap;
use crate::causal::{CausalContext, Dot};
use crate::codec::{WireKey, Writer};
use crate::delta::{Delta, Drop, Part};
use crate::key::Key;
use crate::registration::RegistrationId;
use crate::sort::sorted;
use crate::splits::Changes;
use crate::store::Held;

impl<K: Key> RangeMap<K> {
    /// What a peer lacks that knows that much, as a delta for anybody; `None` if that cannot be told, because the peer is too far
    /// behind: then hand it the whole [`state`](Self::state), or let [`sync`](crate::sync) find out what it lacks.
    ///
    /// It is told from a log of the last 4,096 effects. A peer that knows nothing gets the whole state. O(log + m log m) for a
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
        if !self.log.reaches(context, known) {
            return None;
        }
        // Others may hear it who know less than that peer. So whatever it claims it carries, or what came after that.
        let mut delta = Delta::claiming(lacking.clone());
        let touched: Vec<&RegistrationId<K>> = self.log.of(&lacking).map(|logged| &logged.id).collect();
        let mut touched = sorted(&touched, Ord::cmp);
        touched.dedup();
        for logged in self.log.dropped().filter(|logged| touched.binary_search(&&logged.id).is_ok()) {
            if let Some(birth) = logged.dropped {
                let drop = Drop { birth: birth.seq, stamp: logged.dot };
                delta.add_drop(logged.id.clone(), birth.replica, drop);
            }
        }
        for id in touched {
            if let Some(held) = self.state.entries.get(id) {
                delta.add_entry(id, &held.entry());
            }
        }
        Some(delta)
    }

    /// Learns what another side holds of some registrations. The context grows by the dots of the entries alone.
    pub(crate) fn merge_part(&mut self, part: &Part<'_, K>) -> Changes<K> {
        Arc::make_mut(&mut self.log).note(part.entries, &self.state.context);
        let mut observer = self.observer();
        let dropped = self.state.join_part(part, &mut observer);
        // The other side knows that these were dropped, but not by which effect.
        let log = Arc::make_mut(&mut self.log);
        dropped.into_iter().for_each(|dot| log.forget(dot));
        self.finish_merge(observer)
    }

    /// Takes as known all that the context knows: every part was compared with somebody who knew that much, and now they hold the
    /// same.
    pub(crate) fn adopt(&mut self, context: &CausalContext) {
        let news = context.difference(&self.state.context);
        Arc::make_mut(&mut self.log).forget_all(&news);
        self.state.adopt(&news);
    }

    /// How many effects the [log](Self::delta_since) holds: at most 4,096, or what was set. O(1).
    pub fn log_len(&self) -> usize {
        self.log.len()
    }

    /// Sets how many effects the [log](Self::delta_since) holds at most, 4,096 at first. Each takes about 100 bytes. With fewer,
    /// peers that were away have to compare ranges sooner, which takes more messages.
    pub fn set_log_capacity(&mut self, effects: usize) {
        Arc::make_mut(&mut self.log).set_capacity(effects);
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
