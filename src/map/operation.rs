//! One operation under way: it writes to the state, remembers what it touched, and ends as a delta.
//!
//! Every effect takes a sequence number of its own: each update of a record, each reset of other writers' records, and each
//! drop of an own record. Were a drop to share the reset's number, whoever learnt that number from a record would believe that
//! it had seen the drop.

use crate::causal::Dot;
use crate::delta::{Delta, Drop};
use crate::id::{NodeId, ReplicaId};
use crate::key::{Key, KeyRange};
use crate::registration::{NET_MAX, Record, RegistrationId};

pub(super) struct Operation<'a, K> {
    replica: ReplicaId,
    state: &'a mut Delta<K>,
    seq_before: u64,
    touched: Vec<(RegistrationId<K>, Option<u64>)>,
    delta: Delta<K>,
}

impl<'a, K: Key> Operation<'a, K> {
    pub(super) fn new(replica: ReplicaId, state: &'a mut Delta<K>) -> Self {
        let seq_before = state.context.last_seq(replica);
        Self { replica, state, seq_before, touched: Vec::new(), delta: Delta::default() }
    }

    /// Names a registration that the operation is going to change.
    pub(super) fn touch(&mut self, node: &NodeId, range: &KeyRange<K>) -> RegistrationId<K> {
        let id = RegistrationId { range: range.clone(), node: node.clone() };
        self.touched.push((id.clone(), self.priority(&id)));
        id
    }

    pub(super) fn priority(&self, id: &RegistrationId<K>) -> Option<u64> {
        self.state.entries.get(id).and_then(|entry| entry.priority())
    }

    /// Resets what is left of a registration that is not visible, before something is added to it.
    pub(super) fn clear_residue(&mut self, id: &RegistrationId<K>) {
        if self.priority(id).is_none() {
            self.reset(id);
        }
    }

    /// Cancels every contribution that is known: drops the own record, and moves the baselines of the others'.
    pub(super) fn reset(&mut self, id: &RegistrationId<K>) {
        self.drop_own(id);
        let stamp = self.next_dot();
        let Some(entry) = self.state.entries.get_mut(id) else { return };
        let mut has_reset = false;
        for (_, record) in entry.unreset_mut() {
            record.reset(stamp);
            has_reset = true;
        }
        if has_reset {
            self.state.context.insert(stamp);
        }
    }

    /// Drops this replica's own record, of which nothing counts any more.
    pub(super) fn drop_own(&mut self, id: &RegistrationId<K>) {
        let Some(entry) = self.state.entries.get_mut(id) else { return };
        let Some(record) = entry.remove(self.replica) else { return };
        if entry.is_empty() {
            self.state.entries.remove(id);
        }
        let drop = Drop { birth: record.birth, stamp: self.next_dot().seq };
        self.state.add_drop(id.clone(), self.replica, drop);
        self.delta.add_drop(id.clone(), self.replica, drop);
    }

    pub(super) fn register(&mut self, id: &RegistrationId<K>) {
        let record = self.update_own(id);
        record.registered = Some(record.last);
    }

    /// Adds an adjustment, cut to what the record can hold.
    pub(super) fn adjust(&mut self, id: &RegistrationId<K>, by: i64) {
        let record = self.update_own(id);
        record.net = record.net.saturating_add(by).clamp(-NET_MAX, NET_MAX);
    }

    /// This replica's record, ready to be contributed to. All that one operation contributes to a record is one update of it,
    /// with one number: of two, the delta would claim the later only, and leave a gap at every receiver.
    fn update_own(&mut self, id: &RegistrationId<K>) -> &mut Record {
        let next = self.next_dot();
        let Delta { entries, context, .. } = &mut *self.state;
        let record = entries.entry(id.clone()).or_default().get_or_born(self.replica, next.seq);
        if record.last <= self.seq_before {
            record.last = next.seq;
        }
        context.insert(Dot { seq: record.last, ..next });
        record
    }

    /// Whether a touched registration has another priority than before.
    pub(super) fn changes_priorities(&self) -> bool {
        self.touched.iter().any(|(id, before)| self.priority(id) != *before)
    }

    /// The delta: the whole entries of the registrations that were touched, the drops that were made, and a claim to know
    /// exactly the dots in them. Empty if nothing happened.
    pub(super) fn finish(mut self) -> Delta<K> {
        if self.state.context.last_seq(self.replica) == self.seq_before {
            return Delta::default();
        }
        for (id, _) in self.touched {
            if let Some(entry) = self.state.entries.get(&id) {
                self.delta.add_entry(id, entry.clone());
            }
        }
        self.delta
    }

    /// The name of the next effect. It counts as used once it is in the state's context.
    fn next_dot(&self) -> Dot {
        Dot { replica: self.replica, seq: self.state.context.last_seq(self.replica) + 1 }
    }
}
