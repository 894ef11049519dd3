//! The replica's own sequence numbers: up to which they are saved, and what to do if somebody else writes under the same id.
//!
//! A sequence number counts as used once it may have left the replica. So a replica that is to return under its id after a crash
//! must have saved an effect before anybody hears of it; and if that rule is broken, as by a disk that was copied, two writers use
//! the same numbers for different things, of which everybody keeps the one that they heard first.

use super::{RangeMap, Transaction};
use crate::causal::{CausalContext, Dot};
use crate::delta::Delta;
use crate::id::ReplicaId;
use crate::key::Key;
use crate::registration::{Record, RegistrationId};
use std::sync::Arc;

/// What a replica knows of its own numbers.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Identity {
    /// Up to which own sequence number everything is saved; `None` if that does not matter.
    pub(super) saved: Option<u64>,
    /// Whether something is not saved that was done under a former id.
    pub(super) is_former_unsaved: bool,
    /// The last own sequence number before the first effect that was made here.
    pub(super) begun_after: Option<u64>,
}

impl<K: Key> RangeMap<K> {
    /// Sets up to which of its own sequence numbers this replica is saved. From then on the protocols of [`sync`](crate::sync) hand out no
    /// message that shows an own effect beyond; they go on when this is called with a greater number. `None`, as at first: nothing has to
    /// be saved, since the replica will never return under this id.
    ///
    /// Merging may have own effects too: see [`Changes::delta`](crate::Changes::delta). [`last_own_seq`](Self::last_own_seq) counts
    /// all. O(1).
    pub(crate) fn set_saved(&mut self, seq: Option<u64>) {
        self.identity.saved = seq;
        self.identity.is_former_unsaved = false;
    }

    /// The same of the present id alone: what was done under a former one stays as it is.
    pub(crate) fn set_saved_under_present_id(&mut self, seq: Option<u64>) {
        self.identity.saved = seq;
    }

    /// The sequence number of this replica's last own effect; 0 if there was none. O(log of the replicas).
    pub fn last_own_seq(&self) -> u64 {
        self.state.context().last_seq(self.replica)
    }

    /// Whether all own effects are [saved](Self::set_saved), or need not be. O(log of the replicas).
    pub(crate) fn is_saved(&self) -> bool {
        self.is_saved_up_to(self.last_own_seq())
    }

    pub(crate) fn is_saved_up_to(&self, seq: u64) -> bool {
        !self.identity.is_former_unsaved && self.identity.saved.is_none_or(|saved| seq <= saved)
    }

    /// The registrations to which this replica contributed under its id after that number. O(n).
    pub(crate) fn written_after(&self, seq: u64) -> Vec<RegistrationId<K>> {
        let mut written = Vec::new();
        for row in self.state.entries.rows() {
            let mut is_written = false;
            row.for_each_record(|writer, record| is_written |= writer == self.replica && record.last > seq);
            if is_written {
                written.push(row.id());
            }
        }
        written
    }

    /// The registrations to which this replica contributed since it was made. O(n).
    pub(crate) fn written_since_begin(&self) -> Vec<RegistrationId<K>> {
        self.identity.begun_after.map_or_else(Vec::new, |seq| self.written_after(seq))
    }

    /// Whether somebody knows of more under this replica's id than it did.
    pub(crate) fn is_outdone_by(&self, context: &CausalContext) -> bool {
        context.last_seq(self.replica) > self.last_own_seq()
    }

    /// Whether a delta shows another effect under one of this replica's own numbers, or one beyond. O(m log n), and O(log) for what is
    /// not held.
    pub(crate) fn is_contradicted_by(&self, delta: &Delta<K>) -> bool {
        let differs = |ours: &Record, theirs: &Record| {
            let contributed = |record: &Record| (record.birth, record.net, record.registered);
            ours.last == theirs.last && contributed(ours) != contributed(theirs) || ours.last < theirs.last
        };
        if delta.context().last_seq(self.replica) == 0 {
            return false;
        }
        self.is_outdone_by(delta.context())
            || delta.entries.rows().any(|row| {
                let id = row.id();
                let mut is_other = false;
                row.for_each_record(|writer, theirs| {
                    if writer != self.replica {
                        return;
                    }
                    let ours = self.state.entries.get(&id).and_then(|row| row.entry().get(writer).copied());
                    is_other |= match ours {
                        Some(ours) => differs(&ours, theirs),
                        None => self.log.touched_elsewhere(Dot { replica: writer, seq: theirs.last }, &id),
                    };
                });
                is_other
            })
    }

    /// Goes on under another id. Nothing of an ephemeral writer stays under its former id, as nobody is there any more under that: what it
    /// contributed goes with it; if the former life was declared over, it is dropped, in whichever order that and the release of it are
    /// heard. What any other writer contributed stays. Returns what the others should know. O(n).
    pub(crate) fn go_on_as(&mut self, replica: ReplicaId) -> Delta<K> {
        if self.replica.is_ephemeral() && self.replica != replica {
            let is_over = self.is_retired();
            self.leave_behind(replica, !is_over)
        } else {
            self.set_replica(replica)
        }
    }

    /// Goes on under another id. What this replica contributed under the former one since it was made is dropped, and contributed anew
    /// under the new one. Returns that as a delta. O(n).
    pub(crate) fn say_anew(&mut self, replica: ReplicaId) -> Delta<K> {
        self.leave_behind(replica, true)
    }

    /// Goes on under another id, and drops what this replica contributed under the former one since it was made; if that is `kept`, it is
    /// contributed anew.
    fn leave_behind(&mut self, replica: ReplicaId, is_kept: bool) -> Delta<K> {
        let former = self.replica;
        let written = self.written_since_begin();
        let mut delta = self.set_replica(replica);
        self.identity.begun_after.get_or_insert(self.state.context().last_seq(replica));
        let log = Arc::make_mut(&mut self.log);
        let mut operation = Transaction::new(replica, &mut self.state, log, self.retirement.settled());
        for id in written {
            let at = operation.touch(id);
            if is_kept {
                operation.take_over(at, former);
            } else {
                operation.drop_record(at, former);
            }
        }
        operation.changed(&mut self.cache, &mut self.life);
        delta.merge(&operation.finish());
        delta
    }
}
