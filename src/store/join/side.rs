//! What the sides of a join know: whether what one of them lacks was dropped.

use crate::causal::{CausalContext, Dot};
use crate::drops::Drops;
use crate::id::ReplicaId;
use crate::key::Key;
use crate::registration::{Entry, RegistrationId};
use crate::store::leaf::Leaf;
use crate::store::{Held, Interner, Tables};

/// What one side of a join knew before it: by that a record that it lacks is new to it, or was dropped.
pub(crate) struct Side<'a, K> {
    pub(crate) context: &'a CausalContext,
    pub(crate) drops: &'a Drops<K>,
}

impl<K> Clone for Side<'_, K> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<K> Copy for Side<'_, K> {}

impl<K: Key> Side<'_, K> {
    /// Whether the side, which does not hold that record, knows that it was dropped. `id` is asked for where drops are named.
    pub(crate) fn has_dropped(
        &self,
        id: impl FnOnce() -> RegistrationId<K>,
        writer: ReplicaId,
        birth: u64,
    ) -> bool {
        self.context.contains(Dot { replica: writer, seq: birth })
            || !self.drops.is_empty() && birth <= self.drops.last_birth(&id(), writer)
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
        Self { prefixes, is_plain: side.drops.is_empty() && !side.context.has_gaps(), side }
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
                let held = leaf.held(at, tables);
                self.side.has_dropped(|| held.id(), *tables.writers.get(writer), birth)
            }
    }

    /// An entry without the records that the side lacks and knows to be dropped.
    pub(super) fn without_dropped(&self, held: &Held<'_, K>) -> Entry {
        let mut entry = held.entry();
        entry.retain(|writer, record| !self.side.has_dropped(|| held.id(), writer, record.birth));
        entry
    }
}
