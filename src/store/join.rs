//! Joining two stores: both are walked in step, leaf by leaf where they are equal, row by row where they are not.

mod cursor;
mod observer;
mod side;

use core::cell::RefCell;
use core::cmp::Ordering;

use smallvec::SmallVec;

use self::cursor::{Cursor, Place};
pub(crate) use self::observer::{JoinObserver, Joined, Living, Unobserved};
use self::observer::{report, report_new};
use self::side::Knowledge;
pub(crate) use self::side::Side;
use super::leaf::Leaf;
use super::row::Row;
use super::tree::Child;
use super::write::LeafWriter;
use super::{Store, Tables};
use crate::id::ReplicaId;
use crate::key::Key;
use crate::registration::{Entry, Record};

/// Stands for a number that was not looked up yet.
const UNKNOWN: u32 = u32::MAX;

struct Join<'a, K> {
    tables: &'a mut Tables,
    theirs: &'a Tables,
    cursor: Cursor<'a, K>,
    /// Our numbers for their nodes and writers, as far as they were needed.
    nodes: Vec<u32>,
    writers: Vec<u32>,
    here: Knowledge<'a, K>,
    there: Knowledge<'a, K>,
    written: LeafWriter<K>,
    /// The nodes of rows that went. Their numbers are given free at the end, so that `nodes` stays right.
    unused: Vec<u32>,
    observer: &'a mut dyn JoinObserver<K>,
}

impl<K: Key> Store<K> {
    /// Joins another store into this one.
    ///
    /// O(n/64) for the leaves, and O(1) for each row of those that are not equal on both sides.
    pub(crate) fn join(
        &mut self,
        other: &Self,
        here: Side<'_, K>,
        there: Side<'_, K>,
        observer: &mut dyn JoinObserver<K>,
    ) {
        if self.is_empty() && here.context.is_empty() {
            *self = other.clone();
            self.rows().for_each(|row| {
                observer.differs(row);
                report_new(observer, row);
            });
            return;
        }
        let mut ours = core::mem::take(&mut self.tree).into_parents().into_iter().peekable();
        let leaves = other.tree.leaves();
        let tables = Self::tables_mut(&mut self.tables);
        let mut join = Join {
            nodes: vec![UNKNOWN; other.tables().nodes.len()],
            writers: vec![UNKNOWN; other.tables().writers.len()],
            here: Knowledge::new(here, &other.tables().writers),
            there: Knowledge::new(there, &tables.writers),
            tables,
            theirs: other.tables(),
            cursor: Cursor { leaves: &leaves, before: 0, current: None },
            written: LeafWriter::default(),
            unused: Vec::new(),
            observer,
        };
        join.cursor.go_to_leaf(0);
        join.insert_before(ours.peek().and_then(first_leaf));
        while let Some((start, parent)) = ours.next() {
            if let Some(leaves) = join.count_equal(&parent) {
                join.cursor.go_to_leaf(join.cursor.before + leaves);
                join.written.keep_parent(start, parent, join.tables);
                join.insert_before(ours.peek().and_then(first_leaf));
            } else {
                let mut leaves = parent.into_children().peekable();
                while let Some((start, leaf)) = leaves.next() {
                    join.leaf(start, leaf);
                    let next = leaves.peek().map(|(start, leaf)| (start, leaf));
                    join.insert_before(next.or_else(|| ours.peek().and_then(first_leaf)));
                }
            }
        }
        let Join { written, unused, tables, .. } = join;
        self.tree = written.finish(tables);
        unused.into_iter().for_each(|node| tables.nodes.remove_use(node));
    }
}

/// The first leaf of a branch of leaves.
fn first_leaf<K: Key>((_, parent): &(K, Child<K>)) -> Option<(&K, &Child<K>)> {
    parent.leaves()?.next()
}

