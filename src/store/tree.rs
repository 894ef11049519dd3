//! The tree: leaves of registrations in order, below branches that know how many there are, their hash, and their latest end.
//!
//! It is a B+-tree whose leaves begin where the *content* says so: at each registration whose hash has its first six bits zero.
//! So two states that hold the same in some part of the key space have equal leaves there, whatever their history, and a join
//! compares leaves by their fingerprints and skips those that are equal. (Content-defined boundaries: Muthitacharoen, Chen and
//! Mazières, "A low-bandwidth network file system", 2001; in ordered trees: Auvolat and Taïani, "Merkle search trees", 2019.)
//! A leaf has 64 rows in the mean and at most [`LEAF_MAX`]: where no registration begins a leaf for so long, or where somebody
//! chose them so, a leaf is split in the middle; then a join compares rows there. Branches are split when they are full,
//! wherever that is, so the height is O(log n) for any content. What becomes empty is removed, what becomes small stays
//! (Johnson and Shasha, "B-trees with inserts and deletes: why free-at-empty is better than merge-at-half", 1993).
//!
//! Nodes are shared: a copy of a tree is O(1) for each child of the root, and what is changed in one copy is copied before.

use core::cmp::Ordering;
use std::sync::{Arc, OnceLock};

use smallvec::{SmallVec, smallvec};

use super::Tables;
use super::leaf::Leaf;
use super::row::RowRef;
use crate::key::{End, Key};
use crate::registration::RegistrationId;

/// The most rows of a leaf.
pub(super) const LEAF_MAX: usize = 512;

/// The most children of a branch.
pub(super) const BRANCH_MAX: usize = 64;

/// Children in order, with their first starts apart, so that a search touches little memory.
#[derive(Clone, Debug)]
pub(super) struct Branch<K> {
    // The tree of an operation's delta is one leaf, for which the root takes no memory apart.
    pub(super) starts: SmallVec<[K; 1]>,
    pub(super) children: SmallVec<[Child<K>; 1]>,
}

/// A leaf or branch with what is known of all that is below it.
#[derive(Clone, Debug)]
pub(super) struct Child<K> {
    pub(super) rows: usize,
    /// How many records the rows have.
    pub(super) records: usize,
    /// The sum of the rows' hashes, computed when it is first asked for and followed from then on, until rows are moved.
    pub(super) fingerprint: OnceLock<u64>,
    pub(super) latest_end: End<K>,
    pub(super) node: Node<K>,
}

#[derive(Clone, Debug)]
pub(super) enum Node<K> {
    Leaf(Arc<Leaf<K>>),
    Branch(Arc<Branch<K>>),
}

impl<K> Default for Branch<K> {
    fn default() -> Self {
        Self { starts: SmallVec::new(), children: SmallVec::new() }
    }
}

impl<K: Key> Child<K> {
    /// A leaf with the sum of its rows' hashes, if it is known.
    pub(super) fn of_leaf(leaf: Leaf<K>, fingerprint: Option<u64>) -> Self {
        let (rows, records, latest_end) = (leaf.len(), leaf.records(), leaf.latest_end());
        let fingerprint = fingerprint.map_or_else(OnceLock::new, OnceLock::from);
        Self { rows, records, fingerprint, latest_end, node: Node::Leaf(Arc::new(leaf)) }
    }

    pub(super) fn of_branch(branch: Branch<K>) -> Self {
        let (rows, records, latest_end) = (branch.rows(), branch.records(), branch.latest_end());
        Self { rows, records, fingerprint: OnceLock::new(), latest_end, node: Node::Branch(Arc::new(branch)) }
    }

    /// The sum of the hashes of all rows below. O(1), and O(rows) for each leaf that changed since it was last asked for.
    pub(super) fn fingerprint(&self, tables: &Tables) -> u64 {
        *self.fingerprint.get_or_init(|| match &self.node {
            Node::Leaf(leaf) => leaf.fingerprint(tables),
            Node::Branch(branch) => branch.fingerprint(tables),
        })
    }

