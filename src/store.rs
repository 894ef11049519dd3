//! The ordered store of registrations: in memory, 44 bytes each in the common case.
//!
//! From the bottom up: a [row](row) is one registration with its records; a [leaf](leaf) is a short run of rows in columns; the
//! [tree](tree) finds them, counts them and knows the hash of any part; a [join](join) merges two stores and skips what is equal.
//! Rows name nodes and writers by [number](interner). Equality is found by [hashes](fingerprint).

mod edit;
mod fingerprint;
mod interner;
mod join;
mod leaf;
mod row;
#[cfg(test)]
mod tests;
mod tree;
mod write;

use core::fmt;
use std::sync::{Arc, LazyLock};

pub(crate) use self::interner::Interner;
pub(crate) use self::join::{JoinObserver, Joined, Living, Side, Unobserved};
use self::row::Row;
pub(crate) use self::row::RowRef;
use self::tree::Branch;
pub(crate) use self::tree::Rows;
use self::write::LeafWriter;
use crate::id::{NodeId, ReplicaId};
use crate::key::{Key, KeyRange};
use crate::registration::{Entry, Record, RegistrationId};

/// The numbers of nodes and writers.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tables {
    /// Counted by the rows that use them.
    pub(crate) nodes: Interner<NodeId>,
    /// Never given free: a writer stays in the causal context too.
    pub(crate) writers: Interner<ReplicaId>,
}

impl Tables {
    fn writer_number(&mut self, writer: ReplicaId) -> u32 {
        self.writers.find(&writer).unwrap_or_else(|| self.writers.intern(&writer))
    }
}

/// Registrations with their records, ordered by start, end and node. A copy is O(1) and shares memory.
#[derive(Clone)]
pub(crate) struct Store<K> {
    tree: Branch<K>,
    /// None in a store that never held anything, of which there are many: each merge returns one.
    tables: Option<Arc<Tables>>,
}

static NO_TABLES: LazyLock<Tables> = LazyLock::new(Tables::default);

impl<K> Default for Store<K> {
    fn default() -> Self {
        Self { tree: Branch::default(), tables: None }
    }
}

impl<K> Store<K> {
    /// How many registrations are held, visible or not. O(1).
    pub(crate) fn len(&self) -> usize {
        self.tree.rows()
    }

    /// How many records the registrations have, one for each writer. O(1).
    pub(crate) fn records(&self) -> usize {
        self.tree.records()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether there are at least so many. O(1), less than [`len`](Self::len) where there are many more.
    pub(crate) fn holds_as_many_as(&self, count: usize) -> bool {
        let mut rows = 0;
        let mut reaches = |more: usize| {
            rows += more;
            rows >= count
        };
        reaches(0) || self.tree.children.iter().any(|child| reaches(child.rows))
    }

    /// The numbers of nodes and writers.
    pub(crate) fn tables(&self) -> &Tables {
        self.tables.as_deref().unwrap_or_else(|| &NO_TABLES)
    }

    fn tables_mut(tables: &mut Option<Arc<Tables>>) -> &mut Tables {
        Arc::make_mut(tables.get_or_insert_default())
    }

    /// All registrations in order. O(1) each.
    pub(crate) fn rows(&self) -> Rows<'_, K> {
        self.tree.all_rows(self.tables())
    }
}

impl<K: Key> Store<K> {
    /// A registration, if anything of it is held. O(log n).
    pub(crate) fn get(&self, id: &RegistrationId<K>) -> Option<RowRef<'_, K>> {
        self.tree.find(id, self.tables())
    }

    /// Changes the records of a registration: an empty entry stands for none, before and after. O(log n + its writers).
    pub(crate) fn edit(&mut self, id: &RegistrationId<K>, change: &mut dyn FnMut(&mut Entry)) {
        self.tree.edit_root(id, Self::tables_mut(&mut self.tables), change);
        debug_assert!(self.len() > 300 || self.check() == Ok(()), "{:?}", self.check());
    }

    /// The registrations in order, from the first that starts at `key` or later. O(log n), and O(1) each.
    pub(crate) fn rows_from(&self, key: &K) -> Rows<'_, K> {
        self.tree.rows_from(key, self.tables())
    }

    /// The registrations in order, from the first after that one on; all of them if it is `None`. O(log n), and O(1) each.
    pub(crate) fn rows_after<'a>(
        &'a self,
        after: Option<&'a RegistrationId<K>>,
    ) -> impl Iterator<Item = RowRef<'a, K>> {
        let rows = after.map_or_else(|| self.rows(), |id| self.tree.rows_from_id(id, self.tables()));
        rows.skip_while(move |row| after.is_some_and(|after| row.cmp_id(after).is_le()))
    }

    /// The sum of the hashes of all registrations. O(1), and O(rows) for each leaf that changed since it was last asked for.
    pub(crate) fn fingerprint(&self) -> u64 {
        self.tree.fingerprint(self.tables())
    }

    /// Visits the registrations that start at or before `key` and end after it, in order. O(log n) for each, at most.
    pub(crate) fn stab<'a>(&'a self, key: &K, mut visit: impl FnMut(RowRef<'a, K>)) {
        self.tree.stab(key, self.tables(), &mut visit);
    }

    /// Visits all registrations in order. O(1) each, less than in [`rows`](Self::rows).
    pub(crate) fn for_each<'a>(&'a self, mut visit: impl FnMut(RowRef<'a, K>)) {
        self.tree.for_each(self.tables(), &mut visit);
    }

    /// The invariants of all its parts. O(n log n).
    pub(crate) fn check(&self) -> Result<(), &'static str> {
        self.tree.check(self.tables())?;
        let mut uses = vec![0; self.tables().nodes.len()];
        self.rows().for_each(|row| uses[row.node_number() as usize] += 1);
        self.tables().nodes.check(&uses)
    }
}

