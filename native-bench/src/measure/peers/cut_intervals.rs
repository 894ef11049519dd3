//! nodit's map of disjoint intervals: each registration cuts out what it covers, adds itself to the pieces and puts them back.

use nodit::interval::ie;
use nodit::{Interval, NoditMap};

use crate::reference::FlatSplits;
use crate::workload::Served;

/// Which registrations cover each piece, in no order.
pub(super) struct CutIntervals(NoditMap<u64, Interval<u64>, Vec<u32>>);

impl CutIntervals {
    pub(super) fn of(served: &[Served]) -> Self {
        let mut map = NoditMap::new();
        for (number, Served { triple, .. }) in (0..).zip(served) {
            let range = ie(triple.start, triple.end);
            let gaps: Vec<Interval<u64>> = map.gaps_trimmed(&range).collect();
            let mut pieces: Vec<(Interval<u64>, Vec<u32>)> = map.cut(&range).collect();
            pieces.extend(gaps.into_iter().map(|gap| (gap, Vec::new())));
            for (piece, mut covering) in pieces {
                covering.push(number);
                map.insert_strict(piece, covering).expect("what was cut out leaves room");
            }
        }
        Self(map)
    }

    pub(super) fn covering(&self, key: u64) -> &[u32] {
        self.0.get_at_point(&key).map_or(&[], |covering| covering)
    }

    /// Compares every piece with the sweep's.
    pub(super) fn check(&self, sweep: &FlatSplits) {
        let sorted = |numbers: &[u32]| {
            let mut numbers = numbers.to_vec();
            numbers.sort_unstable();
            numbers
        };
        let expected = sweep.iter().filter(|(_, covering)| !covering.is_empty());
        let expected = expected.map(|(start, covering)| (start, sorted(covering)));
        let found = self.0.iter().map(|(piece, covering)| (*piece.start(), sorted(covering)));
        assert!(expected.eq(found), "nodit has another result");
    }
}
