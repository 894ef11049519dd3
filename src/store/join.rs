//! Joining two stores: both are walked in step, leaf by leaf where they are equal, row by row where they are not.

use core::cmp::Ordering;
use std::sync::Arc;

use super::interner::Interner;
use super::leaf::Leaf;
use super::row::{Held, Row};
use super::tree::Child;
use super::write::LeafWriter;
use super::{Store, Tables};
use crate::delta::{JoinObserver, Joined, Side};
use crate::id::ReplicaId;
use crate::key::Key;
use crate::registration::{Entry, Record};

/// Tells an observer of a changed row.
fn tell<K: Key>(
    observer: &mut impl JoinObserver<K>,
    held: Held<'_, K>,
    entry: Option<&Entry>,
    [before, after]: [Option<u64>; 2],
) {
    observer.joined(Joined { start: held.start, end: held.end(), node: held.node(), entry, before, after });
}

/// Stands for a number that was not looked up yet.
const UNKNOWN: u32 = u32::MAX;

/// What one side knows of the other side's writers.
struct Knowledge<'a, K> {
    side: Side<'a, K>,
    /// For each of the writers, up to where all its dots are known.
    prefixes: Vec<u64>,
    /// Whether the prefixes tell everything.
    is_plain: bool,
}

impl<'a, K: Key> Knowledge<'a, K> {
    fn new(side: Side<'a, K>, writers: &Interner<ReplicaId>) -> Self {
        let prefixes =
            (0..writers.len() as u32).map(|number| side.context.prefix(*writers.get(number))).collect();
        Self { prefixes, is_plain: side.drops.is_empty() && !side.context.has_gaps(), side }
    }

    /// Whether the side, which lacks that compact row, knows that it was dropped.
    fn has_dropped(&self, held: &Held<'_, K>, writer: u32, birth: u64) -> bool {
        birth <= self.prefixes[writer as usize]
            || !self.is_plain && self.side.has_dropped(|| held.id(), *held.tables.writers.get(writer), birth)
    }

    /// An entry without the records that the side lacks and knows to be dropped.
    fn without_dropped(&self, held: &Held<'_, K>) -> Entry {
        let mut entry = held.entry();
        entry.retain(|writer, record| !self.side.has_dropped(|| held.id(), writer, record.birth));
        entry
    }
}

/// A place in the other store.
struct Cursor<'a, K> {
    children: core::slice::Iter<'a, &'a Child<K>>,
    /// The current leaf, and the row in it.
    current: Option<(&'a Child<K>, &'a Leaf<K>)>,
    at: usize,
}

impl<K: Key> Cursor<'_, K> {
    fn advance(&mut self) {
        self.at += 1;
        if self.current.is_some_and(|(_, leaf)| self.at == leaf.len()) {
            self.next_leaf();
        }
    }

    fn next_leaf(&mut self) {
        self.at = 0;
        self.current = self.children.next().and_then(|child| Some((*child, child.leaf()?)));
    }
}

struct Join<'a, K, O> {
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
    released: Vec<u32>,
    observer: &'a mut O,
}

