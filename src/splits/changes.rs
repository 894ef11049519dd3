//! What a merge changed.

use crate::delta::Delta;
use crate::key::{Key, KeyRange};

/// What a merge changed: the keys that may have other owners now, and what this replica did itself in answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Changes<K> {
    ranges: Vec<KeyRange<K>>,
    delta: Delta<K>,
}

impl<K: Key> Changes<K> {
    /// From the ranges of the registrations whose priority changed, in any order. O(m log m).
    pub(crate) fn new(mut changed: Vec<KeyRange<K>>, delta: Delta<K>) -> Self {
        changed.sort_unstable();
        let mut ranges: Vec<KeyRange<K>> = Vec::with_capacity(changed.len());
        for range in changed {
            let apart = match ranges.last_mut() {
                Some(last) => last.absorb(range).err(),
                None => Some(range),
            };
            ranges.extend(apart);
        }
        Self { ranges, delta }
    }

    /// Disjoint ranges in key order that hold every key whose owners changed. None if no visible priority changed.
    pub fn ranges(&self) -> &[KeyRange<K>] {
        &self.ranges
    }

    /// The records that this replica dropped because it learnt that others had reset them, as a delta for the others; mostly
    /// empty. If it is lost, a later exchange of states brings the same.
    pub fn delta(&self) -> &Delta<K> {
        &self.delta
    }

    /// Whether no visible priority changed.
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
        let changed = vec![range(7u64, 9), range(1, 3), range(2, 4), range(4, 5), KeyRange::from_start(20)];
        let changes = Changes::new(changed, Delta::default());
        assert_eq!(changes.ranges(), [range(1, 5), range(7, 9), KeyRange::from_start(20)]);
    }
}
