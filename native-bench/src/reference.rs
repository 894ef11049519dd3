//! What the hardware allows: loops by hand that do the bare minimum of the map's work, timed beside it.
//!
//! They leave out what makes the map a map (causality, exactness, order of owners, growth), so they are limits to be compared
//! with, not competitors.

use crate::check::{Digest, Digester};
use crate::workload::{Served, Workload};

/// A registration in 40 bytes, as plain as it can be stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FlatRecord {
    /// The registration.
    pub served: Served,
    /// Of two versions the one with the greater number wins.
    pub version: u64,
}

/// Flat records of those registrations, sorted.
pub fn flat_records(served: &[Served], version: u64) -> Vec<FlatRecord> {
    let mut records: Vec<FlatRecord> = served.iter().map(|it| FlatRecord { served: *it, version }).collect();
    records.sort_unstable_by_key(|record| record.served.triple);
    records
}

/// The two sides of merge A as flat records: the disjoint halves.
pub fn flat_halves(workload: &Workload) -> [Vec<FlatRecord>; 2] {
    let (first, second) = workload.registrations.split_at(workload.n() / 2);
    [flat_records(first, 1), flat_records(second, 1)]
}

/// The two sides of merge B as flat records: the same ones, every hundredth of them newer on the one side or the other.
pub fn flat_twins(workload: &Workload) -> [Vec<FlatRecord>; 2] {
    [0, 50].map(|phase| {
        let mut records = flat_records(&workload.registrations, 1);
        records.iter_mut().skip(phase).step_by(100).for_each(|record| record.version = 2);
        records
    })
}

/// Merges two sorted lists into `merged`, whose memory is used again.
pub fn two_pointer_merge(ours: &[FlatRecord], theirs: &[FlatRecord], merged: &mut Vec<FlatRecord>) {
    merged.clear();
    let (mut at, mut their_at) = (0, 0);
    while at < ours.len() && their_at < theirs.len() {
        let (our, their) = (&ours[at], &theirs[their_at]);
        // Starts decide nearly always; comparing them apart is measurably faster than comparing triples at once.
        let (our_triple, their_triple) = (&our.served.triple, &their.served.triple);
        let order = our_triple.start.cmp(&their_triple.start).then_with(|| our_triple.cmp(their_triple));
        if order.is_lt() {
            merged.push(*our);
            at += 1;
        } else if order.is_gt() {
            merged.push(*their);
            their_at += 1;
        } else {
            merged.push(if their.version > our.version { *their } else { *our });
            at += 1;
            their_at += 1;
        }
    }
    merged.extend_from_slice(&ours[at..]);
    merged.extend_from_slice(&theirs[their_at..]);
}

/// Stretches of keys, each with a list, written flat.
#[derive(Default)]
pub struct Flat<T> {
    /// Where each stretch begins, in order.
    starts: Vec<u64>,
    /// Where the stretch's list begins in `items`, and where the last one ends.
    offsets: Vec<u32>,
    items: Vec<T>,
}

impl<T: Copy> Flat<T> {
    /// Begins the next stretch, whose list is then to be added to what it returns.
    pub fn begin(&mut self, start: u64) -> &mut Vec<T> {
        self.starts.push(start);
        self.offsets.push(self.items.len() as u32);
        &mut self.items
    }

    /// Ends the last stretch.
    pub fn finished(mut self) -> Self {
        self.offsets.push(self.items.len() as u32);
        self
    }

    /// The list of that key. A binary search over the stretches.
    pub fn at(&self, key: u64) -> &[T] {
        self.before(self.starts.partition_point(|start| *start <= key))
    }

    /// The list of the stretch before that one.
    fn before(&self, after: usize) -> &[T] {
        match after.checked_sub(1) {
            None => &[],
            Some(at) => &self.items[self.offsets[at] as usize..self.offsets[at + 1] as usize],
        }
    }

    /// The stretches: where each begins, and its list.
    pub fn iter(&self) -> impl Iterator<Item = (u64, &[T])> {
        self.starts.iter().enumerate().map(|(at, start)| (*start, self.before(at + 1)))
    }
}

/// For every stretch between two ends of ranges, covered or not, which registrations cover it; neither named nor ordered, neighbours not
/// joined.
pub type FlatSplits = Flat<u32>;

impl FlatSplits {
    /// Sorts the `(u64, u32)` ends of all ranges and sweeps over them with a small set of those that cover the current key.
    pub fn sweep(served: &[Served]) -> Self {
        let mut ends: Vec<(u64, u32)> = Vec::with_capacity(2 * served.len());
        for (number, Served { triple, .. }) in served.iter().enumerate() {
            let number = (number as u32) << 1;
            ends.push((triple.start, number | 1));
            ends.push((triple.end, number));
        }
        ends.sort_unstable();

        let mut splits = Self::default();
        let mut active: Vec<u32> = Vec::new();
        let mut at = 0;
        while at < ends.len() {
            let key = ends[at].0;
            while at < ends.len() && ends[at].0 == key {
                let number = ends[at].1 >> 1;
                if ends[at].1 & 1 == 1 {
                    active.push(number);
                } else if let Some(place) = active.iter().position(|active| *active == number) {
                    active.swap_remove(place);
                }
                at += 1;
            }
            splits.begin(key).extend_from_slice(&active);
        }
        splits.finished()
    }

    /// A digest of all stretches.
    pub fn digest(&self) -> Digest {
        let mut digester = Digester::default();
        self.iter().for_each(|(start, covering)| digester.covered(start, covering));
        digester.digest()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn merged_halves_are_the_whole() {
        let workload = Workload::new(500);
        let [ours, theirs] = flat_halves(&workload);
        let mut merged = ours[..3].to_vec();
        two_pointer_merge(&ours, &theirs, &mut merged);
        assert_eq!(merged, flat_records(&workload.registrations, 1));
    }

    #[test]
    fn merged_twins_keep_what_is_newer_on_either_side() {
        let [ours, theirs] = flat_twins(&Workload::new(500));
        let mut merged = Vec::new();
        two_pointer_merge(&ours, &theirs, &mut merged);
        assert_eq!(merged.len(), 500);
        assert_eq!(merged.iter().filter(|record| record.version == 2).count(), 10);
    }

    #[test]
    fn the_sweep_finds_what_covers_a_key() {
        let workload = Workload::new(300);
        let flat = FlatSplits::sweep(&workload.registrations);
        for key in workload.keys() {
            let covers = |served: &Served| served.triple.start <= key && key < served.triple.end;
            let expected = (0..).zip(&workload.registrations).filter(|(_, served)| covers(served));
            let mut found = flat.at(key).to_vec();
            found.sort_unstable();
            assert_eq!(found, expected.map(|(number, _)| number).collect::<Vec<u32>>(), "{key}");
        }
    }
}
