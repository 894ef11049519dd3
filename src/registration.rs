//! Records: what each writer contributed to a registration, and what of it was reset.
//!
//! A writer's contributions to one registration are kept as one running record, however many they are. That is exact, because a
//! reset always cancels a *prefix* of them: whoever knows one update of the record knows all earlier ones. So a reset is kept as a
//! *baseline*, the point in the record up to which the reset had observed it. What counts is only what lies beyond.

use core::fmt;

use smallvec::{SmallVec, smallvec};

use crate::causal::{CausalContext, Dot};
use crate::id::{NodeId, ReplicaId};
use crate::key::KeyRange;
use crate::life::Counted;

/// A visible registration: a node serves a range of keys, with a priority of 1 or more.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(bound(serialize = "K: Ord + serde::Serialize", deserialize = "K: Ord + serde::Deserialize<'de>"))
)]
pub struct Registration<K> {
    /// Who serves.
    pub node: NodeId,
    /// Which keys.
    pub range: KeyRange<K>,
    /// How strongly.
    pub priority: u64,
}

impl<K: fmt::Display> fmt::Display for Registration<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}:{}", self.range, self.node, self.priority)
    }
}

/// What identifies a registration: the triple (start, end, node), in that order.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct RegistrationId<K> {
    pub(crate) range: KeyRange<K>,
    pub(crate) node: NodeId,
}

/// The greatest absolute sum of adjustments in one record. Sums over the records of a registration have 128 bits, so that no number
/// of writers can make them overflow.
pub(crate) const NET_MAX: i64 = 1 << 62;

/// Everything that one writer contributed to one registration since the record's birth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Record {
    /// The sequence number of the first contribution: with the writer, the record's name.
    pub(crate) birth: u64,
    /// The sequence number of the latest contribution.
    pub(crate) last: u64,
    /// The sum of the adjustments up to there.
    pub(crate) net: i64,
    /// The sequence number of the latest register.
    pub(crate) registered: Option<u64>,
    /// Up to where the furthest known reset had observed the record.
    pub(crate) baseline: Option<Baseline>,
}

/// How much of a record a reset had observed, and so cancelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Baseline {
    /// The record's `last` that the reset had observed.
    pub(crate) last: u64,
    /// The record's `net` at that point.
    pub(crate) net: i64,
    /// The reset's own dot.
    pub(crate) stamp: Dot,
}

impl Record {
    /// The record of a writer's first contribution since it last dropped one.
    pub(crate) fn born(seq: u64) -> Self {
        Self { birth: seq, last: seq, net: 0, registered: None, baseline: None }
    }

    /// Whether every contribution of the record is reset.
    pub(crate) fn is_caught_up(&self) -> bool {
        self.baseline.is_some_and(|baseline| baseline.last == self.last)
    }

    pub(crate) fn register_is_left(&self) -> bool {
        self.registered > self.baseline.map(|baseline| baseline.last)
    }

    pub(crate) fn adjustments_left(&self) -> i128 {
        i128::from(self.net) - self.baseline.map_or(0, |baseline| i128::from(baseline.net))
    }

    /// Resets everything contributed so far.
    pub(crate) fn reset(&mut self, stamp: Dot) {
        self.baseline = Some(Baseline { last: self.last, net: self.net, stamp });
    }

    /// Joins another version of the same record: the later contributions and, apart from that, the further baseline.
    ///
    /// Two versions of one writer with equal `last` are equal. If two writers share an id, or somebody forges one, nothing is promised
    /// about which version remains. The joined record can still be written and read again: a baseline that has caught up cancels
    /// all there is. Returns whether anything changed.
    fn join(&mut self, other: &Self) -> bool {
        debug_assert_eq!(self.birth, other.birth);
        let before = *self;
        let contributed = |record: &Self| (record.last, record.net, record.registered);
        if contributed(other) > contributed(self) {
            (self.last, self.net, self.registered) = contributed(other);
        }
        let reach =
            |record: &Self| record.baseline.map(|baseline| (baseline.last, baseline.stamp, baseline.net));
        if reach(other) > reach(self) {
            self.baseline = other.baseline;
        }
        if let Some(baseline) = &mut self.baseline
            && baseline.last == self.last
        {
            baseline.net = self.net;
        }
        *self != before
    }

