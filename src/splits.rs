//! The splits: who serves each key, in order, computed from the visible registrations.
//!
//! Nothing here is announced or agreed on. A [sweep](sweep) over the ends of all ranges finds the boundaries at which the
//! owners change; [blocks](block) keep some of them with their owners in order; the [index](index) finds the block of a key and
//! writes anew what a change touches; a [window](window) reads it from a key on, [step by step](walk), and so do a [view](view) and
//! a [cover](cover); a [route](route) chooses among the owners of a key; an [answer](answer) has all these questions; [`Splits`] is all of them written out; [`Changes`] has
//! what a merge may have changed.

mod answer;
mod block;
mod changes;
mod cover;
mod index;
mod route;
mod sweep;
mod view;
mod walk;
mod window;

use core::fmt;
use core::iter::FusedIterator;
use core::ops::{Deref, Range};

use smallvec::SmallVec;

pub use self::answer::Answer;
pub use self::changes::Changes;
pub(crate) use self::changes::RangeCollector;
pub use self::cover::Piece;
use self::cover::cover;
pub(crate) use self::index::{Source, SplitIndex};
pub use self::route::Routing;
use self::route::{Candidate, Candidates, spread};
pub use self::view::{OwnedSplit, SplitsIn, SplitsInIter};
use self::window::Window;
use crate::id::NodeId;
use crate::key::{Key, KeyRange};

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
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(bound = "K: Ord + serde::Serialize"))]
pub struct Split<'a, K> {
    /// The keys.
    pub range: KeyRange<K>,
    /// Who serves them, in order of preference; never empty.
    pub owners: &'a [Owner],
}

impl<K: fmt::Display> fmt::Display for Split<'_, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.range.fmt(f)?;
        self.owners.iter().try_for_each(|owner| write!(f, " {owner}"))
    }
}

/// Every split of a map, in key order. Made by [`RangeMap::splits`](crate::RangeMap::splits).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Splits<K> {
    /// The splits, each with the index at which its owners end.
    ranges: Vec<(KeyRange<K>, usize)>,
    owners: Vec<Owner>,
}

impl<K: Key> Splits<K> {
    /// Writes them out.
    pub(crate) fn of(view: &SplitsIn<'_, K>) -> Self {
        let mut splits = Self { ranges: Vec::new(), owners: Vec::new() };
        view.for_each(|split| {
            splits.owners.extend_from_slice(split.owners);
            splits.ranges.push((split.range, splits.owners.len()));
        });
        splits
    }

    /// The number of splits. O(1).
    pub fn len(&self) -> usize {
        self.ranges.len()
    }

    /// Whether no key has an owner. O(1).
    pub fn is_empty(&self) -> bool {
        self.ranges.is_empty()
    }

    /// The splits in key order. O(1) each.
    pub fn iter(&self) -> SplitsIter<'_, K> {
        SplitsIter { splits: self, indexes: 0..self.ranges.len() }
    }

    fn get(&self, at: usize) -> Split<'_, K> {
        let (range, end) = &self.ranges[at];
        let begin = at.checked_sub(1).map_or(0, |before| self.ranges[before].1);
        Split { range: range.clone(), owners: &self.owners[begin..*end] }
    }
}

impl<'a, K: Key> IntoIterator for &'a Splits<K> {
    type Item = Split<'a, K>;
    type IntoIter = SplitsIter<'a, K>;

    fn into_iter(self) -> SplitsIter<'a, K> {
        self.iter()
    }
}

/// The splits of a map in key order. Made by [`Splits::iter`].
#[derive(Clone, Debug)]
pub struct SplitsIter<'a, K> {
    splits: &'a Splits<K>,
    indexes: Range<usize>,
}

impl<'a, K: Key> Iterator for SplitsIter<'a, K> {
    type Item = Split<'a, K>;

    fn next(&mut self) -> Option<Self::Item> {
        self.indexes.next().map(|at| self.splits.get(at))
    }

    fn nth(&mut self, count: usize) -> Option<Self::Item> {
        self.indexes.nth(count).map(|at| self.splits.get(at))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.indexes.size_hint()
    }
}

impl<K: Key> DoubleEndedIterator for SplitsIter<'_, K> {
    fn next_back(&mut self) -> Option<Self::Item> {
        self.indexes.next_back().map(|at| self.splits.get(at))
    }
}

impl<K: Key> ExactSizeIterator for SplitsIter<'_, K> {}

impl<K: Key> FusedIterator for SplitsIter<'_, K> {}
