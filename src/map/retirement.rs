//! Clearing up: after writers that will write no more, and of contributions that count for nothing.
//!
//! Only a record's own writer drops it, once all of it is reset. So the records of a writer that is gone for good would stay for ever.
//! Once such a writer is declared retired, and the replicas that are there have exchanged all that they had heard of it, it is *settled*:
//! whoever knows all of that may drop its reset records in its place. Each drop takes a sequence number of the replica that makes it, and
//! is sent and joined as any other. That happens where the retirement is declared, in whatever resets such a record later, and in
//! maintenance; not in every replica that hears of it, or each would have news for all others.

use std::sync::Arc;

use super::RangeMap;
use crate::causal::CausalContext;
use crate::delta::Delta;
use crate::id::ReplicaId;
use crate::key::Key;
use crate::registration::Entry;
use crate::retired::Retired;
use crate::store::RowRef;
use crate::version::Version;

/// What a replica knows of those who are retired, beside what its state has.
#[derive(Clone, Debug, Default)]
pub(super) struct Retirement {
    /// The settled ones, in order.
    settled: Arc<Vec<ReplicaId>>,
    /// Whether this replica is to clear up after some of them when others agree.
    is_to_clear: bool,
    /// Whether a protocol finds out when others agree.
    is_synchronised: bool,
}

impl Retirement {
    pub(super) fn settled(&self) -> &[ReplicaId] {
        &self.settled
    }
}

impl<K: Key> RangeMap<K> {
    /// Declares that a replica writes no more: its device is lost, its tab is gone for good, its operator has left.
    ///
    /// What anybody has heard of it stays and counts as before. But its records of registrations that were released, which only it
    /// could drop, can be dropped by others from then on, so that what is remembered stays bounded by live registrations and writers.
    /// Not at once: somebody else may have heard more of it. That is left to [`maintain`](Self::maintain), or to the protocols of
    /// [`sync`](crate::sync), which do it when the replicas that are there agree; effects that nobody has sent by then count as lost. Its own
    /// later messages are refused ([`IgnoreReason::Retired`](crate::sync::IgnoreReason::Retired)), and if it lives, it goes on under another
    /// id as soon as it learns of the declaration: by itself with a protocol, else by [`set_replica`](Self::set_replica). The
    /// declaration is part of the [version](crate::Version), spreads with it, and cannot be taken back.
    ///
    /// The delta is empty if it is known already. O(log of the retired).
    ///
    /// ```
    /// # use crdt_range_map::{KeyRange, NodeId, RangeMap, ReplicaId};
    /// # let (node, range) = (NodeId::new("a").unwrap(), KeyRange::new(0u64, 100).unwrap());
    /// let mut lost = RangeMap::new(ReplicaId::new(1));
    /// let mut map = RangeMap::new(ReplicaId::new(2));
    /// map.merge(&lost.register(&node, &range).unwrap());
    /// _ = map.release(&node, &range).unwrap();
    /// let with_a_reset_record = map.state().encode().len();
    /// _ = map.retire(lost.replica());
    /// _ = map.maintain();
    /// assert!(map.state().encode().len() < with_a_reset_record);
    /// ```
    pub fn retire(&mut self, replica: ReplicaId) -> Delta<K> {
        if self.state.retired().contains(replica) {
            return Delta::default();
        }
        let mut declared = Retired::default();
        declared.insert(replica, self.state.context().last_seq(replica));
        let declared = Delta::retiring(declared);
        self.merge(&declared);
        self.retirement.is_to_clear = true;
        declared
    }

    /// Whether a writer was declared retired here, and its reset records were not cleared yet.
    pub(crate) fn is_to_clear(&self) -> bool {
        self.retirement.is_to_clear && !self.is_retired() && !self.is_exhausted()
    }

    /// A protocol will find out when others agree.
    pub(crate) fn synchronise(&mut self) {
        self.retirement.is_synchronised = true;
    }

    /// Whether something waits for others to agree. O(1): the retired only become more.
    pub(crate) fn is_to_settle(&self) -> bool {
        self.is_to_clear() || self.state.retired().len() > self.retirement.settled.len()
    }

    /// Others agree: whatever those who are there had heard of the retired is known here. O(1) if that was so before, else O(retired).
    pub(crate) fn settle(&mut self) {
        let retired = self.state.retired();
        // The retired only become more.
        if retired.len() > self.retirement.settled.len() {
            self.retirement.settled = Arc::new(retired.iter().map(|(replica, _)| replica).collect());
        }
    }

    /// Drops the reset records of retired writers; effects of theirs that are missing here count as lost. O(n log r) for n registrations and
    /// r retired, and O(log n) more for each that is cleared.
    pub(crate) fn clear_retired(&mut self) -> Delta<K> {
        let mut delta = self.give_up_lost();
        let settled = self.retirement.settled.clone();
        delta.merge(&self.clear(|entry| has_reset_record_of(entry, &settled)));
        delta
    }

