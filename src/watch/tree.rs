//! Ranges by which of them share a key with another: a search tree by their starts, each of whose parts knows where the last of its ranges
//! ends (an interval tree: Cormen, Leiserson, Rivest and Stein, "Introduction to Algorithms", 14.3).
//!
//! It is a treap (Seidel and Aragon, 1996): each range has a weight that its number decides, and none is above a heavier one. So it is about
//! as deep as if the ranges had come in random order, whatever the order was. Copies share memory, as those of a map do.

use std::sync::Arc;

use crate::hash;
use crate::key::{End, Key, KeyRange};

/// A tree of numbered ranges. The default one is empty.
#[derive(Clone, Debug)]
pub(super) struct Tree<K>(Option<Arc<Branch<K>>>);

#[derive(Clone, Debug)]
struct Branch<K> {
    range: KeyRange<K>,
    number: u64,
    weight: u64,
    /// Where the last of the ranges here and below ends.
    end: End<K>,
    left: Tree<K>,
    right: Tree<K>,
}

impl<K> Default for Tree<K> {
    fn default() -> Self {
        Self(None)
    }
}

impl<K: Key> Tree<K> {
    /// Adds a range under a number that none has yet. O(log n) expected.
    pub(super) fn insert(&mut self, range: &KeyRange<K>, number: u64) {
        let (before, after) = core::mem::take(self).split(&|branch| branch.id() < (range, number));
        let weight = hash::of(|hasher| hasher.number(number));
        let (left, right) = (Self::default(), Self::default());
        let end = range.upper().clone();
        let single = Self(Some(Arc::new(Branch { range: range.clone(), number, weight, end, left, right })));
        *self = Self::join(Self::join(before, single), after);
    }

    /// Removes a range. O(log n) expected.
    pub(super) fn remove(&mut self, range: &KeyRange<K>, number: u64) {
        let (before, rest) = core::mem::take(self).split(&|branch| branch.id() < (range, number));
        let (_, after) = rest.split(&|branch| branch.id() <= (range, number));
        *self = Self::join(before, after);
    }

    /// Visits the ranges that share a key with that one, in the order of their starts. O((1 + m) log n) expected for m of them.
    pub(super) fn for_each_intersecting(
        &self,
        range: &KeyRange<K>,
        visit: &mut impl FnMut(&KeyRange<K>, u64),
    ) {
        let Some(branch) = &self.0 else { return };
        if !is_before(range.start(), &branch.end) {
            return;
        }
        branch.left.for_each_intersecting(range, visit);
        if !is_before(branch.range.start(), range.upper()) {
            return;
        }
        if is_before(range.start(), branch.range.upper()) {
            visit(&branch.range, branch.number);
        }
        branch.right.for_each_intersecting(range, visit);
    }

    /// Those that are before, and the others.
    fn split(self, is_before: &impl Fn(&Branch<K>) -> bool) -> (Self, Self) {
        let Some(mut arc) = self.0 else { return Default::default() };
        let branch = Arc::make_mut(&mut arc);
        if is_before(branch) {
            let (before, after) = core::mem::take(&mut branch.right).split(is_before);
            branch.right = before;
            branch.update();
            (Self(Some(arc)), after)
        } else {
            let (before, after) = core::mem::take(&mut branch.left).split(is_before);
            branch.left = after;
            branch.update();
            (before, Self(Some(arc)))
        }
    }

    /// One tree of two, of which all of the first come before all of the second.
    fn join(before: Self, after: Self) -> Self {
        match (before.0, after.0) {
            (None, one) | (one, None) => Self(one),
            (Some(mut before), Some(after)) if before.weight > after.weight => {
                let branch = Arc::make_mut(&mut before);
                branch.right = Self::join(core::mem::take(&mut branch.right), Self(Some(after)));
                branch.update();
                Self(Some(before))
            }
            (before, Some(mut after)) => {
                let branch = Arc::make_mut(&mut after);
                branch.left = Self::join(Self(before), core::mem::take(&mut branch.left));
                branch.update();
                Self(Some(after))
            }
        }
    }
}

impl<K: Key> Branch<K> {
    fn id(&self) -> (&KeyRange<K>, u64) {
        (&self.range, self.number)
    }

    /// Finds anew where the last range ends.
    fn update(&mut self) {
        let ends = [&self.left, &self.right].into_iter().filter_map(|tree| tree.0.as_ref());
        let last = ends.map(|branch| &branch.end).fold(self.range.upper(), Ord::max);
        self.end = last.clone();
    }
}

/// Whether a key comes before an end.
fn is_before<K: Ord>(key: &K, end: &End<K>) -> bool {
    match end {
        End::Before(end) => key < end,
        End::Unbounded => true,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn range((start, length): (u64, u64)) -> KeyRange<u64> {
        if length == 0 { KeyRange::from_start(start) } else { KeyRange::new(start, start + length).unwrap() }
    }

    /// How deep it is, if all is as it must be.
    fn check(tree: &Tree<u64>, most: u64) -> usize {
        let Some(branch) = &tree.0 else { return 0 };
        assert!(branch.weight <= most);
        let mut right = branch.as_ref().clone();
        right.update();
        assert_eq!(right.end, branch.end);
        1 + check(&branch.left, branch.weight).max(check(&branch.right, branch.weight))
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(if cfg!(miri) { 2 } else { 200 }))]

        #[test]
        fn those_that_share_a_key_are_found(
            steps in prop::collection::vec(((0u64..60, 0u64..12), 0u64..3), 1..120),
            asked in prop::collection::vec((0u64..60, 0u64..12), 20),
        ) {
            let (mut tree, mut all) = (Tree::default(), Vec::new());
            for (number, (pair, what)) in (0u64..).zip(steps) {
                let snapshot = tree.clone();
                if what == 0 && !all.is_empty() {
                    let (range, number) = all.remove(number as usize % all.len());
                    tree.remove(&range, number);
                } else {
                    tree.insert(&range(pair), number);
                    all.push((range(pair), number));
                }
                drop(snapshot);
                check(&tree, u64::MAX);
            }
            // What is removed under another number stays.
            if let Some((range, _)) = all.first() {
                tree.remove(range, u64::MAX);
            }
            for asked in asked.into_iter().map(range) {
                let mut found = Vec::new();
                tree.for_each_intersecting(&asked, &mut |range, number| found.push((range.clone(), number)));
                let mut expected: Vec<_> = all.iter().filter(|(one, _)| one.intersects(&asked)).cloned().collect();
                expected.sort();
                prop_assert_eq!(found, expected);
            }
        }
    }

    #[test]
    fn it_is_not_deep_whatever_the_order() {
        let mut tree = Tree::default();
        (0..5_000).for_each(|at| tree.insert(&range((at, 1)), at));
        let depth = check(&tree, u64::MAX);
        assert!((13..40).contains(&depth), "{depth}");
    }
}
