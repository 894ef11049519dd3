//! One registration in the store: 32 bytes beside its start, in the common case.
//!
//! Nearly every registration has one writer, which registered it, may have adjusted it, and was never reset by anybody else.
//! Such a *compact* row holds its one record itself. Any other lies *aside*, as an [`Entry`] in its leaf, and the row holds
//! the index of it there.

use core::cmp::Ordering;

use super::{Tables, fingerprint};
use crate::causal::SEQ_MAX;
use crate::id::{NodeId, ReplicaId};
use crate::key::{Key, KeyRange};
use crate::life::Counted;
use crate::registration::{Entry, Record, RegistrationId, priority_of};

/// The number that stands for the writer of a row whose entry lies aside.
const ASIDE: u32 = u32::MAX;

/// The flags beside a birth, which has 53 bits.
const UNBOUNDED: u64 = 1 << 63;
const REGISTERED_AT_BIRTH: u64 = 1 << 62;
const REGISTERED_AT_LAST: u64 = 1 << 61;
const VALUE_BITS: u64 = REGISTERED_AT_LAST - 1;
const _: () = assert!(SEQ_MAX <= VALUE_BITS);

/// A registration but for its start, which its leaf keeps in a column of its own.
#[derive(Clone, Copy, Debug)]
pub(super) struct Row<K> {
    /// The end, or the start if the range is unbounded: there has to be some key.
    end: K,
    /// The number of the node.
    pub(super) node: u32,
    /// The number of the only writer, or [`ASIDE`].
    writer: u32,
    /// The record's birth, or the entry's index aside; with flags.
    birth: u64,
    /// How much the record's latest contribution is later than its birth.
    grown: u32,
    net: i32,
}

impl<K: Key> Row<K> {
    /// A row whose records are still to be written.
    pub(super) fn new(range: &KeyRange<K>, node: u32) -> Self {
        let (end, birth) = match range.end() {
            Some(end) => (end.clone(), 0),
            None => (range.start().clone(), UNBOUNDED),
        };
        Self { end, node, writer: ASIDE, birth, grown: 0, net: 0 }
    }

    /// Writes the records into the row itself, if it can hold them; otherwise nothing changes. `number` numbers the only writer.
    pub(super) fn write_compact(&mut self, entry: &Entry, number: impl FnOnce(ReplicaId) -> u32) -> bool {
        entry.only_record().is_some_and(|(writer, record)| self.write_record(record, || number(writer)))
    }

    /// The same for the only record. `writer` is the number of its writer.
    #[inline]
    pub(super) fn write_record(&mut self, record: &Record, writer: impl FnOnce() -> u32) -> bool {
        let registered = match record.registered {
            None => 0,
            Some(seq) if seq == record.birth => REGISTERED_AT_BIRTH,
            Some(seq) if seq == record.last => REGISTERED_AT_LAST,
            Some(_) => return false,
        };
        let (Ok(grown), Ok(net)) = (u32::try_from(record.last - record.birth), i32::try_from(record.net))
        else {
            return false;
        };
        if record.baseline.is_some() {
            return false;
        }
        (self.writer, self.grown, self.net) = (writer(), grown, net);
        self.birth = self.birth & UNBOUNDED | record.birth | registered;
        true
    }
}

impl<K> Row<K> {
    /// The end, `None` if the range is unbounded.
    pub(super) fn end(&self) -> Option<&K> {
        (self.birth & UNBOUNDED == 0).then_some(&self.end)
    }

    /// The order of upper ends, the unbounded one last.
    pub(super) fn cmp_end(&self, other: Option<&K>) -> Ordering
    where
        K: Ord,
    {
        match (self.end(), other) {
            (Some(end), Some(other)) => end.cmp(other),
            (None, Some(_)) => Ordering::Greater,
            (Some(_), None) => Ordering::Less,
            (None, None) => Ordering::Equal,
        }
    }

    /// Where the entry lies aside, unless the row is compact.
    pub(super) fn aside_index(&self) -> Option<usize> {
        (self.writer == ASIDE).then_some((self.birth & VALUE_BITS) as usize)
    }

    /// Notes at which index aside the records lie.
    pub(super) fn write_aside_index(&mut self, index: usize) {
        (self.writer, self.grown, self.net) = (ASIDE, 0, 0);
        self.birth = self.birth & UNBOUNDED | index as u64;
    }

    /// The number of the writer and the record of a compact row.
    pub(super) fn record(&self) -> Option<(u32, Record)> {
        (self.writer != ASIDE).then(|| (self.writer, self.compact_record()))
    }

    fn compact_record(&self) -> Record {
        let birth = self.birth & VALUE_BITS;
        let last = birth + u64::from(self.grown);
        let registered = match self.birth & (REGISTERED_AT_BIRTH | REGISTERED_AT_LAST) {
            0 => None,
            REGISTERED_AT_BIRTH => Some(birth),
            _ => Some(last),
        };
        Record { birth, last, net: i64::from(self.net), registered, baseline: None }
    }

    /// The writer's number and the birth of a compact row's record.
    pub(super) fn birth(&self) -> Option<(u32, u64)> {
        (self.writer != ASIDE).then_some((self.writer, self.birth & VALUE_BITS))
    }

    /// The same row with other numbers for its node and its writer.
    #[inline]
    pub(super) fn renumbered(&self, node: u32, writer: u32) -> Self
    where
        K: Clone,
    {
        Self { node, writer, ..self.clone() }
    }