impl<K: PartialEq> PartialEq for Store<K> {
    fn eq(&self, other: &Self) -> bool {
        let same = |(ours, theirs): (RowRef<'_, K>, RowRef<'_, K>)| {
            ours.start() == theirs.start()
                && ours.end() == theirs.end()
                && ours.node() == theirs.node()
                && ours.entry() == theirs.entry()
        };
        self.len() == other.len() && self.rows().zip(other.rows()).all(same)
    }
}

impl<K: Eq> Eq for Store<K> {}

impl<K: fmt::Debug> fmt::Debug for Store<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rows = self.rows();
        f.debug_map().entries(rows.map(|row| ((row.start(), row.end(), row.node()), row.entry()))).finish()
    }
}

/// Builds a store from registrations that come in order, as a message holds them.
pub(crate) struct StoreBuilder<K> {
    tables: Tables,
    written: LeafWriter<K>,
}

impl<K: Key> StoreBuilder<K> {
    /// A builder that gives the nodes and writers the numbers 0, 1, … in the order of the lists, which are ascending.
    pub(crate) fn new(nodes: &[NodeId], writers: &[ReplicaId]) -> Self {
        let mut tables = Tables::default();
        for node in nodes {
            tables.nodes.intern(node);
        }
        for writer in writers {
            tables.writers.intern(writer);
        }
        Self { tables, written: LeafWriter::default() }
    }

    /// Appends a registration. Returns whether it comes after the one before, as it must.
    #[must_use]
    pub(crate) fn push(&mut self, range: &KeyRange<K>, node: u32, entry: Entry) -> bool {
        let mut row = Row::new(range, node);
        let writers = &self.tables.writers;
        let is_compact = row.write_compact(&entry, |writer| writers.find(&writer).unwrap_or_default());
        self.write(range, row, (!is_compact).then_some(entry))
    }

    /// [`push`](Self::push) for a single record; `writer` is the number of its writer.
    #[must_use]
    #[inline]
    pub(crate) fn push_record(
        &mut self,
        range: &KeyRange<K>,
        node: u32,
        writer: u32,
        record: &Record,
    ) -> bool {
        let mut row = Row::new(range, node);
        let is_compact = row.write_record(record, || writer);
        let entry = (!is_compact).then(|| Entry::of(*self.tables.writers.get(writer), *record));
        self.write(range, row, entry)
    }

    #[inline]
    fn write(&mut self, range: &KeyRange<K>, row: Row<K>, entry: Option<Entry>) -> bool {
        let is_after = self.written.last(&self.tables).is_none_or(|before| {
            let by_end = || before.row.cmp_end(range.end());
            before.start.cmp(range.start()).then_with(by_end).then(before.row.node.cmp(&row.node)).is_lt()
        });
        self.tables.nodes.add_use(row.node);
        self.written.push_hashed(range.start().clone(), row, entry, &self.tables);
        is_after
    }

    /// The store.
    pub(crate) fn finish(self) -> Store<K> {
        let Self { mut tables, written } = self;
        let tree = written.finish(&tables);
        // A state that was received is joined next, which asks for the fingerprints of all its leaves.
        tree.fingerprint(&tables);
        // The builder's own uses.
        (0..tables.nodes.len() as u32).for_each(|node| tables.nodes.remove_use(node));
        Store { tree, tables: Some(Arc::new(tables)) }
    }
}