impl<K: Key> Join<'_, K> {
    /// Whether a leaf of ours and theirs are equal.
    fn is_equal(&self, ours: &Child<K>, theirs: &Child<K>) -> bool {
        ours.rows == theirs.rows && ours.fingerprint(self.tables) == theirs.fingerprint(self.theirs)
    }

    /// How many leaves a branch of ours has, if they are equal to theirs from the cursor on and can be kept as they are.
    fn count_equal(&self, parent: &Child<K>) -> Option<usize> {
        let theirs = self.cursor.leaves.get(self.cursor.before..)?;
        let leaves = parent.leaves()?;
        let count = leaves.len();
        if self.cursor.current?.at > 0 || theirs.len() < count {
            return None;
        }
        let are_equal = leaves.zip(theirs).all(|((_, ours), (_, theirs))| self.is_equal(ours, theirs));
        let first = parent.leaves()?.next()?.1.leaf()?;
        (are_equal && self.written.is_between_leaves(first, self.tables)).then_some(count)
    }

    /// Joins one of our leaves with all of theirs that comes before its end. The cursor is not before its first row.
    fn leaf(&mut self, start: K, child: Child<K>) {
        if self.cursor.current.is_some_and(|theirs| theirs.at == 0 && self.is_equal(&child, theirs.child)) {
            self.cursor.go_to_leaf(self.cursor.before + 1);
            return self.written.keep(start, child, self.tables);
        }
        let Some(leaf) = child.leaf() else { return };
        // Rows from `kept` up to `at` stay as they are and are not written yet.
        let (mut kept, mut at) = (0, 0);
        while at < leaf.len()
            && let Some(theirs) = self.cursor.current
        {
            match self.order(leaf, at, &theirs) {
                Ordering::Less => {
                    if let Some(after) = self.unless_dropped(leaf, at) {
                        self.written.extend(leaf, kept, at, self.tables);
                        self.replace(leaf, at, after);
                        kept = at + 1;
                    }
                    at += 1;
                }
                Ordering::Greater => {
                    self.written.extend(leaf, kept, at, self.tables);
                    kept = at;
                    self.insert(&theirs);
                }
                Ordering::Equal => {
                    let same = self.count_same(leaf, at, &theirs);
                    if same == 0 {
                        self.observer.differs(theirs.leaf.row(theirs.at, self.theirs));
                    }
                    if same == 0
                        && let Some(joined) = self.joined(leaf, at, &theirs)
                    {
                        self.written.extend(leaf, kept, at, self.tables);
                        self.replace(leaf, at, joined);
                        kept = at + 1;
                    }
                    at += same.max(1);
                    self.cursor.advance(same.max(1));
                }
            }
        }
        while at < leaf.len() {
            if let Some(after) = self.unless_dropped(leaf, at) {
                self.written.extend(leaf, kept, at, self.tables);
                self.replace(leaf, at, after);
                kept = at + 1;
            }
            at += 1;
        }
        if kept == 0 {
            self.written.keep(start, child, self.tables);
        } else {
            self.written.extend(leaf, kept, at, self.tables);
        }
    }

    /// Writes all of theirs that comes before one of our leaves, or all that is left.
    fn insert_before(&mut self, next: Option<(&K, &Child<K>)>) {
        while let Some(theirs) = self.cursor.current {
            if let Some((start, child)) = next {
                // Nearly always both leaves are equal, or their starts decide: then neither is looked into.
                let is_at = theirs.at == 0 && (start < theirs.start || self.is_equal(child, theirs.child));
                if is_at || child.leaf().is_some_and(|leaf| self.order(leaf, 0, &theirs).is_le()) {
                    return;
                }
            }
            self.insert(&theirs);
        }
    }

    /// The order of one of our rows and the one at the cursor.
    #[inline(always)]
    fn order(&mut self, leaf: &Leaf<K>, at: usize, theirs: &Place<'_, K>) -> Ordering {
        let by_start = leaf.starts[at].cmp(&theirs.leaf.starts[theirs.at]);
        if by_start.is_ne() {
            return by_start;
        }
        let (row, their_row) = (&leaf.rows[at], &theirs.leaf.rows[theirs.at]);
        row.cmp_end(their_row.end()).then_with(|| {
            if self.nodes[their_row.node as usize] == row.node {
                return Ordering::Equal;
            }
            let order = self.tables.nodes.get(row.node).cmp(self.theirs.nodes.get(their_row.node));
            if order.is_eq() {
                self.nodes[their_row.node as usize] = row.node;
            }
            order
        })
    }

    /// How many rows from here on are compact and the same on both sides. 0 where our number for a node is not known yet.
    fn count_same(&mut self, leaf: &Leaf<K>, at: usize, theirs: &Place<'_, K>) -> usize {
        if let Some((writer, _)) = theirs.leaf.rows[theirs.at].birth() {
            self.writer(writer);
        }
        let ours = leaf.starts[at..].iter().zip(&leaf.rows[at..]);
        let theirs = theirs.leaf.starts[theirs.at..].iter().zip(&theirs.leaf.rows[theirs.at..]);
        ours.zip(theirs)
            .take_while(|((start, row), (their_start, their_row))| {
                start == their_start && row.is_same(their_row, &self.nodes, &self.writers)
            })
            .count()
    }

    /// Our number for one of their writers.
    #[inline]
    fn writer(&mut self, theirs: u32) -> u32 {
        let known = &mut self.writers[theirs as usize];
        if *known == UNKNOWN {
            *known = self.tables.writer_number(*self.theirs.writers.get(theirs));
        }
        *known
    }

    /// What is left of one of our rows that they lack, `None` if it stays as it is.
    #[inline(always)]
    fn unless_dropped(&self, leaf: &Leaf<K>, at: usize) -> Option<Entry> {
        match leaf.rows[at].birth() {
            Some((writer, birth)) => {
                self.there.has_dropped(leaf, at, self.tables, writer, birth).then(Entry::default)
            }
            None => {
                let row = leaf.row(at, self.tables);
                let entry = self.there.without_dropped(&row);
                let is_whole = entry.records().len() == row.record_count();
                (!is_whole).then_some(entry)
            }
        }
    }

    /// The join of two entries of one registration, `None` if it is as ours.
    fn joined(&mut self, leaf: &Leaf<K>, at: usize, theirs: &Place<'_, K>) -> Option<Entry> {
        let row = leaf.row(at, self.tables);
        let mut entry = row.entry();
        let dropped = |knowledge: &Knowledge<'_, K>, writer: ReplicaId, record: &Record| {
            knowledge.side.has_dropped(|| row.id(), writer, record.birth)
        };
        let stale = RefCell::new(SmallVec::<[(ReplicaId, u64); 1]>::new());
        let theirs = theirs.leaf.row(theirs.at, self.theirs).entry();
        let is_changed = entry.join(
            &theirs,
            |writer, record| {
                let is_dropped = dropped(&self.here, writer, record);
                if is_dropped {
                    stale.borrow_mut().push((writer, record.birth));
                }
                is_dropped
            },
            |writer, record| dropped(&self.there, writer, record),
        );
        for (writer, birth) in stale.into_inner() {
            self.observer.stale(row.id(), writer, birth);
        }
        is_changed.then_some(entry)
    }

    /// Writes one of our rows with another entry, possibly an empty one.
    fn replace(&mut self, leaf: &Leaf<K>, at: usize, entry: Entry) {
        let row = leaf.row(at, self.tables);
        let mut dropped = SmallVec::<[(ReplicaId, u64); 2]>::new();
        row.for_each_record(|writer, record| {
            if entry.get(writer).is_none_or(|left| left.birth != record.birth) {
                dropped.push((writer, record.birth));
            }
        });
        report(self.observer, row, &entry, &dropped);
        if entry.is_empty() {
            self.unused.push(leaf.rows[at].node);
            return;
        }
        let mut row = leaf.rows[at].clone();
        let is_compact = row.write_compact(&entry, |writer| self.tables.writer_number(writer));
        let entry = (!is_compact).then_some(entry);
        self.written.push(leaf.starts[at].clone(), row, entry, at == 0, self.tables);
    }

    /// Writes the row at the cursor, which we lack, unless it was dropped here, and goes on to the next.
    #[inline]
    fn insert(&mut self, theirs: &Place<'_, K>) {
        let row = &theirs.leaf.rows[theirs.at];
        self.observer.differs(theirs.leaf.row(theirs.at, self.theirs));
        match row.birth() {
            None => self.insert_aside(theirs),
            Some((writer, birth)) => {
                if self.here.has_dropped(theirs.leaf, theirs.at, self.theirs, writer, birth) {
                    let row = theirs.leaf.row(theirs.at, self.theirs);
                    self.observer.stale(row.id(), *self.theirs.writers.get(writer), birth);
                } else {
                    let row = row.renumbered(self.node(row.node), self.writer(writer));
                    self.write(theirs, row, None);
                }
            }
        }
        self.cursor.advance(1);
    }

    /// The same for a row that is not compact.
    fn insert_aside(&mut self, theirs: &Place<'_, K>) {
        let row = theirs.leaf.row(theirs.at, self.theirs);
        let entry = self.here.without_dropped(&row);
        if entry.records().len() < row.record_count() {
            row.for_each_record(|writer, record| {
                if entry.get(writer).is_none() {
                    self.observer.stale(row.id(), writer, record.birth);
                }
            });
        }
        if !entry.is_empty() {
            let mut row = row.row.renumbered(self.node(row.row.node), UNKNOWN);
            let is_compact = row.write_compact(&entry, |writer| self.tables.writer_number(writer));
            self.write(theirs, row, (!is_compact).then_some(entry));
        }
    }

    /// Writes a row that we lacked.
    #[inline(always)]
    fn write(&mut self, theirs: &Place<'_, K>, row: Row<K>, entry: Option<Entry>) {
        let start = theirs.leaf.starts[theirs.at].clone();
        self.written.push(start, row, entry, theirs.at == 0, self.tables);
        if let Some(row) = self.written.last(self.tables) {
            report_new(self.observer, row);
        }
    }

    /// Our number for one of their nodes, with one more use.
    #[inline]
    fn node(&mut self, theirs: u32) -> u32 {
        let known = &mut self.nodes[theirs as usize];
        if *known == UNKNOWN {
            *known = self.tables.nodes.intern(self.theirs.nodes.get(theirs));
        } else {
            self.tables.nodes.add_use(*known);
        }
        *known
    }
}