    /// Whether two compact rows of the same start are equal, given our numbers for their nodes and writers.
    #[inline]
    pub(super) fn is_same(&self, theirs: &Self, nodes: &[u32], writers: &[u32]) -> bool
    where
        K: PartialEq,
    {
        self.writer != ASIDE
            && self.birth == theirs.birth
            && self.end == theirs.end
            && self.net == theirs.net
            && self.grown == theirs.grown
            && nodes[theirs.node as usize] == self.node
            && writers.get(theirs.writer as usize) == Some(&self.writer)
    }
}

/// A registration as a store holds it: borrowed, and read in place.
pub(crate) struct RowRef<'a, K> {
    pub(super) start: &'a K,
    pub(super) row: &'a Row<K>,
    /// The entries that lie aside in the row's leaf.
    pub(super) aside: &'a [Entry],
    pub(super) tables: &'a Tables,
}

impl<K> Clone for RowRef<'_, K> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<K> Copy for RowRef<'_, K> {}

impl<'a, K> RowRef<'a, K> {
    /// The first key.
    pub(crate) fn start(&self) -> &'a K {
        self.start
    }

    /// The first key after the range, `None` if it is unbounded.
    pub(crate) fn end(&self) -> Option<&'a K> {
        self.row.end()
    }

    /// The keys.
    pub(crate) fn range(&self) -> KeyRange<K>
    where
        K: Key,
    {
        KeyRange::between(self.start.clone(), self.end().cloned())
    }

    /// Who serves.
    pub(crate) fn node(&self) -> &'a NodeId {
        self.tables.nodes.get(self.row.node)
    }

    /// The store's number for the node.
    pub(crate) fn node_number(&self) -> u32 {
        self.row.node
    }

    /// The triple.
    pub(crate) fn id(&self) -> RegistrationId<K>
    where
        K: Key,
    {
        RegistrationId { range: self.range(), node: self.node().clone() }
    }

    /// The order of the store: by start, end and node.
    pub(crate) fn cmp_id(&self, id: &RegistrationId<K>) -> Ordering
    where
        K: Key,
    {
        let by_end = || self.row.cmp_end(id.range.end());
        self.start.cmp(id.range.start()).then_with(by_end).then_with(|| self.node().cmp(&id.node))
    }

    /// The same order, between stores.
    pub(super) fn cmp_row(&self, other: &RowRef<'_, K>) -> Ordering
    where
        K: Ord,
    {
        let by_end = || self.row.cmp_end(other.row.end());
        self.start.cmp(other.start).then_with(by_end).then_with(|| self.node().cmp(other.node()))
    }

    /// The only record with its writer's number, if the row is compact.
    pub(crate) fn compact(&self) -> Option<(u32, Record)> {
        self.row.record()
    }

    /// The records, if the row is not compact.
    pub(crate) fn entry_aside(&self) -> Option<&'a Entry> {
        self.row.aside_index().map(|index| &self.aside[index])
    }

    /// The records, copied. O(writers).
    pub(crate) fn entry(&self) -> Entry {
        match self.compact() {
            Some((writer, record)) => Entry::of(*self.tables.writers.get(writer), record),
            None => self.entry_aside().cloned().unwrap_or_default(),
        }
    }

    /// Calls `visit` for each record with its writer, in the order of the writers. O(writers).
    pub(crate) fn for_each_record(&self, mut visit: impl FnMut(ReplicaId, &Record)) {
        match self.compact() {
            Some((writer, record)) => visit(*self.tables.writers.get(writer), &record),
            None => self
                .entry_aside()
                .into_iter()
                .flat_map(Entry::records)
                .for_each(|(id, record)| visit(id, record)),
        }
    }

    /// How many records there are.
    pub(crate) fn record_count(&self) -> usize {
        self.entry_aside().map_or(1, |entry| entry.records().len())
    }

    /// The priority, `None` if the registration is not visible. O(writers).
    pub(crate) fn priority(&self) -> Option<u64> {
        match self.entry_aside() {
            None => {
                let is_registered = self.row.birth & (REGISTERED_AT_BIRTH | REGISTERED_AT_LAST) != 0;
                priority_of(is_registered, i128::from(self.row.net))
            }
            Some(entry) => entry.priority(),
        }
    }

    /// The priority as of who is alive, `None` if the registration is not visible then. O(writers · log of the present ones).
    pub(crate) fn living_priority(&self, counted: &Counted) -> Option<u64> {
        if counted.is_down(self.node()) {
            return None;
        }
        match self.compact() {
            Some((writer, _)) if counted.counts(*self.tables.writers.get(writer)) => self.priority(),
            Some(_) => None,
            None => self.entry_aside()?.priority_of(|writer| counted.counts(writer)),
        }
    }

    /// Whether a record of it is bound to a life. O(writers).
    pub(crate) fn is_bound(&self) -> bool {
        let mut is_bound = false;
        self.for_each_record(|writer, _| is_bound |= writer.is_ephemeral());
        is_bound
    }

    /// The hash of the triple.
    pub(super) fn registration_hash(&self) -> u64
    where
        K: Key,
    {
        fingerprint::of_registration(self.start, self.end(), self.tables.nodes.hash(self.row.node))
    }

    /// The hash of all that matters: the triple and the records.
    pub(super) fn hash(&self) -> u64
    where
        K: Key,
    {
        self.hash_after(self.registration_hash())
    }

    /// The same, given the hash of the triple.
    #[inline]
    pub(super) fn hash_after(&self, registration: u64) -> u64 {
        match self.compact() {
            Some((writer, record)) => {
                fingerprint::with_record(registration, *self.tables.writers.get(writer), &record)
            }
            None => self
                .entry_aside()
                .into_iter()
                .flat_map(Entry::records)
                .fold(registration, |hash, (writer, record)| fingerprint::with_record(hash, writer, record)),
        }
    }
}
