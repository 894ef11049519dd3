//! Building a tree from rows that come in order: what a join and the decoder do.

use super::leaf::Leaf;
use super::row::{Row, RowRef};
use super::tree::{Branch, Child, LEAF_MAX, parents_of};
use super::{Tables, fingerprint};
use crate::key::Key;
use crate::registration::Entry;

/// Collects rows in order and cuts them into leaves, each where it should begin.
pub(super) struct LeafWriter<K> {
    /// Branches of leaves that come before all that follows.
    parents: Vec<(K, Child<K>)>,
    done: Vec<(K, Child<K>)>,
    pending: Leaf<K>,
    /// The sum of the pending rows' hashes, if all of them were added as they came.
    sum: Option<u64>,
}

impl<K> Default for LeafWriter<K> {
    fn default() -> Self {
        Self { parents: Vec::new(), done: Vec::new(), pending: Leaf::default(), sum: Some(0) }
    }
}

impl<K: Key> LeafWriter<K> {
    /// Appends a row, compact or with its entry. `may_head` is whether it may begin a leaf.
    #[inline]
    pub(super) fn push(
        &mut self,
        start: K,
        row: Row<K>,
        entry: Option<Entry>,
        may_head: bool,
        tables: &Tables,
    ) {
        self.pending.push(start, row, entry);
        self.sum = None;
        let at = self.pending.len() - 1;
        if at > 0 && (at == LEAF_MAX || may_head && self.pending.is_head(at, tables)) {
            self.cut_before_last(tables);
        }
    }

    /// [`push`](Self::push) for a store whose fingerprints are asked for next: with the hash that decides whether the row begins a
    /// leaf, the sum of the leaf's hashes costs little more.
    #[inline]
    pub(super) fn push_hashed(&mut self, start: K, row: Row<K>, entry: Option<Entry>, tables: &Tables) {
        self.pending.push(start, row, entry);
        let at = self.pending.len() - 1;
        let row = self.pending.row(at, tables);
        let registration = row.registration_hash();
        let hash = row.hash_after(registration);
        if at > 0 && (at == LEAF_MAX || fingerprint::is_head(registration)) {
            self.cut_before_last(tables);
            self.sum = Some(0);
        }
        self.sum = self.sum.map(|sum| sum.wrapping_add(hash));
    }

    fn cut_before_last(&mut self, tables: &Tables) {
        let last = self.pending.split_off(self.pending.len() - 1);
        self.cut(tables);
        self.pending.extend_from(&last, 0, 1);
    }

    /// The row that was appended last.
    pub(super) fn last<'a>(&'a self, tables: &'a Tables) -> Option<RowRef<'a, K>> {
        let at = self.pending.len().checked_sub(1)?;
        Some(self.pending.row(at, tables))
    }

    /// Appends rows of a leaf of the same store.
    pub(super) fn extend(&mut self, leaf: &Leaf<K>, from: usize, to: usize, tables: &Tables) {
        if from < to {
            let has_room = self.pending.len() + (to - from) <= LEAF_MAX;
            if !has_room || from == 0 && self.pending.len() > 0 && leaf.is_head(0, tables) {
                self.cut(tables);
            }
            self.pending.extend_from(leaf, from, to);
            self.sum = None;
        }
    }

    /// Appends a whole leaf of the same store, as it is if it begins where a leaf should.
    pub(super) fn keep(&mut self, start: K, child: Child<K>, tables: &Tables) {
        if self.pending.len() > 0
            && let Some(leaf) = child.leaf()
        {
            if !leaf.is_head(0, tables) {
                return self.extend(leaf, 0, leaf.len(), tables);
            }
            self.cut(tables);
        }
        self.done.push((start, child));
    }

    /// Whether a leaf would begin here, if its first row came next.
    pub(super) fn is_between_leaves(&self, next: &Leaf<K>, tables: &Tables) -> bool {
        self.pending.len() == 0 || next.is_head(0, tables)
    }

    /// Appends a whole branch of leaves of the same store, as it is. Its first leaf begins [here](Self::is_between_leaves).
    pub(super) fn keep_parent(&mut self, start: K, parent: Child<K>, tables: &Tables) {
        self.cut(tables);
        self.parents.extend(parents_of(core::mem::take(&mut self.done)));
        self.parents.push((start, parent));
    }

    /// The tree of all that was written.
    pub(super) fn finish(mut self, tables: &Tables) -> Branch<K> {
        self.cut(tables);
        if self.parents.is_empty() {
            return Branch::above(self.done);
        }
        self.parents.extend(parents_of(self.done));
        Branch::above(self.parents)
    }

    /// Ends the leaf that is being written.
    fn cut(&mut self, tables: &Tables) {
        if self.pending.len() == 0 {
            return;
        }
        if !self.pending.is_head(0, tables)
            && let Some((_, before)) = self.done.last()
            && let Some(before) = before.leaf()
            && before.len() + self.pending.len() <= LEAF_MAX
        {
            // The row that began this leaf is gone, so it belongs to the leaf before.
            let mut joined = before.clone();
            joined.extend_from(&self.pending, 0, self.pending.len());
            self.pending = joined;
            self.sum = None;
            self.done.pop();
        }
        // Copied, so that no memory is left over and the next leaf is written where this one was.
        let leaf = self.pending.clone();
        self.pending.clear();
        self.done.push((leaf.starts[0].clone(), Child::of_leaf(leaf, self.sum)));
    }
}