    /// The dots that the record claims: its birth, its last contribution and the reset's stamp.
    pub(crate) fn dots(&self, writer: ReplicaId) -> impl Iterator<Item = Dot> {
        let own = [self.birth, self.last].map(|seq| Dot { replica: writer, seq });
        own.into_iter().chain(self.baseline.map(|baseline| baseline.stamp))
    }
}

/// The records of one registration, one for each writer, ordered by writer.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Entry {
    /// Few registrations have more than two writers. Only those need memory on the heap.
    records: SmallVec<[(ReplicaId, Record); 2]>,
}

impl Clone for Entry {
    fn clone(&self) -> Self {
        // The derived clone would copy record by record.
        Self { records: SmallVec::from_slice(&self.records) }
    }
}

impl Entry {
    /// The entry of a single writer.
    pub(crate) fn of(writer: ReplicaId, record: Record) -> Self {
        Self { records: smallvec![(writer, record)] }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// The record, if there is just one.
    pub(crate) fn only_record(&self) -> Option<(ReplicaId, &Record)> {
        match &self.records[..] {
            [(writer, record)] => Some((*writer, record)),
            _ => None,
        }
    }

    pub(crate) fn records(&self) -> impl ExactSizeIterator<Item = (ReplicaId, &Record)> + '_ {
        self.records.iter().map(|(writer, record)| (*writer, record))
    }

    pub(crate) fn get(&self, writer: ReplicaId) -> Option<&Record> {
        self.position(writer).ok().map(|at| &self.records[at].1)
    }

    /// The record of that writer. If there is none, a new one with the birth `seq`.
    pub(crate) fn get_or_born(&mut self, writer: ReplicaId, seq: u64) -> &mut Record {
        let at = self.position(writer).unwrap_or_else(|at| {
            self.records.reserve_exact(1);
            self.records.insert(at, (writer, Record::born(seq)));
            at
        });
        &mut self.records[at].1
    }

    /// Keeps the records that satisfy the condition.
    pub(crate) fn retain(&mut self, mut keep: impl FnMut(ReplicaId, &Record) -> bool) {
        self.records.retain(|(writer, record)| keep(*writer, record));
    }

    pub(crate) fn remove(&mut self, writer: ReplicaId) -> Option<Record> {
        self.position(writer).ok().map(|at| self.records.remove(at).1)
    }

    /// Makes room for `more` further records.
    pub(crate) fn reserve(&mut self, more: usize) {
        self.records.reserve_exact(more);
    }

    /// Adds the record of a writer whose id is greater than all here. O(1) amortised.
    pub(crate) fn push(&mut self, writer: ReplicaId, record: Record) {
        debug_assert!(self.records.last().is_none_or(|(last, _)| *last < writer));
        self.records.push((writer, record));
    }

    /// Whether `writer` has a record here that is reset as a whole, so that the writer should drop it.
    pub(crate) fn awaits_drop_by(&self, writer: ReplicaId) -> bool {
        self.get(writer).is_some_and(Record::is_caught_up)
    }

    /// The records that are not reset as a whole: a reset would change them.
    pub(crate) fn unreset_mut(&mut self) -> impl Iterator<Item = (ReplicaId, &mut Record)> {
        self.records
            .iter_mut()
            .filter(|(_, record)| !record.is_caught_up())
            .map(|(writer, record)| (*writer, record))
    }

    /// The priority, or `None` if it is less than 1 and the registration therefore not visible.
    ///
    /// It is one for a register that is left, whoever made it, plus the adjustments that are left. O(writers).
    pub(crate) fn priority(&self) -> Option<u64> {
        self.priority_of(|_| true)
    }

