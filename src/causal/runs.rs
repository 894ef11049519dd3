//! The known sequence numbers of one replica.

use super::SEQ_MAX;
use crate::ordered::Ordered;

/// The known sequence numbers of one replica, as runs from first to last, both inclusive. Runs are ascending, disjoint and never
/// adjacent.
///
/// Nearly always there is one run, from 1 on, which needs no memory on the heap. There may be as many runs as numbers; also then a
/// change costs little more than a search.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Runs {
    runs: Ordered<[(u64, u64); 1]>,
    /// How many numbers they hold.
    count: u64,
}

impl Runs {
    /// How far the numbers are known without a gap, from 1 on. 0 if 1 is not known. O(1).
    #[inline]
    pub(crate) fn prefix(&self) -> u64 {
        match self.runs.first() {
            Some((1, last)) => *last,
            _ => 0,
        }
    }

    /// How many numbers are known. O(1).
    pub(crate) fn count(&self) -> u64 {
        self.count
    }

    /// The greatest known number, 0 if there is none. O(1).
    pub(crate) fn last(&self) -> u64 {
        self.runs.last().map_or(0, |(_, last)| *last)
    }

    /// How many runs there are beyond the prefix. O(1).
    pub(crate) fn count_beyond(&self) -> usize {
        self.runs.len() - usize::from(self.prefix() > 0)
    }

    /// The runs in order, as (first, last).
    pub(crate) fn iter(&self) -> impl ExactSizeIterator<Item = (u64, u64)> + Clone + '_ {
        self.runs.iter().copied()
    }

    /// The runs that end at this number or later, in order. O(log runs), and O(1) each.
    fn iter_from(&self, seq: u64) -> impl Iterator<Item = (u64, u64)> + '_ {
        self.runs.iter_from(self.runs.position_of(|(_, end)| *end < seq)).copied()
    }

    /// O(log runs).
    pub(crate) fn contains(&self, seq: u64) -> bool {
        self.includes(seq, seq)
    }

    pub(super) fn includes(&self, first: u64, last: u64) -> bool {
        let at = self.runs.position_of(|(_, end)| *end < first);
        self.runs.get(at).is_some_and(|(begin, end)| *begin <= first && last <= *end)
    }

    /// Whether any of these numbers is known. O(log runs).
    pub(super) fn intersects(&self, first: u64, last: u64) -> bool {
        self.iter_from(first).next().is_some_and(|(begin, _)| begin <= last)
    }

    /// Adds the numbers `first..=last`, and joins them with the runs that they overlap or touch. O(log runs), and O(1) for each run
    /// that is removed.
    #[inline]
    pub(crate) fn insert(&mut self, first: u64, last: u64) {
        debug_assert!(1 <= first && first <= last && last <= SEQ_MAX);
        // Nearly always the last run grows, or has all these numbers already.
        match self.runs.last_mut() {
            Some((begin, end)) if *begin <= first && first <= *end + 1 => {
                self.count += last.saturating_sub(*end);
                *end = last.max(*end);
            }
            _ => self.insert_anywhere(first, last),
        }
    }

    #[cold]
    fn insert_anywhere(&mut self, first: u64, last: u64) {
        let from = self.runs.position_of(|(_, end)| end + 1 < first);
        let Some((begin, end)) = self.runs.get(from).copied().filter(|(begin, _)| *begin <= last + 1) else {
            self.count += last - first + 1;
            return self.runs.insert(from, (first, last));
        };
        if begin <= first && last <= end {
            return;
        }
        let mut closed_up = (first.min(begin), last.max(end));
        let after = self.runs.after(from);
        if last <= end || self.runs.get(after).is_none_or(|(begin, _)| *begin > last + 1) {
            self.count += (closed_up.1 - closed_up.0) - (end - begin);
            if let Some(run) = self.runs.get_mut(from) {
                *run = closed_up;
            }
            return;
        }
        let to = self.runs.position_of(|(begin, _)| *begin <= last + 1);
        closed_up.1 = self.runs.before(to).map_or(last, |(_, end)| last.max(*end));
        let absorbed = self.runs.iter_from(from).take_while(|(begin, _)| *begin <= last + 1);
        let held: u64 = absorbed.map(|(begin, end)| end - begin + 1).sum();
        self.count += closed_up.1 - closed_up.0 + 1 - held;
        if let Some(run) = self.runs.get_mut(from) {
            *run = closed_up;
        }
        self.runs.remove_range(after, to);
    }

    /// Appends a run that comes after all that are here, and touches none.
    fn push(&mut self, first: u64, last: u64) {
        self.count += last - first + 1;
        self.runs.push((first, last));
    }

    /// Adds all numbers of `other`. O(runs of the side with fewer runs · log), and O(1) for each run that is removed.
    pub(super) fn join(&mut self, other: &Self) {
        // It is faster to add the few to the many; a copy of the many shares its memory.
        if other.runs.len() > 2 * self.runs.len() + 8 {
            let ours = core::mem::replace(self, other.clone());
            return self.join(&ours);
        }
        other.iter().for_each(|(first, last)| self.insert(first, last));
    }

    /// The numbers that are here and not in `other`. O(runs here · log + those of `other` that they overlap).
    pub(super) fn difference(&self, other: &Self) -> Self {
        let mut left = Self::default();
        for (mut first, last) in self.iter() {
            for (begin, end) in other.iter_from(first).take_while(|(begin, _)| *begin <= last) {
                if first < begin {
                    left.push(first, begin - 1);
                }
                first = end + 1;
            }
            if first <= last {
                left.push(first, last);
            }
        }
        left
    }

    /// The numbers that are both here and in `other`. O(runs of the side with fewer runs · log + those of the other that they overlap).
    pub(super) fn intersection(&self, other: &Self) -> Self {
        if other.runs.len() < self.runs.len() {
            return other.intersection(self);
        }
        let mut both = Self::default();
        for (first, last) in self.iter() {
            for (begin, end) in other.iter_from(first).take_while(|(begin, _)| *begin <= last) {
                both.push(first.max(begin), last.min(end));
            }
        }
        both
    }

    pub(super) fn is_empty(&self) -> bool {
        self.runs.is_empty()
    }
}
