//! What a merge changed.

use smallvec::SmallVec;

use crate::delta::Delta;
use crate::key::{Key, KeyRange};
use crate::ordered::Ordered;

/// What a merge changed: the ranges of keys that may have other owners now, and what this replica did itself in answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Changes<K> {
    /// That of a single operation takes no memory apart.
    ranges: SmallVec<[KeyRange<K>; 1]>,
    delta: Delta<K>,
}

/// Collects ranges into disjoint ones in key order, so that many that overlap take little memory.
#[derive(Clone, Debug)]
pub(crate) struct RangeCollector<K> {
    /// Those that came in the order of their starts, disjoint.
    in_order: SmallVec<[KeyRange<K>; 1]>,
    /// The others, in order and disjoint too. There are none but where many merges are collected.
    between: Ordered<[KeyRange<K>; 1]>,
}

impl<K> Default for RangeCollector<K> {
    fn default() -> Self {
        Self { in_order: SmallVec::new(), between: Ordered::default() }
    }
}

impl<K: Key> RangeCollector<K> {
    /// O(1) amortised for ranges that come in the order of their starts, else O(log m).
    #[inline]
    pub(crate) fn add(&mut self, range: KeyRange<K>) {
        match self.in_order.last_mut() {
            Some(last) if last.start() > range.start() => self.add_between(range),
            Some(last) => {
                if let Err(apart) = last.absorb(range) {
                    self.in_order.push(apart);
                }
            }
            None => self.in_order.push(range),
        }
    }

    /// Adds a range that starts before the last of those that came in order.
    fn add_between(&mut self, range: KeyRange<K>) {
        let position = self.between.position_of(|other| other.end().is_some_and(|end| end < range.start()));
        let Some(first) = self.between.get(position).cloned() else { return self.between.push(range) };
        let (mut joined, later) =
            if first.start() <= range.start() { (first, range) } else { (range, first) };
        if joined.absorb(later).is_err() {
            return self.between.insert(position, joined);
        }
        // All that it reaches now become one.
        let to = self.between.position_of(|other| joined.end().is_none_or(|end| other.start() <= end));
        if let Some(last) = self.between.before(to).cloned() {
            _ = joined.absorb(last);
        }
        if let Some(first) = self.between.get_mut(position) {
            *first = joined;
        }
        self.between.remove_range(self.between.after(position), to);
    }

    /// Whether there are none. O(1).
    pub(crate) fn is_empty(&self) -> bool {
        self.in_order.is_empty()
    }

    /// Disjoint ranges in key order that hold all keys of the collected ones. O(m).
    pub(crate) fn finish(self) -> SmallVec<[KeyRange<K>; 1]> {
        if self.between.is_empty() {
            return self.in_order;
        }
        let mut all = Self::default();
        let mut between = self.between.iter().peekable();
        for range in self.in_order {
            while let Some(earlier) = between.next_if(|earlier| earlier.start() < range.start()) {
                all.add(earlier.clone());
            }
            all.add(range);
        }
        between.for_each(|range| all.add(range.clone()));
        all.in_order
    }
}

impl<K> Default for Changes<K> {
    fn default() -> Self {
        Self { ranges: SmallVec::new(), delta: Delta::default() }
    }
}

impl<K: Key> Changes<K> {
    /// Adds what another merge changed. O(m log m).
    pub(crate) fn join(&mut self, other: Self) {
        let mut changed = RangeCollector::default();
        self.ranges.drain(..).chain(other.ranges).for_each(|range| changed.add(range));
        self.ranges = changed.finish();
        self.delta.merge(&other.delta);
    }

    /// Of disjoint ranges in key order.
    pub(crate) fn new(ranges: SmallVec<[KeyRange<K>; 1]>, delta: Delta<K>) -> Self {
        Self { ranges, delta }
    }

    /// Disjoint ranges in key order that hold every key whose owners changed. Empty if no visible priority changed.
    /// O(1).
    pub fn ranges(&self) -> &[KeyRange<K>] {
        &self.ranges
    }

    /// The delta of what this replica did in answer, for the others: it drops its records that others have reset. Mostly empty. If it is
    /// lost, a later exchange of states brings the same. O(1).
    pub fn delta(&self) -> &Delta<K> {
        &self.delta
    }

    /// Whether no visible priority changed. O(1).
    pub fn is_empty(&self) -> bool {
        self.ranges.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(if cfg!(miri) { 2 } else { 200 }))]

        #[test]
        fn ranges_in_any_order_are_those_that_hold_the_same_keys(
            added in prop::collection::vec((0u64..3_000, 1u64..9, 1u64..400), 0..300),
        ) {
            let mut changed = RangeCollector::default();
            let mut keys = BTreeSet::new();
            for (at, (start, length, width)) in added.into_iter().enumerate() {
                // Few are wide: else there would soon be one alone.
                let end = start + if at % 100 == 99 { width } else { length };
                changed.add(KeyRange::new(start, end).unwrap());
                keys.extend(start..end);
            }
            let mut expected: Vec<(u64, u64)> = Vec::new();
            for key in keys {
                match expected.last_mut() {
                    Some((_, end)) if *end == key => *end += 1,
                    _ => expected.push((key, key + 1)),
                }
            }
            let ranges = changed.finish();
            let found: Vec<(u64, u64)> =
                ranges.iter().map(|range| (*range.start(), *range.end().unwrap())).collect();
            prop_assert_eq!(found, expected);
        }
    }

    #[test]
    fn ranges_are_disjoint_in_order_and_hold_the_same_keys() {
        let range = |start, end| KeyRange::new(start, end).unwrap();
        let mut ranges = [range(7u64, 9), range(1, 3), range(2, 4), range(4, 5), KeyRange::from_start(20)];
        for _ in 0..2 {
            let mut changed = RangeCollector::default();
            ranges.iter().for_each(|range| changed.add(range.clone()));
            let changes = Changes::new(changed.finish(), Delta::default());
            assert_eq!(changes.ranges(), [range(1, 5), range(7, 9), KeyRange::from_start(20)]);
            ranges.sort();
        }
    }
}
