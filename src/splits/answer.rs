//! The answers that an index gives: who serves a key, a window of keys, or all of them.

use core::borrow::Borrow;

use super::{
    Candidate, Candidates, Owners, Piece, Routing, Split, SplitIndex, SplitsIn, Window, cover, spread,
};
use crate::id::NodeId;
use crate::key::{Key, KeyRange, LeastKey};
use crate::store::Interner;

/// Who serves which keys, as of who is alive: see [`RangeMap::living`](crate::RangeMap::living). A view, which has the questions of
/// [`RangeMap`](crate::RangeMap) that are about owners, and answers them by the same code; each costs what it costs there.
#[derive(Debug)]
pub struct Answer<'a, K> {
    index: &'a SplitIndex<K>,
    names: &'a Interner<NodeId>,
}

impl<K> Clone for Answer<'_, K> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<K> Copy for Answer<'_, K> {}

impl<'a, K: Key> Answer<'a, K> {
    pub(crate) fn new(index: &'a SplitIndex<K>, names: &'a Interner<NodeId>) -> Self {
        Self { index, names }
    }

    /// All splits, as a view of which nothing is written out. O(1). Of a range: [`splits_in`](Self::splits_in).
    pub fn splits(&self) -> SplitsIn<'a, K> {
        SplitsIn::all(self.index, self.names)
    }

    /// What the range holds of the splits: see [`RangeMap::splits_in`](crate::RangeMap::splits_in). O(log n), and O(k) for each split.
    pub fn splits_in(&self, range: &KeyRange<K>) -> SplitsIn<'a, K> {
        self.splits().within(range)
    }

    /// Visits all splits: see [`RangeMap::for_each_split`](crate::RangeMap::for_each_split). O(n) and what changes from each to the next.
    pub fn for_each_split(&self, visit: impl FnMut(Split<'_, K>)) {
        self.splits().for_each(visit);
    }

    /// The nodes that serve a key, in order of preference: see [`RangeMap::owners`](crate::RangeMap::owners). O(log n + k).
    #[inline]
    pub fn owners<Q: Ord + ?Sized>(&self, key: &Q) -> Owners
    where
        K: Borrow<Q>,
    {
        self.index.owners(key, self.names)
    }

    /// Whom to go to for a key: see [`RangeMap::route`](crate::RangeMap::route). O(log n + k) for one,
    /// O(log n + k log k) for more.
    pub fn route(&self, key: &K, routing: Routing, wanted: usize) -> Owners {
        if wanted == 1 {
            let first = self.index.first_candidate(key, routing, self.names);
            return first.map(|candidate| candidate.owner(self.names)).into_iter().collect();
        }
        self.chosen(&self.arranged(key, routing), wanted)
    }

    /// The same, with those first that are apart: see [`RangeMap::route_apart`](crate::RangeMap::route_apart). O(log n + k²).
    pub fn route_apart<A: PartialEq>(
        &self,
        key: &K,
        routing: Routing,
        wanted: usize,
        mut attribute: impl FnMut(&NodeId) -> A,
    ) -> Owners {
        let mut candidates = self.arranged(key, routing);
        spread(&mut candidates, |node| attribute(self.names.get(node)));
        self.chosen(&candidates, wanted)
    }

    fn chosen(&self, candidates: &[Candidate], wanted: usize) -> Owners {
        candidates.iter().take(wanted).map(|candidate| candidate.owner(self.names)).collect()
    }

    fn arranged(&self, key: &K, routing: Routing) -> Candidates {
        let mut candidates = self.index.candidates(key, self.names);
        candidates.sort_by(|one, other| one.compare(other, routing));
        candidates
    }

    /// The nodes that serve some key of the range: see [`RangeMap::owners_in`](crate::RangeMap::owners_in). O(log n + (s + k) log (s + k)).
    pub fn owners_in(&self, range: &KeyRange<K>) -> Owners {
        self.window(range).all_owners()
    }

    /// The ranges that nobody serves, in key order. O(n) in all.
    pub fn gaps(&self) -> impl Iterator<Item = KeyRange<K>> + use<'a, K>
    where
        K: LeastKey,
    {
        self.gaps_in(&KeyRange::full())
    }

    /// What the range holds of the keys that nobody serves: see [`RangeMap::gaps_in`](crate::RangeMap::gaps_in). O(log n + s).
    pub fn gaps_in(&self, range: &KeyRange<K>) -> impl Iterator<Item = KeyRange<K>> + use<'a, K> {
        self.served_by_fewer_than(1, range)
    }

    /// Where one more node has to be found: see [`RangeMap::served_by_fewer_than`](crate::RangeMap::served_by_fewer_than). O(log n + s).
    pub fn served_by_fewer_than(
        &self,
        count: usize,
        range: &KeyRange<K>,
    ) -> impl Iterator<Item = KeyRange<K>> + use<'a, K> {
        self.window(range).ranges_by_count(move |owners| owners < count)
    }

    /// Where a node may not be given up: see [`RangeMap::needed_in`](crate::RangeMap::needed_in). O(log n + k s).
    pub fn needed_in(
        &self,
        node: &NodeId,
        range: &KeyRange<K>,
        count: usize,
    ) -> impl Iterator<Item = KeyRange<K>> + use<'a, K> {
        let number = self.names.find(node);
        self.window(range).ranges_where(move |stretch| {
            let mut before = 0;
            let mut position = None;
            stretch.for_each(|owner| {
                position = position.or((Some(owner) == number).then_some(before));
                before += 1;
            });
            position.is_some_and(|position| position < count)
        })
    }

    /// Where one node could go: see [`RangeMap::served_by_more_than`](crate::RangeMap::served_by_more_than). O(log n + s).
    pub fn served_by_more_than(
        &self,
        count: usize,
        range: &KeyRange<K>,
    ) -> impl Iterator<Item = KeyRange<K>> + use<'a, K> {
        self.window(range).ranges_by_count(move |owners| owners > count)
    }

    /// The range in as few pieces as can be, each served by one node: see [`RangeMap::cover`](crate::RangeMap::cover). O(log n), and
    /// O(k log k) for each split.
    pub fn cover(&self, range: &KeyRange<K>) -> impl Iterator<Item = Piece<K>> + use<'a, K> {
        cover(self.window(range))
    }

    fn window(&self, range: &KeyRange<K>) -> Window<'a, K> {
        self.splits_in(range).into_window()
    }
}
