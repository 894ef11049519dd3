//! What a merge changed.

use crate::delta::Delta;
use crate::key::{Key, KeyRange};
use crate::sort::sorted;

/// What a merge changed: the keys that may have other owners now, and what this replica did itself in answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Changes<K> {
    ranges: Vec<KeyRange<K>>,
    delta: Delta<K>,
}

/// Collects ranges into disjoint ones in key order. Those that come in the order of their starts are joined at once, so that
/// many that overlap take little memory.
#[derive(Clone, Debug)]
pub(crate) struct RangeCollector<K> {
    ranges: Vec<KeyRange<K>>,
    is_in_order: bool,
    /// When there are so many, they are put in order and joined, so that there are never many more than disjoint ones.
    limit: usize,
}

const LIMIT_MIN: usize = 64;

impl<K> Default for RangeCollector<K> {
    fn default() -> Self {
        Self { ranges: Vec::new(), is_in_order: true, limit: LIMIT_MIN }
    }
}

impl<K: Key> RangeCollector<K> {
    /// O(1) amortised.
    #[inline]
    pub(crate) fn add(&mut self, range: KeyRange<K>) {
        let apart = match self.ranges.last_mut() {
            Some(last) if last.start() <= range.start() => last.absorb(range).err(),
            Some(_) => {
                self.is_in_order = false;
                Some(range)
            }
            None => Some(range),
        };
        self.ranges.extend(apart);
        if self.ranges.len() >= self.limit {
            self.put_in_order();
            self.limit = 2 * self.ranges.len() + LIMIT_MIN;
        }
    }

    /// Disjoint ranges in key order that hold all keys of the collected ones. O(m log m), O(m) if they came in order.
    pub(crate) fn finish(mut self) -> Vec<KeyRange<K>> {
        self.put_in_order();
        self.ranges
    }

    fn put_in_order(&mut self) {
        if !core::mem::replace(&mut self.is_in_order, true) {
            self.ranges = sorted(&self.ranges, KeyRange::cmp);
            self.ranges.dedup_by(|later, range| range.absorb(later.clone()).is_ok());
        }
    }
}

impl<K> Default for Changes<K> {
    fn default() -> Self {
        Self { ranges: Vec::new(), delta: Delta::default() }
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

    pub(crate) fn new(changed: RangeCollector<K>, delta: Delta<K>) -> Self {
        Self { ranges: changed.finish(), delta }
    }

    /// Disjoint ranges in key order that hold every key whose owners changed. Empty if no visible priority changed.
    /// O(1).
    pub fn ranges(&self) -> &[KeyRange<K>] {
        &self.ranges
    }

    /// The records that this replica dropped because it learnt that others had reset them, as a delta for the others; mostly
    /// empty. If it is lost, a later exchange of states brings the same.
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
    use super::*;

    #[test]
    fn ranges_are_disjoint_in_order_and_hold_the_same_keys() {
        let range = |start, end| KeyRange::new(start, end).unwrap();
        let mut ranges = [range(7u64, 9), range(1, 3), range(2, 4), range(4, 5), KeyRange::from_start(20)];
        for _ in 0..2 {
            let mut changed = RangeCollector::default();
            ranges.iter().for_each(|range| changed.add(range.clone()));
            let changes = Changes::new(changed, Delta::default());
            assert_eq!(changes.ranges(), [range(1, 5), range(7, 9), KeyRange::from_start(20)]);
            ranges.sort();
        }
    }
}
