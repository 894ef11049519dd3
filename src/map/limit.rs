//! How long a registration may be, so that it can be sent.

use super::RangeMap;
use super::log::key_bytes;
use crate::causal::{CausalContext, Dot, SEQ_MAX};
use crate::codec::WireKey;
use crate::delta::Delta;
use crate::key::Key;
use crate::registration::{Baseline, Entry, RegistrationId};
use crate::store::Store;
use crate::tombstones::Tombstones;

/// The longest registration that is accepted, and how it is measured: keys that are not written to the wire have no length there.
#[derive(Debug)]
pub(super) struct Limit<K> {
    bytes_max: usize,
    measure: fn(&Delta<K>) -> usize,
}

impl<K> Clone for Limit<K> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<K> Copy for Limit<K> {}

/// More than a record takes in a message, with its writer and a reset.
const RECORD_BYTES_MAX: usize = 128;

impl<K: WireKey> RangeMap<K> {
    /// Sets the greatest length of a registration, encoded by itself with its node, its keys and the records of all its writers. Operations
    /// that would make one longer are refused from now on. Longer ones that are there already, or come from others, stay.
    ///
    /// At first there is no limit. A protocol of [`sync`](crate::sync) sends no registration that is longer than
    /// [`Config::registration_bytes_max`](crate::sync::Config::registration_bytes_max), and sets that limit when it first receives a
    /// message, unless a lower one is set. Set it before the first operation, so that all are checked. O(1).
    ///
    /// ```
    /// # use crdt_range_map::{KeyRange, NodeId, RangeMap, ReplicaId, WriteError};
    /// # use crdt_range_map::sync::Config;
    /// let config = Config { message_bytes_max: 4_096, ..Config::default() };
    /// let mut map = RangeMap::<String>::new(ReplicaId::new(1));
    /// map.set_registration_bytes_max(config.registration_bytes_max());
    /// let long = KeyRange::from_start("x".repeat(2_000));
    /// let refused = map.register(&NodeId::new("a").unwrap(), &long).unwrap_err();
    /// assert!(matches!(refused, WriteError::TooLong { bytes_max: 960, .. }));
    /// assert!(map.state().is_empty());
    /// ```
    pub fn set_registration_bytes_max(&mut self, bytes_max: usize) {
        self.limit = Some(Limit { bytes_max, measure: |delta| delta.encode().len() });
    }

    /// Refuses what a protocol with that limit would not send.
    pub(crate) fn limit_registrations(&mut self, bytes_max: usize) {
        if self.limit.is_none_or(|limit| limit.bytes_max > bytes_max) {
            self.set_registration_bytes_max(bytes_max);
        }
    }
}

impl<K: Key> RangeMap<K> {
    /// How long a registration would be at most if this replica contributed to it, and how long it may be, if that is too long. O(1) for
    /// what is far from the limit, else O(its writers + its length).
    pub(super) fn too_long(&self, id: &RegistrationId<K>) -> Option<(usize, usize)> {
        let Limit { bytes_max, measure } = self.limit?;
        let row = self.state.entries.get(id);
        let records = row.map_or(0, |row| row.record_count()) + 1;
        let keys = key_bytes(id.range.start()) + id.range.end().map_or(0, key_bytes);
        // A key of fixed size takes at most twice its size in memory.
        let fixed = 2 * size_of::<RegistrationId<K>>();
        if keys + fixed + id.node.as_bytes().len() + RECORD_BYTES_MAX * records <= bytes_max {
            return None;
        }
        // As it would be after a release, which is not refused.
        let mut entry = row.map_or_else(Entry::default, |row| row.entry());
        entry.get_or_born(self.replica, SEQ_MAX - 1).last = SEQ_MAX;
        for (_, record) in entry.unreset_mut() {
            let stamp = Dot { replica: self.replica, seq: SEQ_MAX };
            record.baseline = Some(Baseline { last: record.birth, net: 0, stamp });
        }
        let mut context = CausalContext::default();
        entry.claim(&mut context);
        let mut entries = Store::default();
        entries.edit(id, &mut |added| added.clone_from(&entry));
        let bytes = measure(&Delta::new(context.into(), entries, Tombstones::default()));
        (bytes > bytes_max).then_some((bytes, bytes_max))
    }
}
