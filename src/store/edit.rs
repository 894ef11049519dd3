//! Changing one registration in the tree.

use std::sync::Arc;

use super::Tables;
use super::leaf::Leaf;
use super::tree::{BRANCH_MAX, Branch, Child, LEAF_MAX, Node};
use crate::key::Key;
use crate::registration::{Entry, RegistrationId};

/// What an edit did to a node.
struct Edited<K> {
    /// How much the sum of the rows' hashes grew; `None` if that was not computed, as nobody knew the sum.
    fingerprint: Option<u64>,
    /// How many rows more there are: 1, 0 or −1.
    rows: isize,
    /// How many records more there are.
    records: isize,
    /// Whether the first row of a leaf went and the next does not begin a leaf by its hash.
    lost_head: bool,
    /// The second half of a node that was split; apart, since there is none nearly always.
    sibling: Option<Box<(K, Child<K>)>>,
}

impl<K: Key> Child<K> {
    fn edit(
        &mut self,
        id: &RegistrationId<K>,
        tables: &mut Tables,
        change: &mut dyn FnMut(&mut Entry),
    ) -> Edited<K> {
        let is_known = self.fingerprint.get().is_some();
        let edited = match &mut self.node {
            Node::Leaf(leaf) => edit_leaf(Arc::make_mut(leaf), id, tables, change, is_known),
            Node::Branch(branch) => Arc::make_mut(branch).edit(id, tables, change),
        };
        match (self.fingerprint.get_mut(), edited.fingerprint, &edited.sibling) {
            (Some(sum), Some(grown), None) => *sum = sum.wrapping_add(grown),
            _ => drop(self.fingerprint.take()),
        }
        self.rows = self.rows.saturating_add_signed(edited.rows);
        self.records = self.records.saturating_add_signed(edited.records);
        if let Some(sibling) = &edited.sibling {
            self.rows -= sibling.1.rows;
            self.records -= sibling.1.records;
        }
        let may_shrink = edited.rows < 0 && self.latest_end == *id.range.upper();
        let is_first = edited.rows > 0 && self.rows == 1;
        if self.rows > 0 && (may_shrink || is_first || edited.sibling.is_some()) {
            self.latest_end = match &self.node {
                Node::Leaf(leaf) => leaf.latest_end(),
                Node::Branch(branch) => branch.latest_end(),
            };
        } else if edited.rows > 0 && self.latest_end < *id.range.upper() {
            self.latest_end = id.range.upper().clone();
        }
        edited
    }
}

/// Changes the entry of a registration in its leaf, inserts it or removes it. The sum of the hashes is followed if it is known.
fn edit_leaf<K: Key>(
    leaf: &mut Leaf<K>,
    id: &RegistrationId<K>,
    tables: &mut Tables,
    change: &mut dyn FnMut(&mut Entry),
    is_known: bool,
) -> Edited<K> {
    let fingerprint = is_known.then_some(0);
    let mut edited = Edited { fingerprint, rows: 0, records: 0, lost_head: false, sibling: None };
    match leaf.find(id, tables) {
        Ok(at) => {
            let row = leaf.row(at, tables);
            let node = row.node_number();
            let mut entry = row.entry();
            let registration = is_known.then(|| row.registration_hash());
            let before = registration.map(|registration| row.hash_after(registration));
            let records_before = entry.records().len();
            change(&mut entry);
            edited.records = entry.records().len() as isize - records_before as isize;
            edited.fingerprint = before.map(u64::wrapping_neg);
            if entry.is_empty() {
                leaf.remove(at);
                tables.nodes.remove_use(node);
                edited.rows = -1;
                edited.lost_head = at == 0 && leaf.len() > 0 && !leaf.is_head(0, tables);
            } else {
                leaf.write(at, entry, tables);
                let after = registration.map(|registration| leaf.row(at, tables).hash_after(registration));
                edited.fingerprint = before.zip(after).map(|(before, after)| after.wrapping_sub(before));
            }
        }
        Err(at) => {
            let mut entry = Entry::default();
            change(&mut entry);
            if entry.is_empty() {
                return edited;
            }
            edited.records = entry.records().len() as isize;
            let node = tables.nodes.intern(&id.node);
            leaf.insert(at, &id.range, node, entry, tables);
            edited.rows = 1;
            edited.fingerprint = is_known.then(|| leaf.row(at, tables).hash());
            // The new row, or the one that was the first, may have to begin a leaf.
            let head = [at, 1].into_iter().find(|head| {
                (1..leaf.len()).contains(head) && (at == 0 || at == *head) && leaf.is_head(*head, tables)
            });
            let cut = head.or((leaf.len() > LEAF_MAX).then_some(leaf.len() / 2));
            edited.sibling = cut.map(|cut| {
                let tail = leaf.split_off(cut);
                Box::new((tail.starts[0].clone(), Child::of_leaf(tail, None)))
            });
        }
    }
    edited
}

