//! Parts of a store: places in the order of registrations, and how many registrations with what hash lie before each.
//!
//! The sum of the rows' hashes is known for each subtree, so that of any part is the difference of two such sums on the way
//! down to its ends (Meyer, "Range-based set reconciliation", 2022).

use core::cmp::Ordering;

use super::tree::{Branch, Node, Rows};
use super::{Held, Store, Tables};
use crate::key::Key;
use crate::registration::RegistrationId;

/// A place between registrations, in their order by start, end and node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Bound<K> {
    /// Before all.
    First,
    /// Before all that start at this key or later.
    Start(K),
    /// Right before this registration.
    Id(RegistrationId<K>),
    /// After all.
    Last,
}

/// What there is before a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Before {
    /// How many registrations.
    pub(crate) rows: usize,
    /// The sum of their hashes.
    pub(crate) fingerprint: u64,
}

impl<K: Key> Bound<K> {
    /// Whether that registration comes before this place.
    fn is_after(&self, held: &Held<'_, K>) -> bool {
        match self {
            Self::First => false,
            Self::Start(key) => held.start() < key,
            Self::Id(id) => held.cmp_id(id).is_lt(),
            Self::Last => true,
        }
    }
}

/// A place before a start comes before those among the registrations that start there.
impl<K: Key> Ord for Bound<K> {
    fn cmp(&self, other: &Self) -> Ordering {
        let rank = |bound: &Self| match bound {
            Self::First => 0,
            Self::Start(_) | Self::Id(_) => 1,
            Self::Last => 2,
        };
        let starts = || match (self, other) {
            (Self::Start(ours), Self::Start(theirs)) => ours.cmp(theirs),
            (Self::Start(ours), Self::Id(theirs)) => ours.cmp(theirs.range.start()).then(Ordering::Less),
            (Self::Id(ours), Self::Start(theirs)) => ours.range.start().cmp(theirs).then(Ordering::Greater),
            (Self::Id(ours), Self::Id(theirs)) => ours.cmp(theirs),
            _ => Ordering::Equal,
        };
        rank(self).cmp(&rank(other)).then_with(starts)
    }
}

impl<K: Key> PartialOrd for Bound<K> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<K: Key> Store<K> {
    /// The registrations from one place up to another, in order. O(log n), and O(1) each.
    pub(crate) fn rows_between<'a>(
        &'a self,
        from: &'a Bound<K>,
        to: &'a Bound<K>,
    ) -> impl Iterator<Item = Held<'a, K>> {
        let rows: Option<Rows<'a, K>> = match from {
            Bound::First => Some(self.rows()),
            Bound::Start(key) => Some(self.rows_from(key)),
            Bound::Id(id) => Some(self.tree.rows_from_id(id, self.tables())),
            Bound::Last => None,
        };
        rows.into_iter().flatten().take_while(|held| to.is_after(held))
    }

    /// What lies before a place. O(log n), and O(rows) for each leaf that changed since its hash was last asked for.
    pub(crate) fn before(&self, bound: &Bound<K>) -> Before {
        self.tree.before(bound, self.tables())
    }

    /// The place before the registration with that many before it; [`Bound::Last`] if there is none. O(log n).
    pub(crate) fn bound_at(&self, rank: usize) -> Bound<K> {
        let Some(held) = self.tree.row_at(rank, self.tables()) else { return Bound::Last };
        let previous = rank.checked_sub(1).and_then(|rank| self.tree.row_at(rank, self.tables()));
        if previous.is_some_and(|previous| previous.start() == held.start()) {
            Bound::Id(held.id())
        } else {
            Bound::Start(held.start().clone())
        }
    }

    /// The sum of the hashes of all registrations. O(1), and O(rows) for each leaf that changed since it was last asked for.
    pub(crate) fn fingerprint(&self) -> u64 {
        self.tree.fingerprint(self.tables())
    }
}

impl<K: Key> Branch<K> {
    fn before(&self, bound: &Bound<K>, tables: &Tables) -> Before {
        let at = match bound {
            Bound::First => 0,
            Bound::Start(key) => self.starts.partition_point(|start| start < key).saturating_sub(1),
            Bound::Id(id) => self.child_of(id, tables),
            Bound::Last => self.children.len(),
        };
        let mut before = Before { rows: 0, fingerprint: 0 };
        for child in &self.children[..at] {
            before.rows += child.rows;
            before.fingerprint = before.fingerprint.wrapping_add(child.fingerprint(tables));
        }
        let within = match self.children.get(at).map(|child| &child.node) {
            None => return before,
            Some(Node::Branch(branch)) => branch.before(bound, tables),
            Some(Node::Leaf(leaf)) => {
                let mut within = Before { rows: 0, fingerprint: 0 };
                let rows = (0..leaf.len()).map(|at| leaf.held(at, tables));
                for held in rows.take_while(|held| bound.is_after(held)) {
                    within.rows += 1;
                    within.fingerprint = within.fingerprint.wrapping_add(held.hash());
                }
                within
            }
        };
        before.rows += within.rows;
        before.fingerprint = before.fingerprint.wrapping_add(within.fingerprint);
        before
    }

    fn row_at<'a>(&'a self, mut rank: usize, tables: &'a Tables) -> Option<Held<'a, K>> {
        for child in &self.children {
            if rank < child.rows {
                return match &child.node {
                    Node::Branch(branch) => branch.row_at(rank, tables),
                    Node::Leaf(leaf) => Some(leaf.held(rank, tables)),
                };
            }
            rank -= child.rows;
        }
        None
    }
}
