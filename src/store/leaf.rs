//! A leaf of the tree: a short run of registrations in columns, the starts apart, so that a search touches little memory.

use super::row::{Row, RowRef};
use super::{Tables, fingerprint};
use crate::id::ReplicaId;
use crate::key::{End, Key, KeyRange};
use crate::registration::{Entry, RegistrationId};

/// Fewer rows than this are copied one by one: a call to copy memory would cost more.
const COPIED_MIN: usize = 6;

/// Registrations in order, each once; never none, once it is in a tree.
#[derive(Clone, Debug)]
pub(super) struct Leaf<K> {
    pub(super) starts: Vec<K>,
    pub(super) rows: Vec<Row<K>>,
    /// The entries of the rows that are not compact, in no order; each belongs to one row.
    pub(super) aside: Vec<Entry>,
}

impl<K> Default for Leaf<K> {
    fn default() -> Self {
        Self { starts: Vec::new(), rows: Vec::new(), aside: Vec::new() }
    }
}

impl<K> Leaf<K> {
    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    /// How many records the rows have. O(those aside).
    pub(super) fn records(&self) -> usize {
        let aside: usize = self.aside.iter().map(|entry| entry.records().len()).sum();
        self.rows.len() - self.aside.len() + aside
    }

    pub(super) fn row<'a>(&'a self, at: usize, tables: &'a Tables) -> RowRef<'a, K> {
        RowRef { start: &self.starts[at], row: &self.rows[at], aside: &self.aside, tables }
    }
}

impl<K: Key> Leaf<K> {
    /// Where that registration is, or where it would have to be inserted. O(log n).
    pub(super) fn find(&self, id: &RegistrationId<K>, tables: &Tables) -> Result<usize, usize> {
        let start = id.range.start();
        let from = self.starts.partition_point(|other| other < start);
        let rest = &self.starts[from..];
        // Few registrations begin at one key, nearly always.
        let equal = match rest {
            [first, second, ..] if first == start && second == start => {
                rest.partition_point(|other| other == start)
            }
            [first, ..] if first == start => 1,
            _ => 0,
        };
        let found = self.rows[from..from + equal].binary_search_by(|row| {
            row.cmp_end(id.range.end()).then_with(|| tables.nodes.get(row.node).cmp(&id.node))
        });
        found.map(|at| from + at).map_err(|at| from + at)
    }

    /// Inserts a registration. O(n).
    pub(super) fn insert(
        &mut self,
        at: usize,
        range: &KeyRange<K>,
        node: u32,
        entry: Entry,
        tables: &mut Tables,
    ) {
        if self.rows.len() == self.rows.capacity() {
            // Less than doubling: most of a state's memory is in its leaves.
            let more = (self.rows.len() / 8).max(4);
            self.starts.reserve_exact(more);
            self.rows.reserve_exact(more);
        }
        let mut row = Row::new(range, node);
        if !row.write_compact(&entry, |writer| tables.writer_number(writer)) {
            row.write_aside_index(self.aside.len());
            self.aside.push(entry);
        }
        self.starts.insert(at, range.start().clone());
        self.rows.insert(at, row);
    }

    /// Writes other records for a registration. O(1), and O(n) if they fit into the row now and did not before.
    pub(super) fn write(&mut self, at: usize, entry: Entry, tables: &mut Tables) {
        let index = self.rows[at].aside_index();
        let is_compact = self.rows[at].write_compact(&entry, |writer| tables.writer_number(writer));
        match index {
            Some(index) if is_compact => self.remove_aside(index),
            Some(index) => self.aside[index] = entry,
            None if is_compact => {}
            None => {
                self.rows[at].write_aside_index(self.aside.len());
                self.aside.push(entry);
            }
        }
    }

    /// Removes a registration. O(n).
    pub(super) fn remove(&mut self, at: usize) {
        let index = self.rows[at].aside_index();
        self.starts.remove(at);
        self.rows.remove(at);
        if let Some(index) = index {
            self.remove_aside(index);
        }
    }

