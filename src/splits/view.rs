//! The splits of a window, read one by one.

use core::fmt;
use core::iter::FusedIterator;

use smallvec::SmallVec;

use super::window::{Cursor, Window};
use super::{Owners, Split, SplitIndex};
use crate::id::NodeId;
use crate::key::{Key, KeyRange};
use crate::store::Interner;

/// What a range of keys holds of the splits, in key order: a view, of which nothing is written out before it is read. Made by
/// [`RangeMap::splits_in`](crate::RangeMap::splits_in).
#[derive(Clone, Copy)]
pub struct SplitsIn<'a, K> {
    index: &'a SplitIndex<K>,
    names: &'a Interner<NodeId>,
    /// `None` for all keys from the first boundary on, so that nothing has to be known of the least key.
    start: Option<K>,
    end: Option<K>,
}

impl<'a, K: Key> SplitsIn<'a, K> {
    pub(crate) fn all(index: &'a SplitIndex<K>, names: &'a Interner<NodeId>) -> Self {
        Self { index, names, start: None, end: None }
    }

    pub(crate) fn within(self, range: &KeyRange<K>) -> Self {
        Self { start: Some(range.start().clone()), end: range.end().cloned(), ..self }
    }

    /// The stretches of those keys.
    pub(crate) fn into_window(self) -> Window<'a, K> {
        Window::new(self.index, self.names, self.start, self.end)
    }

    fn cursor(&self) -> Cursor<'a, K> {
        Cursor::new(self.clone().into_window())
    }

    /// The number of splits. They are counted, in O(s + o) for s splits that have o owners together.
    pub fn len(&self) -> usize {
        let mut count = 0;
        self.for_each(|_| count += 1);
        count
    }

    /// Whether no key has an owner. O(log n), and O(1) for each gap before the first split.
    pub fn is_empty(&self) -> bool {
        self.cursor().step().is_none()
    }

    /// The splits in key order, each with owners of its own. The first takes O(log n), and each O(k) for its k owners.
    pub fn iter(&self) -> SplitsInIter<'a, K> {
        SplitsInIter(self.cursor())
    }

    /// Visits them in order, their owners where they lie: the same as [`iter`](Self::iter) and two to three times as fast, as no owner
    /// is copied for who asks. O(1) for each split and what changes from one to the next, mostly one owner.
    ///
    /// ```
    /// # use crdt_range_map::{KeyRange, RangeMap, ReplicaId};
    /// let mut map = RangeMap::<u64>::new(ReplicaId::new(1));
    /// _ = map.register(&"a".parse()?, &KeyRange::new(0, 100)?)?;
    /// _ = map.register(&"b".parse()?, &KeyRange::new(40, 60)?)?;
    /// let mut longest = 0;
    /// map.splits_in(&KeyRange::new(0, 50)?).for_each(|split| longest = longest.max(split.owners.len()));
    /// assert_eq!(longest, 2);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn for_each(&self, mut visit: impl FnMut(Split<'_, K>)) {
        let mut cursor = self.cursor();
        while let Some(range) = cursor.step() {
            visit(Split { range, owners: &cursor.owners });
        }
    }
}

/// Whether the same nodes serve the same keys in the same order. O(s + o).
impl<K: Key> PartialEq for SplitsIn<'_, K> {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl<K: Key> Eq for SplitsIn<'_, K> {}

impl<K: Key> fmt::Debug for SplitsIn<'_, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.iter().fmt(f)
    }
}

impl<'a, K: Key> IntoIterator for SplitsIn<'a, K> {
    type Item = OwnedSplit<K>;
    type IntoIter = SplitsInIter<'a, K>;

    fn into_iter(self) -> SplitsInIter<'a, K> {
        SplitsInIter(Cursor::new(self.into_window()))
    }
}

impl<'a, K: Key> IntoIterator for &SplitsIn<'a, K> {
    type Item = OwnedSplit<K>;
    type IntoIter = SplitsInIter<'a, K>;

    fn into_iter(self) -> SplitsInIter<'a, K> {
        self.iter()
    }
}

/// A [`Split`] with owners of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(bound = "K: Ord + serde::Serialize"))]
pub struct OwnedSplit<K> {
    /// The keys.
    pub range: KeyRange<K>,
    /// Who serves them, in order of preference; never empty.
    pub owners: Owners,
}

impl<K: fmt::Display> fmt::Display for OwnedSplit<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.range.fmt(f)?;
        self.owners.iter().try_for_each(|owner| write!(f, " {owner}"))
    }
}

/// The splits of a window in key order, read one by one. Made by [`SplitsIn::iter`].
#[derive(Clone)]
pub struct SplitsInIter<'a, K>(Cursor<'a, K>);

impl<K: Key> Iterator for SplitsInIter<'_, K> {
    type Item = OwnedSplit<K>;

    #[inline]
    fn next(&mut self) -> Option<OwnedSplit<K>> {
        let range = self.0.step()?;
        Some(OwnedSplit { range, owners: Owners(SmallVec::from(&self.0.owners[..])) })
    }
}

impl<K: Key> FusedIterator for SplitsInIter<'_, K> {}

impl<K: Key> fmt::Debug for SplitsInIter<'_, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.clone()).finish()
    }
}