    /// What the priority would be if there were those writers alone. O(writers).
    pub(crate) fn priority_of(&self, counts: impl Fn(ReplicaId) -> bool) -> Option<u64> {
        let (mut is_registered, mut adjustments) = (false, 0);
        for (_, record) in self.records.iter().filter(|(writer, _)| counts(*writer)) {
            is_registered |= record.register_is_left();
            adjustments += record.adjustments_left();
        }
        priority_of(is_registered, adjustments)
    }

    /// The priority as of who is alive, of a registration of that node. O(writers · log of the present ones).
    pub(crate) fn living_priority(&self, node: &NodeId, counted: &Counted) -> Option<u64> {
        if counted.is_down(node) { None } else { self.priority_of(|writer| counted.counts(writer)) }
    }

    /// Joins the entry of the same registration in another state.
    ///
    /// For a record that one side lacks, `dropped_here` or `dropped_there` says whether that side knows that it was dropped. Returns
    /// whether anything changed. O(writers).
    pub(crate) fn join(
        &mut self,
        other: &Self,
        dropped_here: impl Fn(ReplicaId, &Record) -> bool,
        dropped_there: impl Fn(ReplicaId, &Record) -> bool,
    ) -> bool {
        let dropped_there = |(writer, record): &(ReplicaId, Record)| dropped_there(*writer, record);
        let dropped_here = |(writer, record): &(ReplicaId, Record)| dropped_here(*writer, record);
        // Most often there is one record, of a writer that is known or comes last. Otherwise both are merged in order, since inserting
        // many records one by one would move many.
        if let [theirs] = &other.records[..] {
            return self.join_record(theirs, dropped_here, dropped_there);
        }
        let mut theirs = other.records.iter().peekable();
        let mut joined = SmallVec::with_capacity(self.records.len().max(other.records.len()));
        let mut changed = false;
        for ours in &self.records {
            while let Some(new) = theirs.next_if(|theirs| theirs.0 < ours.0) {
                if !dropped_here(new) {
                    joined.push(*new);
                    changed = true;
                }
            }
            let after = match theirs.next_if(|theirs| theirs.0 == ours.0) {
                Some(theirs) => join_records(ours, theirs, dropped_here, dropped_there),
                None => Some(*ours).filter(|ours| !dropped_there(ours)),
            };
            changed |= after != Some(*ours);
            joined.extend(after);
        }
        for new in theirs.filter(|theirs| !dropped_here(theirs)) {
            joined.push(*new);
            changed = true;
        }
        joined.shrink_to_fit();
        self.records = joined;
        changed
    }

    /// Joins an entry of a single record.
    fn join_record(
        &mut self,
        theirs: &(ReplicaId, Record),
        dropped_here: impl Fn(&(ReplicaId, Record)) -> bool,
        dropped_there: impl Fn(&(ReplicaId, Record)) -> bool,
    ) -> bool {
        let count = self.records.len();
        self.records.retain(|ours| ours.0 == theirs.0 || !dropped_there(ours));
        let mut changed = self.records.len() < count;
        match self.position(theirs.0) {
            Ok(at) if self.records[at].1.birth == theirs.1.birth => {
                changed |= self.records[at].1.join(&theirs.1);
            }
            Ok(at) => {
                let before = self.records[at];
                match join_records(&before, theirs, dropped_here, dropped_there) {
                    Some(after) => self.records[at] = after,
                    None => drop(self.records.remove(at)),
                }
                changed |= self.records.get(at) != Some(&before);
            }
            Err(_) if dropped_here(theirs) => {}
            Err(at) => {
                self.records.reserve_exact(1);
                self.records.insert(at, *theirs);
                changed = true;
            }
        }
        changed
    }

    /// Adds the dots of every record to `context`.
    pub(crate) fn claim(&self, context: &mut CausalContext) {
        for (writer, record) in &self.records {
            record.dots(*writer).for_each(|dot| context.insert(dot));
        }
    }

