//! What ends with a writer, or with a node: all of its contributions, in one delta.

use super::{RangeMap, WriteError};
use crate::delta::Delta;
use crate::id::{NodeId, ReplicaId};
use crate::key::Key;
use crate::registration::RegistrationId;
use crate::store::RowRef;

impl<K: Key> RangeMap<K> {
    /// Withdraws everything that a writer contributed and that this replica knows of, and nothing that others did: a registration to which
    /// others contributed too keeps what is theirs. Of [this replica](Self::replica) itself it is the way to leave.
    ///
    /// What the writer contributes at the same time survives, as with a [release](Self::release). The delta is empty if nothing is left.
    /// O(m log n) for the m registrations of an [ephemeral](ReplicaId#ephemeral-writers) writer, after O(n) the first time; O(n) for any
    /// other.
    ///
    /// ```
    /// # use crdt_range_map::{KeyRange, NodeId, RangeMap, ReplicaId};
    /// # let (node, range): (NodeId, _) = ("a".parse()?, KeyRange::new(0u64, 100)?);
    /// let mut gone = RangeMap::new(ReplicaId::new(1));
    /// let mut map = RangeMap::new(ReplicaId::new(2));
    /// map.merge(&gone.increase(&node, &range, 5.try_into()?)?);
    /// _ = map.increase(&node, &range, 2.try_into()?)?;
    /// assert_eq!(map.priority(&node, &range), Some(7));
    /// _ = map.withdraw(gone.replica())?;
    /// assert_eq!(map.priority(&node, &range), Some(2));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`WriteError`] if this replica is retired or its numbers have run out. Nothing has changed then.
    pub fn withdraw(&mut self, writer: ReplicaId) -> Result<Delta<K>, WriteError> {
        self.check_write(None)?;
        let (left, is_own) = (self.left_of(writer), writer == self.replica);
        Ok(self.operate(|operation| {
            let touched: Vec<usize> = left.into_iter().map(|id| operation.touch(id)).collect();
            if is_own {
                operation.drop_own(&touched);
            } else {
                touched.into_iter().for_each(|at| operation.reset_of(at, writer));
            }
        }))
    }

    /// Ends a life for all: [withdraws](Self::withdraw) everything of a writer and [retires](Self::retire) it, in one delta. Several may do
    /// so at once, and again; it comes to the same. If the writer lives, it learns of it and goes on under another id.
    ///
    /// What it had contributed that nobody here knew of by then survives where it was heard, until somebody evicts it again. The delta is
    /// empty if nothing is left and it is retired already. Costs what [`withdraw`](Self::withdraw) costs.
    ///
    /// # Errors
    /// As [`withdraw`](Self::withdraw).
    pub fn evict(&mut self, writer: ReplicaId) -> Result<Delta<K>, WriteError> {
        let mut delta = self.withdraw(writer)?;
        delta.merge(&self.retire(writer));
        Ok(delta)
    }

    /// Releases every registration of a node, whoever contributed to it, in one delta: see [`release`](Self::release). The delta is empty if
    /// nothing is left of any. O(n), and O(log n) for each.
    ///
    /// # Errors
    /// As [`release`](Self::release).
    pub fn release_node(&mut self, node: &NodeId) -> Result<Delta<K>, WriteError> {
        self.check_write(None)?;
        let left = self.left_of_node(node);
        Ok(self.operate(|operation| {
            let touched: Vec<usize> = left.into_iter().map(|id| operation.touch(id)).collect();
            operation.drop_own(&touched);
            touched.into_iter().for_each(|at| operation.reset(at));
        }))
    }

    /// Where something of a writer is left, in order.
    pub(crate) fn left_of(&self, writer: ReplicaId) -> Vec<RegistrationId<K>> {
        let store = &self.state.entries;
        let is_left = |row: &RowRef<'_, K>| {
            let mut is_left = false;
            row.for_each_record(|other, record| is_left |= other == writer && !record.is_caught_up());
            is_left
        };
        if !writer.is_ephemeral() {
            return store.rows().filter(is_left).map(|row| row.id()).collect();
        }
        if !self.state.context().has_ephemeral() {
            return Vec::new();
        }
        let ids = self.life.by_writer(store).of(store, writer);
        ids.filter(|id| store.get(id).as_ref().is_some_and(is_left)).cloned().collect()
    }

    /// The registrations of a node of which anything is left, in order.
    pub(crate) fn left_of_node(&self, node: &NodeId) -> Vec<RegistrationId<K>> {
        let is_left = |row: &RowRef<'_, K>| {
            let mut is_left = false;
            row.for_each_record(|_, record| is_left |= !record.is_caught_up());
            is_left
        };
        let rows = self.state.entries.rows().filter(|row| row.node() == node).filter(is_left);
        rows.map(|row| row.id()).collect()
    }

    /// The ephemeral writers that have records here, or had some a short while ago, in order. O(log n) each, after O(n) the first time;
    /// O(1) if no ephemeral writer is known.
    pub(crate) fn ephemeral_writers(&self) -> Vec<ReplicaId> {
        if !self.state.context().has_ephemeral() {
            return Vec::new();
        }
        self.life.by_writer(&self.state.entries).writers().collect()
    }
}
