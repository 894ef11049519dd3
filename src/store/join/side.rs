//! What the sides of a join know: whether what one of them lacks was dropped.

use crate::causal::{CausalContext, Dot};
use crate::id::ReplicaId;
use crate::key::Key;
use crate::registration::{Entry, RegistrationId};
use crate::store::leaf::Leaf;
use crate::store::{Interner, RowRef, Tables};
use crate::tombstones::Tombstones;

/// What one side of a join knew before it: by that a record that it lacks is new to it, or was dropped.
pub(crate) struct Side<'a, K> {
    pub(crate) context: &'a CausalContext,
    pub(crate) tombstones: &'a Tombstones<K>,
}

impl<K> Clone for Side<'_, K> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<K> Copy for Side<'_, K> {}

impl<K: Key> Side<'_, K> {
    /// Whether the side, which does not hold that record, knows that it was dropped. `id` is asked for only where there are tombstones.
    pub(crate) fn has_dropped(
        &self,
        id: impl FnOnce() -> RegistrationId<K>,
        writer: ReplicaId,
        birth: u64,
    ) -> bool {
        self.context.contains(Dot { replica: writer, seq: birth })
            || !self.tombstones.is_empty() && birth <= self.tombstones.last_birth(&id(), writer)
    }
}

/// What one side knows of the other side's writers.
pub(super) struct Knowledge<'a, K> {
    pub(super) side: Side<'a, K>,
    /// For each of the writers, up to where all its dots are known.
    prefixes: Vec<u64>,
    /// Whether the prefixes are all that is known.
    is_plain: bool,
}

impl<'a, K: Key> Knowledge<'a, K> {
    pub(super) fn new(side: Side<'a, K>, writers: &Interner<ReplicaId>) -> Self {
        let prefixes =
            (0..writers.len() as u32).map(|number| side.context.prefix(*writers.get(number))).collect();
        Self { prefixes, is_plain: side.tombstones.is_empty() && !side.context.has_gaps(), side }
    }

    /// Whether the side, which lacks that compact row, knows that it was dropped.
    #[inline(always)]
    pub(super) fn has_dropped(
        &self,
        leaf: &Leaf<K>,
        at: usize,
        tables: &Tables,
        writer: u32,
        birth: u64,
    ) -> bool {
        birth <= self.prefixes[writer as usize]
            || !self.is_plain && {
                let row = leaf.row(at, tables);
                self.side.has_dropped(|| row.id(), *tables.writers.get(writer), birth)
            }
    }

    /// An entry without the records that the side lacks and knows to be dropped.
    pub(super) fn without_dropped(&self, row: &RowRef<'_, K>) -> Entry {
        let mut entry = row.entry();
        entry.retain(|writer, record| !self.side.has_dropped(|| row.id(), writer, record.birth));
        entry
    }
}
