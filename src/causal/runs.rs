//! The known sequence numbers of one replica.

use smallvec::SmallVec;

use super::SEQ_MAX;

/// The runs of one replica's known sequence numbers, first to last, both inclusive: ascending, disjoint and never adjacent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Runs(SmallVec<[(u64, u64); 1]>);

impl Runs {
    /// How far the numbers are known without a gap, from 1 on. 0 if 1 is not known.
    pub(crate) fn prefix(&self) -> u64 {
        match self.0.first() {
            Some((1, last)) => *last,
            _ => 0,
        }
    }

    /// The greatest known number, 0 if there is none.
    pub(crate) fn last(&self) -> u64 {
        self.0.last().map_or(0, |(_, last)| *last)
    }

    /// The runs in order, as (first, last).
    pub(crate) fn iter(&self) -> impl Iterator<Item = (u64, u64)> + '_ {
        self.0.iter().copied()
    }

    /// O(log runs).
    pub(crate) fn contains(&self, seq: u64) -> bool {
        self.includes(seq, seq)
    }

    pub(super) fn includes(&self, first: u64, last: u64) -> bool {
        let at = self.0.partition_point(|(_, end)| *end < first);
        self.0.get(at).is_some_and(|(begin, end)| *begin <= first && last <= *end)
    }

    /// Whether any of these numbers is known. O(log runs).
    pub(super) fn intersects(&self, first: u64, last: u64) -> bool {
        let at = self.0.partition_point(|(_, end)| *end < first);
        self.0.get(at).is_some_and(|(begin, _)| *begin <= last)
    }

    /// Adds the numbers `first..=last` and closes up with the runs that they overlap or touch. O(log runs), and O(runs) if it
    /// does not come at the end.
    pub(crate) fn insert(&mut self, first: u64, last: u64) {
        debug_assert!(1 <= first && first <= last && last <= SEQ_MAX);
        let from = self.0.partition_point(|(_, end)| end + 1 < first);
        let to = from + self.0[from..].partition_point(|(begin, _)| *begin <= last + 1);
        let closed_up = match self.0[from..to] {
            [] => (first, last),
            [(begin, _), ..] => (first.min(begin), last.max(self.0[to - 1].1)),
        };
        match to - from {
            0 => self.0.insert(from, closed_up),
            _ => {
                self.0[from] = closed_up;
                self.0.drain(from + 1..to);
            }
        }
    }

    /// Adds all numbers of `other`. O(runs of both · log).
    pub(super) fn join(&mut self, other: &Self) {
        if let [(first, last)] = other.0[..] {
            return self.insert(first, last);
        }
        let mut theirs = other.iter().peekable();
        for (first, last) in core::mem::take(&mut self.0) {
            while let Some((their_first, their_last)) = theirs.next_if(|theirs| theirs.0 < first) {
                self.insert(their_first, their_last);
            }
            self.insert(first, last);
        }
        theirs.for_each(|(first, last)| self.insert(first, last));
    }

    /// The numbers that are here and not in `other`. O(runs of both).
    pub(super) fn difference(&self, other: &Self) -> Self {
        let mut left = Self::default();
        let mut theirs = other.iter().peekable();
        for (mut first, last) in self.iter() {
            while theirs.next_if(|(_, end)| *end < first).is_some() {}
            while let Some((begin, end)) = theirs.peek().copied().filter(|(begin, _)| *begin <= last) {
                if first < begin {
                    left.0.push((first, begin - 1));
                }
                first = end + 1;
                if end > last {
                    break;
                }
                theirs.next();
            }
            if first <= last {
                left.0.push((first, last));
            }
        }
        left
    }

    /// The numbers that are both here and in `other`. O(runs of both).
    pub(super) fn intersection(&self, other: &Self) -> Self {
        let mut both = Self::default();
        let (mut ours, mut theirs) = (self.iter().peekable(), other.iter().peekable());
        while let (Some((first, last)), Some((begin, end))) = (ours.peek().copied(), theirs.peek().copied()) {
            let (from, to) = (first.max(begin), last.min(end));
            if from <= to {
                both.0.push((from, to));
            }
            if last < end {
                ours.next()
            } else {
                theirs.next()
            };
        }
        both
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
