//! One operation while it runs: it writes to the state, remembers what it touched, and ends as a delta.
//!
//! Every effect takes a sequence number of its own, and concerns one record: each update of a record, each reset of another writer's
//! record, and each drop. Were two to share a number, whoever learnt it from the one would believe that it had seen the other.

use super::cache::Cache;
use super::life::Life;
use super::log::Log;
use crate::causal::Dot;
use crate::delta::Delta;
use crate::id::ReplicaId;
use crate::key::Key;
use crate::registration::{Entry, NET_MAX, Record, RegistrationId};
use crate::sort::sorted;
use crate::splits::RangeCollector;
use crate::store::Living;
use crate::tombstones::{RecordDrop, Tombstone};

pub(super) struct Transaction<'a, K> {
    replica: ReplicaId,
    state: &'a mut Delta<K>,
    log: &'a mut Log<K>,
    /// The settled retired writers, in order.
    settled: &'a [ReplicaId],
    seq_before: u64,
    touched: Vec<Touched<K>>,
    delta: Delta<K>,
}

/// A registration that the operation changes: its records as they will be written when the operation ends.
struct Touched<K> {
    id: RegistrationId<K>,
    before: Option<u64>,
    entry: Entry,
}

impl<'a, K: Key> Transaction<'a, K> {
    pub(super) fn new(
        replica: ReplicaId,
        state: &'a mut Delta<K>,
        log: &'a mut Log<K>,
        settled: &'a [ReplicaId],
    ) -> Self {
        let seq_before = state.context().last_seq(replica);
        Self { replica, state, log, settled, seq_before, touched: Vec::new(), delta: Delta::exact() }
    }

    /// Takes a registration that the operation is going to change, and returns its index.
    pub(super) fn touch(&mut self, id: RegistrationId<K>) -> usize {
        let row = self.state.entries.get(&id);
        let (before, entry) = row.map_or_else(Default::default, |row| (row.priority(), row.entry()));
        self.touched.push(Touched { id, before, entry });
        self.touched.len() - 1
    }

    pub(super) fn priority(&self, at: usize) -> Option<u64> {
        self.touched[at].entry.priority()
    }

    /// Resets what is left of a registration that is not visible, before something is added to it.
    pub(super) fn clear_residue(&mut self, at: usize) {
        if self.priority(at).is_none() {
            self.reset(at);
        }
    }

    /// Cancels every contribution that is known: drops the own record and those of finished writers, and moves the baselines of
    /// the others'.
    pub(super) fn reset(&mut self, at: usize) {
        self.drop_record(at, self.replica);
        let finished: Vec<ReplicaId> = self.finished(at).collect();
        finished.into_iter().for_each(|writer| self.drop_record(at, writer));
        self.move_baselines(at, |_| true);
    }

    /// Drops this replica's own records there, in the order of their births: many drops take fewer bytes so.
    pub(super) fn drop_own(&mut self, all: &[usize]) {
        let birth = |at: usize| self.touched[at].entry.get(self.replica).map(|record| record.birth);
        let own = all.iter().filter_map(|at| Some((birth(*at)?, *at)));
        for (_, at) in sorted(&own.collect::<Vec<_>>(), Ord::cmp) {
            self.drop_record(at, self.replica);
        }
    }

    /// Cancels every contribution of one other writer that is known.
    pub(super) fn reset_of(&mut self, at: usize, writer: ReplicaId) {
        if self.finished(at).any(|finished| finished == writer) {
            self.drop_record(at, writer);
        } else {
            self.move_baselines(at, |other| other == writer);
        }
    }

    fn move_baselines(&mut self, at: usize, is_meant: impl Fn(ReplicaId) -> bool) {
        let Touched { id, entry, .. } = &mut self.touched[at];
        for (_, record) in entry.unreset_mut().filter(|(writer, _)| is_meant(*writer)) {
            let stamp = Dot { replica: self.replica, seq: self.state.context().last_seq(self.replica) + 1 };
            record.reset(stamp);
            self.state.version.context.insert(stamp);
            self.log.push(stamp, id.clone());
        }
    }

    /// The writers of records who write no more and left nothing unknown, so that anybody may clear up after them.
    fn finished(&self, at: usize) -> impl Iterator<Item = ReplicaId> {
        let version = self.state.version();
        let entry = (!version.retired.is_empty()).then_some(&self.touched[at].entry);
        let writers = entry.into_iter().flat_map(|entry| entry.records().map(|(writer, _)| writer));
        writers.filter(|writer| self.settled.binary_search(writer).is_ok() && version.is_finished(*writer))
    }

    /// Drops a record of which nothing counts any more.
    pub(super) fn drop_record(&mut self, at: usize, writer: ReplicaId) {
        let Touched { id, entry, .. } = &mut self.touched[at];
        if let Some(record) = entry.remove(writer) {
            let id = id.clone();
            self.write_tombstone(id, writer, &record);
        }
    }

