//! How much is known, in a few bytes: a count that grows with every event, and counts of the events by groups of writers.
//!
//! Sets of events of any size are counted in constant space. What grows with the set can tell which of two sets does not include the
//! other, as a vector clock of constant size does, in which several writers share an entry (Torres-Rojas and Ahamad, "Plausible clocks:
//! constant size logical clocks for distributed systems", 1999).

use crate::hash::{PI, fold};
use crate::id::ReplicaId;

/// How many groups of writers there are.
pub(crate) const CELLS: usize = 12;

/// How many events there are in all, at most `u64::MAX`, and for each group of writers how many modulo 256.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) total: u64,
    pub(crate) cells: [u8; CELLS],
}

impl Tally {
    /// Counts further events of a writer. O(1).
    #[inline]
    pub(crate) fn add(&mut self, writer: ReplicaId, events: u64) {
        self.total = self.total.saturating_add(events);
        let cell = &mut self.cells[cell_of(writer)];
        *cell = cell.wrapping_add(events as u8);
    }

    /// The tally of two sets of events that have none in common. O(1).
    pub(crate) fn plus(mut self, other: Self) -> Self {
        self.total = self.total.saturating_add(other.total);
        self.cells.iter_mut().zip(other.cells).for_each(|(cell, more)| *cell = cell.wrapping_add(more));
        self
    }
}

/// The group of a writer, the same on every machine.
fn cell_of(writer: ReplicaId) -> usize {
    let hash = fold(writer.get() ^ PI[0], PI[1]) >> 32;
    ((hash * CELLS as u64) >> 32) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_added_is_counted_in_the_cell_of_its_writer() {
        let [a, b] = [1, 2].map(ReplicaId::new);
        let mut tally = Tally::default();
        tally.add(a, 200);
        tally.add(b, 3);
        tally.add(a, 100);
        assert_eq!(tally.total, 303);
        let mut cells = [0; CELLS];
        cells[cell_of(a)] = 44;
        cells[cell_of(b)] = 3;
        assert_ne!(cell_of(a), cell_of(b));
        assert_eq!(tally.cells, cells);
        assert_eq!(tally.plus(tally).cells[cell_of(a)], 88);
        tally.add(a, u64::MAX);
        assert_eq!((tally.total, tally.plus(tally).total), (u64::MAX, u64::MAX));
    }

    /// Found by another implementation of the definition: versions of answers travel between machines. And writers with consecutive numbers do not share one cell.
    #[test]
    fn cells_are_the_same_on_every_machine_and_writers_are_spread_over_them() {
        let cells: Vec<usize> = (0..12).map(|id| cell_of(ReplicaId::new(id))).collect();
        assert_eq!(cells, [7, 2, 5, 9, 5, 2, 5, 10, 5, 10, 10, 9]);
        let mut counts = [0; CELLS];
        (0..12_000).for_each(|id| counts[cell_of(ReplicaId::new(id))] += 1);
        assert!(counts.iter().all(|count| (900..1100).contains(count)), "{counts:?}");
    }
}