    /// The leaf; only a branch that is no parent of leaves has other children.
    pub(super) fn leaf(&self) -> Option<&Leaf<K>> {
        match &self.node {
            Node::Leaf(leaf) => Some(leaf),
            Node::Branch(_) => None,
        }
    }

    /// The leaves right below, with their first starts, if there are any.
    pub(super) fn leaves(&self) -> Option<impl ExactSizeIterator<Item = (&K, &Self)>> {
        match &self.node {
            Node::Branch(branch) if branch.children[0].leaf().is_some() => {
                Some(branch.starts.iter().zip(&branch.children))
            }
            _ => None,
        }
    }

    /// The nodes right below, with their first starts. O(children); copies a branch that is shared.
    pub(super) fn into_children(self) -> impl Iterator<Item = (K, Self)> {
        let Branch { starts, children } = match self.node {
            Node::Branch(branch) => Arc::unwrap_or_clone(branch),
            Node::Leaf(_) => Branch::default(),
        };
        starts.into_iter().zip(children)
    }

    pub(super) fn first_start(&self) -> &K {
        match &self.node {
            Node::Leaf(leaf) => &leaf.starts[0],
            Node::Branch(branch) => &branch.starts[0],
        }
    }

    /// The order of the first row and that registration.
    fn cmp_first(&self, id: &RegistrationId<K>, tables: &Tables) -> Ordering {
        match &self.node {
            Node::Leaf(leaf) => leaf.row(0, tables).cmp_id(id),
            Node::Branch(branch) => branch.children[0].cmp_first(id, tables),
        }
    }
}

impl<K: Key> Branch<K> {
    /// A tree above those leaves, or those branches of one height. O(their number).
    pub(super) fn above(mut level: Vec<(K, Child<K>)>) -> Self {
        while level.len() > BRANCH_MAX {
            level = parents_of(level).collect();
        }
        level.into_iter().collect()
    }

    /// The branches whose children are leaves, in order, with their first starts; for few leaves, one that was made for them.
    /// O(branches); copies the branches above that are shared.
    pub(super) fn into_parents(self) -> Vec<(K, Child<K>)> {
        if self.children.iter().all(|child| child.leaf().is_some()) {
            let start = self.starts.first().cloned();
            return start.map(|start| (start, Child::of_branch(self))).into_iter().collect();
        }
        let mut level: Vec<(K, Child<K>)> = self.starts.into_iter().zip(self.children).collect();
        while level.iter().any(|(_, child)| child.leaves().is_none()) {
            level = level.into_iter().flat_map(|(_, child)| child.into_children()).collect();
        }
        level
    }

    /// The leaves in order, with their first starts, borrowed. O(leaves).
    pub(super) fn leaves(&self) -> Vec<(&K, &Child<K>)> {
        let mut level: Vec<(&K, &Child<K>)> = self.starts.iter().zip(&self.children).collect();
        while let Some((_, Child { node: Node::Branch(_), .. })) = level.first() {
            let mut below = Vec::with_capacity(level.len() * BRANCH_MAX);
            for (_, child) in level {
                if let Node::Branch(branch) = &child.node {
                    below.extend(branch.starts.iter().zip(&branch.children));
                }
            }
            level = below;
        }
        level
    }

    /// The sum of the hashes of all rows. O(children), and O(rows) for each leaf that changed since it was last asked for.
    pub(super) fn fingerprint(&self, tables: &Tables) -> u64 {
        self.children.iter().fold(0, |sum: u64, child| sum.wrapping_add(child.fingerprint(tables)))
    }

    pub(super) fn latest_end(&self) -> End<K> {
        self.children.iter().map(|child| &child.latest_end).max().cloned().unwrap_or(End::Unbounded)
    }

    /// The child in which that registration is, or would have to be inserted; 0 if there is none. O(log n).
    pub(super) fn child_of(&self, id: &RegistrationId<K>, tables: &Tables) -> usize {
        let start = id.range.start();
        let after = self.starts.partition_point(|other| other <= start);
        let is_ambiguous = after > 1 && self.starts[after - 1] == *start;
        if !is_ambiguous {
            return after.saturating_sub(1);
        }
        // Many registrations may begin at one key.
        let from = self.starts[..after].partition_point(|other| other < start).max(1);
        let same = &self.children[from..after];
        from + same.partition_point(|child| child.cmp_first(id, tables).is_le()) - 1
    }

