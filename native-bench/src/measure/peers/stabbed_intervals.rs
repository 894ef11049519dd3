//! superintervals' static index: which registrations cover a key, in no order.

use superintervals::IntervalMap;

use crate::reference::FlatSplits;
use crate::workload::{KEY_SPACE, Served};

/// The index. Its ends are 32-bit and inclusive, so keys are moved down by half of the key space; what lies beyond is cut off, as
/// nobody looks there.
pub(super) struct StabbedIntervals(IntervalMap<u32>);

impl StabbedIntervals {
    pub(super) fn of(served: &[Served]) -> Self {
        let mut map = IntervalMap::new();
        for (number, Served { triple, .. }) in (0..).zip(served) {
            map.add(moved(triple.start), moved((triple.end - 1).min(KEY_SPACE - 1)), number);
        }
        map.build();
        Self(map)
    }

    /// Which registrations cover that key.
    pub(super) fn covering(&self, key: u64, hits: &mut Vec<u32>) {
        hits.clear();
        self.0.search_stabbed(moved(key), hits);
    }

    /// Compares the hits of those keys with the sweep's.
    pub(super) fn check(&self, sweep: &FlatSplits, keys: &[u64]) {
        let mut hits = Vec::new();
        for key in keys {
            self.covering(*key, &mut hits);
            let mut expected = sweep.at(*key).to_vec();
            hits.sort_unstable();
            expected.sort_unstable();
            assert_eq!(hits, expected, "superintervals has another result for {key}");
        }
    }
}

fn moved(key: u64) -> i32 {
    (key as i64 - (KEY_SPACE / 2) as i64) as i32
}