    fn position(&self, writer: ReplicaId) -> Result<usize, usize> {
        self.records.binary_search_by_key(&writer, |(writer, _)| *writer)
    }
}

/// Joins two versions of one writer's record. If their births differ, the later one wins: a writer has one record at a time, so it
/// had dropped the earlier one.
fn join_records(
    ours: &(ReplicaId, Record),
    theirs: &(ReplicaId, Record),
    dropped_here: impl Fn(&(ReplicaId, Record)) -> bool,
    dropped_there: impl Fn(&(ReplicaId, Record)) -> bool,
) -> Option<(ReplicaId, Record)> {
    if ours.1.birth == theirs.1.birth {
        let mut joined = *ours;
        joined.1.join(&theirs.1);
        return Some(joined);
    }
    let ours = Some(ours).filter(|record| !dropped_there(record));
    let theirs = Some(theirs).filter(|record| !dropped_here(record));
    ours.into_iter().chain(theirs).max_by_key(|(_, record)| record.birth).copied()
}

/// The priority of a registration with those contributions left; `None` if it is not visible.
pub(crate) fn priority_of(is_registered: bool, adjustments: i128) -> Option<u64> {
    let priority = adjustments + i128::from(is_registered);
    (priority >= 1).then(|| u64::try_from(priority).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOBODY: fn(ReplicaId, &Record) -> bool = |_, _| false;

    fn stamp(seq: u64) -> Dot {
        Dot { replica: ReplicaId::new(9), seq }
    }

    fn entry(records: impl IntoIterator<Item = (u64, Record)>) -> Entry {
        let mut entry = Entry::default();
        records.into_iter().for_each(|(writer, record)| entry.push(ReplicaId::new(writer), record));
        entry
    }

    #[test]
    fn a_reset_cancels_only_what_it_had_observed() {
        let seen = Record { net: 5, last: 2, registered: Some(1), ..Record::born(1) };
        let mut reset = seen;
        reset.reset(stamp(1));
        assert!(reset.is_caught_up());
        let later = Record { net: 6, last: 3, ..seen };
        let mut joined = entry([(1, reset)]);
        assert!(joined.join(&entry([(1, later)]), NOBODY, NOBODY));
        assert_eq!(joined.priority(), Some(1), "the register and +5 are gone, the concurrent +1 is left");
    }

    #[test]
    fn registers_of_several_writers_are_worth_one() {
        let register = |seq| Record { registered: Some(seq), ..Record::born(seq) };
        assert_eq!(entry([(1, register(4)), (2, register(1))]).priority(), Some(1));
    }

    #[test]
    fn priorities_below_one_are_not_visible_and_huge_ones_do_not_overflow() {
        let adjusted = |net| Record { net, ..Record::born(1) };
        assert_eq!(entry([(1, adjusted(-3)), (2, adjusted(3))]).priority(), None);
        let huge = (0..1000).map(|writer| (writer, adjusted(NET_MAX)));
        assert_eq!(entry(huge).priority(), Some(u64::MAX));
        let lowest = (0..1000).map(|writer| (writer, adjusted(-NET_MAX)));
        assert_eq!(entry(lowest).priority(), None);
    }

    #[test]
    fn the_later_birth_replaces_the_earlier() {
        let mut joined = entry([(1, Record { net: 7, ..Record::born(1) })]);
        let reborn = entry([(1, Record { net: 2, ..Record::born(5) })]);
        assert!(joined.join(&reborn, NOBODY, NOBODY));
        assert_eq!(joined, reborn);
        assert!(!joined.join(&entry([(1, Record { net: 7, ..Record::born(1) })]), NOBODY, NOBODY));
    }

    #[test]
    fn a_record_that_the_other_side_dropped_is_dropped_here() {
        let mut joined = entry([(1, Record::born(1)), (2, Record::born(1))]);
        assert!(joined.join(&Entry::default(), NOBODY, |writer, _| writer == ReplicaId::new(1)));
        assert_eq!(joined, entry([(2, Record::born(1))]));
    }
}