    /// Whether something may be left of the retired that [`clear_retired`](Self::clear_retired) would clear, if all were settled.
    fn has_left(&self) -> bool {
        let version = self.state.version();
        let settled = self.retirement.settled();
        let mut retired = version.retired.iter();
        retired.any(|(replica, _)| !version.is_finished(replica) || settled.binary_search(&replica).is_err())
    }

    /// Counts the effects of retired writers that are missing here as lost: they are claimed, and nothing comes of them.
    fn give_up_lost(&mut self) -> Delta<K> {
        self.retirement.is_to_clear = false;
        if self.is_retired() || self.is_exhausted() {
            return Delta::default();
        }
        self.settle();
        let Version { context, retired } = self.state.version();
        let mut all = CausalContext::default();
        for (replica, declared) in retired.iter() {
            let last = declared.max(context.last_seq(replica));
            if context.prefix(replica) < last {
                all.insert_run(replica, 1, last);
            }
        }
        let lost = all.difference(context);
        self.adopt(&lost.clone().into());
        Delta::giving_up(lost)
    }

    /// Whether a retired writer is *settled*: this replica knows all that the replicas that are there had heard of it, and what is missing
    /// between its sequence numbers counts as lost. The protocols of [`sync`](crate::sync) find that out when all agree; without a
    /// protocol [`maintain`](Self::maintain) declares it. A replica that lost its memory finds it out anew. O(log of the retired).
    pub fn is_settled(&self, replica: ReplicaId) -> bool {
        self.retirement.settled.binary_search(&replica).is_ok()
    }

    /// Whether this replica is known to be retired, so that operations are refused with [`WriteError::Retired`](crate::WriteError). O(log
    /// of the retired). See [`retire`](Self::retire).
    pub fn is_retired(&self) -> bool {
        self.state.retired().contains(self.replica)
    }

    /// Goes on under another id, with everything that is known: after this one was [retired](Self::retire), when its numbers
    /// [have run out](Self::is_exhausted), or because somebody else may write under it. See [`ReplicaId`] for who may use an id.
    ///
    /// Returns a delta for the others if there are records of that id which it has to drop. O(n) for n registrations.
    pub fn set_replica(&mut self, replica: ReplicaId) -> Delta<K> {
        self.identity.is_former_unsaved |= !self.is_saved();
        let former = core::mem::replace(&mut self.replica, replica);
        self.recount(&[former, replica], |counted| counted.set_own(replica));
        self.identity.begun_after = None;
        if self.identity.saved.is_some() {
            self.identity.saved = Some(0);
        }
        let awaits =
            |row: &RowRef<'_, K>| row.entry_aside().is_some_and(|entry| entry.awaits_drop_by(replica));
        let awaiting_drop = self.state.entries.rows().filter(awaits).map(|row| row.id()).collect();
        self.drop_reset(awaiting_drop)
    }

    /// Removes what counts for nothing and would otherwise stay: residue, which is what concurrent decreases leave of a registration that
    /// is not visible; and the reset records of [retired](Self::retire) writers. Nothing visible changes.
    ///
    /// The retired are cleared up after at once, and what is missing of them counts as lost. But once a protocol of [`sync`](crate::sync)
    /// has received a message, that waits until all who are there agree: one of them may have heard more.
    ///
    /// Call it in a quiet moment now and then, on one replica. An increase of residue that was made elsewhere at the same time then counts
    /// by itself, as after a release. The delta is empty if there is nothing to clear. O(n log r) for n registrations
    /// and r retired, and O(log n) more for each that is cleared.
    pub fn maintain(&mut self) -> Delta<K> {
        let mut delta = Delta::default();
        if !self.retirement.is_synchronised {
            delta = self.give_up_lost();
        } else if self.has_left() {
            self.retirement.is_to_clear = true;
        }
        let settled = self.retirement.settled.clone();
        delta.merge(&self.clear(|entry| {
            let is_residue = || entry.records().any(|(_, record)| !record.is_caught_up());
            has_reset_record_of(entry, &settled) || entry.priority().is_none() && is_residue()
        }));
        delta
    }

    /// Clears residue and reset records in the registrations that match.
    fn clear(&mut self, is_meant: impl Fn(&Entry) -> bool) -> Delta<K> {
        let rows = self.state.entries.rows().filter(|row: &RowRef<'_, K>| match row.compact() {
            // A common one is visible and was never reset.
            Some(_) if row.priority().is_some() => false,
            _ => is_meant(&row.entry()),
        });
        let meant: Vec<_> = rows.map(|row| row.id()).collect();
        self.operate(|operation| {
            for id in meant {
                let at = operation.touch(id);
                operation.clear_residue(at);
                operation.clear_up(at);
            }
        })
    }
}

/// Whether one of those writers, which are in order, has a record there of which all is reset.
fn has_reset_record_of(entry: &Entry, writers: &[ReplicaId]) -> bool {
    entry.records().any(|(writer, record)| record.is_caught_up() && writers.binary_search(&writer).is_ok())
}