    /// The registration, if it is held. O(log n).
    pub(super) fn find<'a>(&'a self, id: &RegistrationId<K>, tables: &'a Tables) -> Option<RowRef<'a, K>> {
        let mut branch = self;
        loop {
            match &branch.children.get(branch.child_of(id, tables))?.node {
                Node::Branch(below) => branch = below,
                Node::Leaf(leaf) => return leaf.find(id, tables).ok().map(|at| leaf.row(at, tables)),
            }
        }
    }

    pub(super) fn push(&mut self, start: K, child: Child<K>) {
        self.starts.push(start);
        self.children.push(child);
    }

    /// The rows in order, from the first that starts at `from` or later. O(log n), and O(1) a row.
    pub(super) fn rows_from<'a>(&'a self, from: &K, tables: &'a Tables) -> Rows<'a, K> {
        let mut rows = Rows { above: SmallVec::new(), leaf: None, tables };
        let mut branch = self;
        loop {
            // A child whose first start is `from` may follow one with rows of that start.
            let after = branch.starts.partition_point(|start| start < from).max(1);
            let mut below = branch.children.get(after - 1..).unwrap_or_default().iter();
            let child = below.next();
            rows.above.push(below);
            match child.map(|child| &child.node) {
                None => return rows,
                Some(Node::Branch(below)) => branch = below,
                Some(Node::Leaf(leaf)) => {
                    rows.leaf = Some((leaf, leaf.starts.partition_point(|start| start < from)));
                    return rows;
                }
            }
        }
    }

    /// The rows in order, from that registration or the first after it. O(log n), and O(1) a row.
    pub(super) fn rows_from_id<'a>(&'a self, from: &RegistrationId<K>, tables: &'a Tables) -> Rows<'a, K> {
        let mut rows = Rows { above: SmallVec::new(), leaf: None, tables };
        let mut branch = self;
        loop {
            let mut below = branch.children.get(branch.child_of(from, tables)..).unwrap_or_default().iter();
            let child = below.next();
            rows.above.push(below);
            match child.map(|child| &child.node) {
                None => return rows,
                Some(Node::Branch(below)) => branch = below,
                Some(Node::Leaf(leaf)) => {
                    let (Ok(at) | Err(at)) = leaf.find(from, tables);
                    rows.leaf = Some((leaf, at));
                    return rows;
                }
            }
        }
    }

    /// Visits the rows that start at or before `key` and end after it, in order. O(k + log n) leaves for k such rows.
    pub(super) fn stab<'a>(&'a self, key: &K, tables: &'a Tables, visit: &mut dyn FnMut(RowRef<'a, K>)) {
        let until = self.starts.partition_point(|start| start <= key);
        for child in &self.children[..until] {
            if !ends_after(&child.latest_end, key) {
                continue;
            }
            match &child.node {
                Node::Branch(branch) => branch.stab(key, tables, visit),
                Node::Leaf(leaf) => {
                    let until = leaf.starts.partition_point(|start| start <= key);
                    for (at, row) in leaf.rows[..until].iter().enumerate() {
                        if row.end().is_none_or(|end| end > key) {
                            visit(leaf.row(at, tables));
                        }
                    }
                }
            }
        }
    }

    /// The invariants of the whole tree: order, sums and bounds of all children, and that heads begin leaves. O(n).
    pub(super) fn check(&self, tables: &Tables) -> Result<(), &'static str> {
        if self.starts.len() != self.children.len() || self.children.len() > BRANCH_MAX {
            return Err("a branch with too many children, or columns of different lengths");
        }
        for (start, child) in self.starts.iter().zip(&self.children) {
            let (rows, records, fingerprint, latest_end) = match &child.node {
                Node::Leaf(leaf) => {
                    leaf.check(tables)?;
                    if leaf.len() > LEAF_MAX || (1..leaf.len()).any(|at| leaf.is_head(at, tables)) {
                        return Err("a leaf that should be two");
                    }
                    (leaf.len(), leaf.records(), leaf.fingerprint(tables), leaf.latest_end())
                }
                Node::Branch(branch) => {
                    branch.check(tables)?;
                    (branch.rows(), branch.records(), branch.fingerprint(tables), branch.latest_end())
                }
            };
            if child.first_start() != start || rows == 0 {
                return Err("a child that begins elsewhere or is empty");
            }
            if (child.rows, child.records) != (rows, records)
                || child.fingerprint.get().is_some_and(|known| *known != fingerprint)
                || child.latest_end != latest_end
            {
                return Err("a child's count, fingerprint or latest end");
            }
        }
        let mut rows = self.all_rows(tables);
        let mut before = rows.next();
        for row in rows {
            if before.is_some_and(|before| before.cmp_row(&row).is_ge()) {
                return Err("leaves out of order");
            }
            before = Some(row);
        }
        Ok(())
    }
}

