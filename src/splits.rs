//! The splits: who serves each key, in order, computed from the visible registrations.
//!
//! Nothing here is announced or agreed on. A [sweep](sweep) over the ends of all ranges finds the boundaries at which the
//! owners change; [blocks](block) keep some of them with their owners in order; the [index](index) finds the block of a key and
//! writes anew what a change touches; a [window](window) reads it from a key on, [step by step](walk), and so does a [cover](cover); a [route](route) chooses among the owners of a key;
//! [`Changes`] has what a merge may have changed.

mod block;
mod changes;
mod cover;
mod index;
mod route;
mod sweep;
mod walk;
mod window;

use core::fmt;
use core::iter::FusedIterator;
use core::ops::Deref;

use smallvec::SmallVec;

pub use self::changes::Changes;
pub(crate) use self::changes::RangeCollector;
pub use self::cover::Piece;
pub(crate) use self::cover::cover;
pub(crate) use self::index::SplitIndex;
pub use self::route::Routing;
pub(crate) use self::route::{Candidates, arrange, spread};
use self::window::Cursor;
pub(crate) use self::window::Window;
use crate::id::NodeId;
use crate::key::{Key, KeyRange};
use crate::store::Interner;

/// A node that serves a key, with the priority that orders it among the key's owners.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Owner {
    /// Who serves.
    pub node: NodeId,
    /// The highest priority among the node's registrations that cover the key.
    pub priority: u64,
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.node, self.priority)
    }
}

/// The owners of one key, in order of preference: by priority, the highest first, then by name. A slice of [`Owner`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Owners(SmallVec<[Owner; OWNERS]>);

/// A key of up to this many owners is answered without allocating.
const OWNERS: usize = 8;

impl Deref for Owners {
    type Target = [Owner];

    fn deref(&self) -> &[Owner] {
        &self.0
    }
}

impl Owners {
    /// Adds the next in order.
    fn push(&mut self, owner: Owner) {
        self.0.push(owner);
    }
}

impl FromIterator<Owner> for Owners {
    fn from_iter<I: IntoIterator<Item = Owner>>(owners: I) -> Self {
        Self(owners.into_iter().collect())
    }
}

impl IntoIterator for Owners {
    type Item = Owner;
    type IntoIter = smallvec::IntoIter<[Owner; OWNERS]>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'a> IntoIterator for &'a Owners {
    type Item = &'a Owner;
    type IntoIter = core::slice::Iter<'a, Owner>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

/// A range of keys with the same owners in the same order: a maximal one of a map, or what lies of it in a window.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize),
    serde(bound = "K: Ord + serde::Serialize, O: serde::Serialize")
)]
pub struct Split<K, O = Owners> {
    /// The keys.
    pub range: KeyRange<K>,
    /// Who serves them, in order of preference; never empty. A slice of [`Owner`].
    pub owners: O,
}

impl<K: fmt::Display, O: Deref<Target = [Owner]>> fmt::Display for Split<K, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.range.fmt(f)?;
        self.owners.iter().try_for_each(|owner| write!(f, " {owner}"))
    }
}

/// The splits of a map or of a window, in key order: a view, of which nothing is written out before it is read. Made by
/// [`RangeMap::splits`](crate::RangeMap::splits) and [`RangeMap::splits_in`](crate::RangeMap::splits_in).
#[derive(Clone, Copy)]
pub struct Splits<'a, K> {
    index: &'a SplitIndex<K>,
    names: &'a Interner<NodeId>,
    /// `None` for all keys from the first boundary on, so that nothing has to be known of the least key.
    start: Option<K>,
    end: Option<K>,
}

impl<'a, K: Key> Splits<'a, K> {
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

    /// The splits in key order. The first takes O(log n), and each O(k) for its k owners.
    pub fn iter(&self) -> SplitsIter<'a, K> {
        SplitsIter(self.cursor())
    }

    /// Visits them in order, their owners where they lie: the same as [`iter`](Self::iter) and two to three times as fast, as no owner is
    /// copied for who asks. O(1) for each split and what changes from one to the next, mostly one owner.
    ///
    /// ```
    /// # use crdt_range_map::{KeyRange, RangeMap, ReplicaId};
    /// let mut map = RangeMap::<u64>::new(ReplicaId::new(1));
    /// _ = map.register(&"a".parse()?, &KeyRange::new(0, 100)?)?;
    /// _ = map.register(&"b".parse()?, &KeyRange::new(40, 60)?)?;
    /// let mut longest = 0;
    /// map.splits().for_each(|split| longest = longest.max(split.owners.len()));
    /// assert_eq!(longest, 2);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn for_each(&self, mut visit: impl FnMut(Split<K, &[Owner]>)) {
        let mut cursor = self.cursor();
        while let Some(range) = cursor.step() {
            visit(Split { range, owners: &cursor.owners });
        }
    }
}

/// Whether the same nodes serve the same keys in the same order. O(s + o).
impl<K: Key> PartialEq for Splits<'_, K> {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl<K: Key> Eq for Splits<'_, K> {}

impl<K: Key> fmt::Debug for Splits<'_, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.iter().fmt(f)
    }
}

impl<'a, K: Key> IntoIterator for Splits<'a, K> {
    type Item = Split<K>;
    type IntoIter = SplitsIter<'a, K>;

    fn into_iter(self) -> SplitsIter<'a, K> {
        SplitsIter(Cursor::new(self.into_window()))
    }
}

impl<'a, K: Key> IntoIterator for &Splits<'a, K> {
    type Item = Split<K>;
    type IntoIter = SplitsIter<'a, K>;

    fn into_iter(self) -> SplitsIter<'a, K> {
        self.iter()
    }
}

/// Splits in key order, read one by one. Made by [`Splits::iter`].
#[derive(Clone)]
pub struct SplitsIter<'a, K>(Cursor<'a, K>);

impl<K: Key> Iterator for SplitsIter<'_, K> {
    type Item = Split<K>;

    #[inline]
    fn next(&mut self) -> Option<Split<K>> {
        let range = self.0.step()?;
        Some(Split { range, owners: Owners(SmallVec::from(&self.0.owners[..])) })
    }
}

impl<K: Key> FusedIterator for SplitsIter<'_, K> {}

impl<K: Key> fmt::Debug for SplitsIter<'_, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.clone()).finish()
    }
}