    /// Drops the records of finished writers that are reset as a whole.
    pub(super) fn clear_up(&mut self, at: usize) {
        let is_reset = |writer: &ReplicaId| self.touched[at].entry.awaits_drop_by(*writer);
        let done: Vec<ReplicaId> = self.finished(at).filter(is_reset).collect();
        done.into_iter().for_each(|writer| self.drop_record(at, writer));
    }

    /// Drops this replica's own record of a registration that others have reset. The delta carries nothing else of it.
    pub(super) fn drop_reset(&mut self, id: RegistrationId<K>) {
        let mut dropped = None;
        self.state.entries.edit(&id, &mut |entry| dropped = entry.remove(self.replica));
        if let Some(record) = dropped {
            self.write_tombstone(id, self.replica, &record);
        }
    }

    /// Drops the record of another id of this writer, and contributes what counts of it under this one.
    pub(super) fn take_over(&mut self, at: usize, former: ReplicaId) {
        let Some(record) = self.touched[at].entry.get(former).copied() else { return };
        self.drop_record(at, former);
        if record.register_is_left() {
            self.register(at);
        }
        if let Ok(net) = i64::try_from(record.adjustments_left())
            && net != 0
        {
            self.adjust(at, net);
        }
    }

    fn write_tombstone(&mut self, id: RegistrationId<K>, writer: ReplicaId, record: &Record) {
        let stamp = self.next_dot();
        let drop = RecordDrop { birth: record.birth, stamp };
        self.log.push_drop(Tombstone { id: id.clone(), writer, drop });
        self.state.add_tombstone(id.clone(), writer, drop);
        self.delta.add_tombstone(id, writer, drop);
    }

    /// Names the dropped records of a registration, as far as the log remembers them. A receiver that still has these, and gets the others
    /// as a reset left them, would show a priority that never was.
    fn add_tombstones_of(&mut self, id: &RegistrationId<K>, entry: &Entry) {
        for Tombstone { writer, drop, .. } in self.log.tombstones_of(id) {
            // A record that a writer has begun since shows by itself that the earlier one is gone.
            if entry.get(*writer).is_none() {
                self.delta.add_tombstone(id.clone(), *writer, *drop);
            }
        }
    }

    pub(super) fn register(&mut self, at: usize) {
        let record = self.update_own(at);
        record.registered = Some(record.last);
    }

    /// Adds an adjustment, cut to what the record can hold.
    pub(super) fn adjust(&mut self, at: usize, by: i64) {
        let record = self.update_own(at);
        record.net = record.net.saturating_add(by).clamp(-NET_MAX, NET_MAX);
    }

    /// This replica's record, ready to be contributed to. All that one operation contributes to a record is one update of it,
    /// with one number: of two, the delta would claim the later only, and leave a gap at every receiver.
    fn update_own(&mut self, at: usize) -> &mut Record {
        let next = self.next_dot();
        let Touched { id, entry, .. } = &mut self.touched[at];
        let record = entry.get_or_born(self.replica, next.seq);
        if record.last <= self.seq_before {
            record.last = next.seq;
        }
        if record.last == next.seq {
            self.state.version.context.insert(next);
            self.log.push(next, id.clone());
        }
        record
    }

    /// Tells which of the touched registrations have another priority than before. To be called before that is written: what was is read
    /// now.
    pub(super) fn changed(&self, cache: &mut Cache<K>, life: &mut Life<K>) {
        let changed =
            || self.touched.iter().filter(|Touched { before, entry, .. }| entry.priority() != *before);
        let mut ranges = RangeCollector::default();
        changed().for_each(|Touched { id, .. }| ranges.add(id.range.clone()));
        cache.forget(&ranges.finish(), &self.state.entries);
        if cache.follows_nodes() {
            cache.forget_registrations(changed().map(|Touched { id, .. }| id.clone()));
        }
        let Some((counted, mut changes)) = life.changes() else { return };
        for Touched { id, entry, .. } in &self.touched {
            let row = self.state.entries.get(id);
            let before = row.and_then(|row| row.living_priority(counted));
            changes.add(Living::of(before, &id.node, entry, counted), || id.clone());
        }
        life.take(changes, &self.state.entries);
    }

    /// Writes what was changed, and returns the delta: the whole entries of the registrations that were touched, the drops that
    /// were made, and a claim to know exactly the dots in them. Empty if nothing happened.
    pub(super) fn finish(mut self) -> Delta<K> {
        if self.state.context().last_seq(self.replica) == self.seq_before {
            return Delta::default();
        }
        for Touched { id, entry, .. } in core::mem::take(&mut self.touched) {
            if !entry.is_empty() {
                if entry.records().any(|(_, record)| record.baseline.is_some()) {
                    self.add_tombstones_of(&id, &entry);
                }
                self.delta.add_entry(&id, &entry);
            }
            let mut entry = Some(entry);
            self.state.entries.edit(&id, &mut |stored| *stored = entry.take().unwrap_or_default());
        }
        self.delta
    }

    /// The name of the next effect. It counts as used once it is in the state's context.
    fn next_dot(&self) -> Dot {
        Dot { replica: self.replica, seq: self.state.context().last_seq(self.replica) + 1 }
    }
}