impl<K: Key> Store<K> {
    /// Joins another store into this one.
    ///
    /// O(n/64) for the leaves, and O(1) for each row of those that are not equal on both sides.
    pub(crate) fn join<O: JoinObserver<K>>(
        &mut self,
        other: &Self,
        here: Side<'_, K>,
        there: Side<'_, K>,
        observer: &mut O,
    ) {
        if self.is_empty() && here.context.is_empty() {
            *self = other.clone();
            self.rows().for_each(|held| tell(observer, held, held.entry_aside(), [None, held.priority()]));
            return;
        }
        let ours = core::mem::take(&mut self.tree).into_leaves();
        let children = other.tree.leaves();
        let tables = Arc::make_mut(&mut self.tables);
        let mut join = Join {
            nodes: vec![UNKNOWN; other.tables.nodes.len()],
            writers: vec![UNKNOWN; other.tables.writers.len()],
            here: Knowledge::new(here, &other.tables.writers),
            there: Knowledge::new(there, &tables.writers),
            tables,
            theirs: &other.tables,
            cursor: Cursor { children: children.iter(), current: None, at: 0 },
            written: LeafWriter::default(),
            released: Vec::new(),
            observer,
        };
        join.cursor.next_leaf();
        let mut ours = ours.iter().peekable();
        while let Some((_, child)) = ours.next() {
            if let Some(leaf) = child.leaf() {
                let next = ours.peek().and_then(|(_, child)| child.leaf());
                join.leaf(child, leaf, next);
            }
        }
        while let Some((_, leaf)) = join.cursor.current {
            join.insert(leaf);
        }
        let Join { written, released, tables, .. } = join;
        self.tree = written.finish(tables);
        released.into_iter().for_each(|node| tables.nodes.release(node));
        debug_assert_eq!(self.check(), Ok(()));
    }
}

impl<'a, K: Key, O: JoinObserver<K>> Join<'a, K, O> {
    /// Joins one of our leaves with all of theirs that comes before our next leaf.
    fn leaf(&mut self, child: &Child<K>, leaf: &Leaf<K>, next: Option<&Leaf<K>>) {
        // Rows from `kept` up to `at` stay as they are and are not written yet.
        let (mut kept, mut at) = (0, 0);
        while let Some((their_child, their_leaf)) = self.cursor.current {
            if at == 0
                && self.cursor.at == 0
                && child.fingerprint == their_child.fingerprint
                && child.rows == their_child.rows
            {
                at = leaf.len();
                self.cursor.next_leaf();
                continue;
            }
            let order = if at < leaf.len() {
                self.order(leaf, at, their_leaf)
            } else if next.is_none_or(|next| self.order(next, 0, their_leaf).is_gt()) {
                Ordering::Greater
            } else {
                break;
            };
            match order {
                Ordering::Less => {
                    if let Some(after) = self.unless_dropped(leaf, at) {
                        self.written.extend(child, leaf, kept, at, self.tables);
                        self.replace(leaf, at, after);
                        kept = at + 1;
                    }
                    at += 1;
                }
                Ordering::Greater => {
                    self.written.extend(child, leaf, kept, at, self.tables);
                    kept = at;
                    self.insert(their_leaf);
                }
                Ordering::Equal => {
                    if !self.is_same(&leaf.rows[at], &their_leaf.rows[self.cursor.at])
                        && let Some(joined) = self.joined(leaf, at, their_leaf)
                    {
                        self.written.extend(child, leaf, kept, at, self.tables);
                        self.replace(leaf, at, joined);
                        kept = at + 1;
                    }
                    at += 1;
                    self.cursor.advance();
                }
            }
        }
        while at < leaf.len() {
            if let Some(after) = self.unless_dropped(leaf, at) {
                self.written.extend(child, leaf, kept, at, self.tables);
                self.replace(leaf, at, after);
                kept = at + 1;
            }
            at += 1;
        }
        self.written.extend(child, leaf, kept, at, self.tables);
    }