impl<K> Branch<K> {
    pub(super) fn rows(&self) -> usize {
        self.children.iter().map(|child| child.rows).sum()
    }

    pub(super) fn records(&self) -> usize {
        self.children.iter().map(|child| child.records).sum()
    }

    /// Visits all rows in order. O(1) each.
    pub(super) fn for_each<'a>(&'a self, tables: &'a Tables, visit: &mut dyn FnMut(RowRef<'a, K>)) {
        for child in &self.children {
            match &child.node {
                Node::Branch(branch) => branch.for_each(tables, visit),
                Node::Leaf(leaf) => (0..leaf.len()).for_each(|at| visit(leaf.row(at, tables))),
            }
        }
    }

    /// All rows in order. O(1) each.
    pub(super) fn all_rows<'a>(&'a self, tables: &'a Tables) -> Rows<'a, K> {
        Rows { above: smallvec![self.children.iter()], leaf: None, tables }
    }
}

impl<K: Key> FromIterator<(K, Child<K>)> for Branch<K> {
    fn from_iter<I: IntoIterator<Item = (K, Child<K>)>>(children: I) -> Self {
        let children = children.into_iter();
        let mut branch = Self::default();
        branch.starts.reserve_exact(children.size_hint().0);
        branch.children.reserve_exact(children.size_hint().0);
        children.for_each(|(start, child)| branch.push(start, child));
        branch
    }
}

/// Branches of those children, each of about the same size. O(children).
pub(super) fn parents_of<K: Key>(children: Vec<(K, Child<K>)>) -> impl Iterator<Item = (K, Child<K>)> {
    let size = children.len().div_ceil(children.len().div_ceil(BRANCH_MAX).max(1));
    let mut children = children.into_iter().peekable();
    core::iter::from_fn(move || {
        let start = children.peek()?.0.clone();
        Some((start, Child::of_branch(children.by_ref().take(size).collect())))
    })
}

fn ends_after<K: Ord>(end: &End<K>, key: &K) -> bool {
    match end {
        End::Before(end) => end > key,
        End::Unbounded => true,
    }
}

/// The rows of a tree in order. See [`Branch::rows_from`].
#[derive(Clone)]
pub(crate) struct Rows<'a, K> {
    /// What is still to be visited of each branch above the current leaf, the root's first.
    above: SmallVec<[core::slice::Iter<'a, Child<K>>; 4]>,
    leaf: Option<(&'a Leaf<K>, usize)>,
    tables: &'a Tables,
}

impl<'a, K> Iterator for Rows<'a, K> {
    type Item = RowRef<'a, K>;

    fn next(&mut self) -> Option<RowRef<'a, K>> {
        loop {
            if let Some((leaf, at)) = &mut self.leaf
                && *at < leaf.len()
            {
                let row = leaf.row(*at, self.tables);
                *at += 1;
                return Some(row);
            }
            match self.above.last_mut()?.next().map(|child| &child.node) {
                None => drop(self.above.pop()),
                Some(Node::Branch(branch)) => self.above.push(branch.children.iter()),
                Some(Node::Leaf(leaf)) => self.leaf = Some((leaf, 0)),
            }
        }
    }
}