impl<K: Key> Branch<K> {
    /// [`edit`](Self::edit) at the root, which grows and shrinks in height.
    pub(super) fn edit_root(
        &mut self,
        id: &RegistrationId<K>,
        tables: &mut Tables,
        change: &mut dyn FnMut(&mut Entry),
    ) {
        if self.children.is_empty() {
            self.push(id.range.start().clone(), Child::of_leaf(Leaf::default(), None));
        }
        let edited = self.edit(id, tables, change);
        if let Some((start, sibling)) = edited.sibling.map(|sibling| *sibling) {
            let first = core::mem::take(self);
            self.push(first.starts[0].clone(), Child::of_branch(first));
            self.push(start, sibling);
        }
        while let [Child { node: Node::Branch(only), .. }] = &mut self.children[..] {
            let only = core::mem::take(Arc::make_mut(only));
            *self = only;
        }
    }

    /// Changes the entry of a registration: an empty one stands for none, before and after. O(log n + its writers).
    fn edit(
        &mut self,
        id: &RegistrationId<K>,
        tables: &mut Tables,
        change: &mut dyn FnMut(&mut Entry),
    ) -> Edited<K> {
        let at = self.child_of(id, tables);
        let child = &mut self.children[at];
        let mut edited = child.edit(id, tables, change);
        if child.rows == 0 {
            self.starts.remove(at);
            self.children.remove(at);
            return edited;
        }
        if self.starts[at] != *child.first_start() {
            self.starts[at] = child.first_start().clone();
        }
        if core::mem::take(&mut edited.lost_head) {
            self.join_with_previous(at);
        }
        if let Some((start, sibling)) = edited.sibling.take().map(|sibling| *sibling) {
            self.starts.insert(at + 1, start);
            self.children.insert(at + 1, sibling);
            edited.sibling = (self.children.len() > BRANCH_MAX).then(|| {
                let middle = self.children.len() / 2;
                let starts = self.starts.drain(middle..);
                let tail: Self = starts.zip(self.children.drain(middle..)).collect();
                Box::new((tail.starts[0].clone(), Child::of_branch(tail)))
            });
        }
        edited
    }

    /// Joins a leaf with the one before it, if that is near and has room.
    fn join_with_previous(&mut self, at: usize) {
        let Some([previous, leaf]) = at.checked_sub(1).and_then(|from| self.children.get(from..=at)) else {
            return;
        };
        let (Some(previous_leaf), Some(leaf)) = (previous.leaf(), leaf.leaf()) else { return };
        if previous_leaf.len() + leaf.len() <= LEAF_MAX {
            let mut joined = previous_leaf.clone();
            joined.extend_from(leaf, 0, leaf.len());
            self.children[at - 1] = Child::of_leaf(joined, None);
            self.starts.remove(at);
            self.children.remove(at);
        }
    }
}