    /// The order of one of our rows and the one at the cursor.
    fn order(&mut self, leaf: &Leaf<K>, at: usize, their_leaf: &Leaf<K>) -> Ordering {
        let by_start = leaf.starts[at].cmp(&their_leaf.starts[self.cursor.at]);
        if by_start.is_ne() {
            return by_start;
        }
        let (row, their_row) = (&leaf.rows[at], &their_leaf.rows[self.cursor.at]);
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

    /// Whether two rows of one registration are compact and equal.
    fn is_same(&mut self, row: &Row<K>, their_row: &Row<K>) -> bool {
        let (Some((writer, _)), Some((their_writer, _))) = (row.birth(), their_row.birth()) else {
            return false;
        };
        row.same_content(their_row) && self.writer(their_writer) == writer
    }

    /// Our number for one of their writers.
    fn writer(&mut self, theirs: u32) -> u32 {
        let known = &mut self.writers[theirs as usize];
        if *known == UNKNOWN {
            *known = self.tables.writer_number(*self.theirs.writers.get(theirs));
        }
        *known
    }

    /// What is left of one of our rows that they lack, `None` if it stays as it is.
    fn unless_dropped(&self, leaf: &Leaf<K>, at: usize) -> Option<Entry> {
        let held = leaf.held(at, self.tables);
        match leaf.rows[at].birth() {
            Some((writer, birth)) => self.there.has_dropped(&held, writer, birth).then(Entry::default),
            None => {
                let entry = self.there.without_dropped(&held);
                let is_whole = entry.records().len() == held.record_count();
                (!is_whole).then_some(entry)
            }
        }
    }

    /// The join of two entries of one registration, `None` if it is as ours.
    fn joined(&self, leaf: &Leaf<K>, at: usize, their_leaf: &Leaf<K>) -> Option<Entry> {
        let held = leaf.held(at, self.tables);
        let mut entry = held.entry();
        let dropped = |knowledge: &Knowledge<'_, K>, writer: ReplicaId, record: &Record| {
            knowledge.side.has_dropped(|| held.id(), writer, record.birth)
        };
        let theirs = their_leaf.held(self.cursor.at, self.theirs).entry();
        entry
            .join(
                &theirs,
                |writer, record| dropped(&self.here, writer, record),
                |writer, record| dropped(&self.there, writer, record),
            )
            .then_some(entry)
    }

    /// Writes one of our rows with another entry, possibly an empty one.
    fn replace(&mut self, leaf: &Leaf<K>, at: usize, entry: Entry) {
        let held = leaf.held(at, self.tables);
        let priorities = [held.priority(), entry.priority()];
        tell(self.observer, held, Some(&entry), priorities);
        if entry.is_empty() {
            self.released.push(leaf.rows[at].node);
            return;
        }
        let mut row = leaf.rows[at].clone();
        let is_compact = row.write_compact(&entry, |writer| self.tables.writer_number(writer));
        let entry = (!is_compact).then_some(entry);
        self.written.push(leaf.starts[at].clone(), row, entry, at == 0, self.tables);
    }

    /// Writes the row at the cursor, which we lack, unless it was dropped here, and goes on to the next.
    fn insert(&mut self, their_leaf: &Leaf<K>) {
        let held = their_leaf.held(self.cursor.at, self.theirs);
        let (row, entry) = match held.row.birth() {
            Some((writer, birth)) if !self.here.has_dropped(&held, writer, birth) => (Some(writer), None),
            Some(_) => (None, None),
            None => (None, Some(self.here.without_dropped(&held)).filter(|entry| !entry.is_empty())),
        };
        if row.is_some() || entry.is_some() {
            let node = self.node(held.row.node);
            let mut new = held.row.clone();
            new.node = node;
            let aside = match (row, entry) {
                (Some(writer), _) => {
                    new.renumber_writer(self.writer(writer));
                    None
                }
                (None, entry) => entry
                    .filter(|entry| !new.write_compact(entry, |writer| self.tables.writer_number(writer))),
            };
            self.written.push(held.start.clone(), new, aside, self.cursor.at == 0, self.tables);
            if let Some(held) = self.written.last(self.tables) {
                tell(self.observer, held, held.entry_aside(), [None, held.priority()]);
            }
        }
        self.cursor.advance();
    }

    /// Our number for one of their nodes, with one more use.
    fn node(&mut self, theirs: u32) -> u32 {
        let known = &mut self.nodes[theirs as usize];
        if *known == UNKNOWN {
            *known = self.tables.nodes.intern(self.theirs.nodes.get(theirs));
        } else {
            self.tables.nodes.reuse(*known);
        }
        *known
    }
}