    /// Removes an entry to which no row points any more, and puts the last one into its place.
    fn remove_aside(&mut self, index: usize) {
        self.aside.swap_remove(index);
        let last = self.aside.len();
        if let Some(row) = self.rows.iter_mut().find(|row| row.aside_index() == Some(last)) {
            row.write_aside_index(index);
        }
    }

    /// Appends rows of another leaf that come after all that are here. O(number of rows).
    pub(super) fn extend_from(&mut self, other: &Self, from: usize, to: usize) {
        let begin = self.rows.len();
        if to - from < COPIED_MIN {
            for at in from..to {
                self.starts.push(other.starts[at].clone());
                self.rows.push(other.rows[at].clone());
            }
        } else {
            self.starts.extend_from_slice(&other.starts[from..to]);
            self.rows.extend_from_slice(&other.rows[from..to]);
        }
        if !other.aside.is_empty() {
            for row in &mut self.rows[begin..] {
                if let Some(index) = row.aside_index() {
                    row.write_aside_index(self.aside.len());
                    self.aside.push(other.aside[index].clone());
                }
            }
        }
    }

    /// Appends one row that comes after all that are here, compact or with its entry.
    pub(super) fn push(&mut self, start: K, mut row: Row<K>, entry: Option<Entry>) {
        if let Some(entry) = entry {
            row.write_aside_index(self.aside.len());
            self.aside.push(entry);
        }
        self.starts.push(start);
        self.rows.push(row);
    }

    /// Removes all rows, and keeps the memory.
    pub(super) fn clear(&mut self) {
        self.starts.clear();
        self.rows.clear();
        self.aside.clear();
    }

    /// Takes the rows from `at` on into a leaf of their own. O(n).
    pub(super) fn split_off(&mut self, at: usize) -> Self {
        let mut tail = Self::default();
        tail.extend_from(self, at, self.len());
        let mut head = Self::default();
        head.extend_from(self, 0, at);
        *self = head;
        tail
    }

    /// The hash of all that is in the leaf, the sum of its rows' hashes. O(n).
    pub(super) fn fingerprint(&self, tables: &Tables) -> u64 {
        (0..self.len()).fold(0, |sum: u64, at| sum.wrapping_add(self.row(at, tables).hash()))
    }

    /// The greatest of the ends. O(n).
    pub(super) fn latest_end(&self) -> End<K> {
        let mut latest: Option<&K> = None;
        for row in &self.rows {
            match row.end() {
                None => return End::Unbounded,
                Some(end) if latest.is_none_or(|latest| latest < end) => latest = Some(end),
                Some(_) => {}
            }
        }
        latest.cloned().map_or(End::Unbounded, End::Before)
    }

    /// Whether that row begins a leaf by its hash.
    pub(super) fn is_head(&self, at: usize, tables: &Tables) -> bool {
        fingerprint::is_head(self.row(at, tables).registration_hash())
    }

    /// The invariants: rows in order, entries aside that belong to one row each and do not fit into it.
    pub(super) fn check(&self, tables: &Tables) -> Result<(), &'static str> {
        if self.starts.len() != self.rows.len() || self.rows.is_empty() {
            return Err("an empty leaf, or columns of different lengths");
        }
        if (1..self.len()).any(|at| self.row(at - 1, tables).cmp_row(&self.row(at, tables)).is_ge()) {
            return Err("registrations out of order");
        }
        let mut indexes: Vec<usize> = self.rows.iter().filter_map(Row::aside_index).collect();
        indexes.sort_unstable();
        if !indexes.into_iter().eq(0..self.aside.len()) {
            return Err("an entry aside that is not one row's");
        }
        let fits = |entry: &Entry| {
            Row::new(&KeyRange::from_start(self.starts[0].clone()), 0).write_compact(entry, |_: ReplicaId| 0)
        };
        if self.aside.iter().any(|entry| entry.is_empty() || fits(entry)) {
            return Err("an entry aside that is empty or fits into its row");
        }
        Ok(())
    }
}
