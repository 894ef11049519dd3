//! Where a join is in the other store.

use crate::key::Key;
use crate::store::leaf::Leaf;
use crate::store::tree::Child;

/// A position in the other store.
pub(super) struct Cursor<'a, K> {
    /// All leaves, with their first starts.
    pub(super) leaves: &'a [(&'a K, &'a Child<K>)],
    /// How many of them come before the current one.
    pub(super) before: usize,
    pub(super) current: Option<Place<'a, K>>,
}

/// A row in a leaf of the other store.
pub(super) struct Place<'a, K> {
    /// The first start of the leaf.
    pub(super) start: &'a K,
    pub(super) child: &'a Child<K>,
    pub(super) leaf: &'a Leaf<K>,
    pub(super) at: usize,
}

impl<K> Clone for Place<'_, K> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<K> Copy for Place<'_, K> {}

impl<K: Key> Cursor<'_, K> {
    #[inline]
    pub(super) fn advance(&mut self, rows: usize) {
        if let Some(place) = &mut self.current {
            place.at += rows;
            if place.at >= place.child.rows {
                self.go_to_leaf(self.before + 1);
            }
        }
    }

    pub(super) fn go_to_leaf(&mut self, before: usize) {
        self.before = before;
        let leaf = self.leaves.get(before).copied();
        self.current =
            leaf.and_then(|(start, child)| Some(Place { start, child, leaf: child.leaf()?, at: 0 }));
    }
}
