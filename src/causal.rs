//! Dots and causal contexts: which effects are known.
//!
//! Every effect of an operation is named by a *dot*: the replica that caused it, and that replica's next sequence number. A *causal
//! context* is a set of dots. For each replica it has runs of consecutive sequence numbers. The run that begins at 1 is the entry
//! of a classical version vector; the other runs arrived ahead of a gap. (Almeida, Shoker and Baquero, "Delta state replicated data
//! types", 2018, call the two parts the compact context and the dot cloud.)

mod runs;

use core::fmt;

pub(crate) use self::runs::Runs;
use crate::id::ReplicaId;
use crate::ordered::Ordered;
use crate::tally::Tally;

/// The greatest sequence number that is ever issued or accepted: 2^53 − 1, so that JavaScript can hold it exactly.
pub(crate) const SEQ_MAX: u64 = (1 << 53) - 1;

/// The name of one effect: the replica that caused it and that replica's sequence number, counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Dot {
    /// Who caused it.
    pub replica: ReplicaId,
    /// Its place among that replica's effects, from 1 to 2^53 − 1.
    pub seq: u64,
}

impl fmt::Display for Dot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.replica, self.seq)
    }
}

/// A set of dots: which effects of which replicas are known. It never claims a dot that was not received.
///
/// A replica also knows who is [retired](crate::Retired). Both together are the [`Version`](crate::Version) of its state.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CausalContext {
    /// By replica, and each of them has a run. The context of an operation's delta needs no memory on the heap.
    replicas: Ordered<[(ReplicaId, Runs); 2]>,
    /// How many dots there are. It follows from the others.
    tally: Tally,
}

impl CausalContext {
    /// Whether no dot is known.
    pub fn is_empty(&self) -> bool {
        self.replicas.is_empty()
    }

    /// Whether the dot is known. O(log of replicas and runs).
    pub fn contains(&self, dot: Dot) -> bool {
        self.runs(dot.replica).is_some_and(|runs| runs.contains(dot.seq))
    }

    /// Whether everything that `other` knows is known here. O(other's runs · log).
    pub fn includes(&self, other: &Self) -> bool {
        other.replicas().all(|(replica, theirs)| {
            self.runs(replica)
                .is_some_and(|ours| theirs.iter().all(|(first, last)| ours.includes(first, last)))
        })
    }

    /// The dots that are known here and not to `other`. O(runs here · log + those of `other` that they overlap).
    pub fn difference(&self, other: &Self) -> Self {
        let mut left = Self::default();
        for (replica, ours) in self.replicas() {
            let runs = other.runs(replica).map_or_else(|| ours.clone(), |theirs| ours.difference(theirs));
            if !runs.is_empty() {
                left.push(replica, runs);
            }
        }
        left
    }

    /// The dots that are known both here and to `other`. For each replica of the context with fewer replicas: O(log), and O(runs of the
    /// side with fewer runs · log + those of the other side that they overlap).
    pub fn intersection(&self, other: &Self) -> Self {
        if other.replicas.len() < self.replicas.len() {
            return other.intersection(self);
        }
        let mut both = Self::default();
        for (replica, ours) in self.replicas() {
            let runs = other.runs(replica).map_or_else(Runs::default, |theirs| ours.intersection(theirs));
            if !runs.is_empty() {
                both.push(replica, runs);
            }
        }
        both
    }

    /// How many dots are known; `usize::MAX` if there are more than that. O(1).
    pub(crate) fn len(&self) -> usize {
        usize::try_from(self.tally.total).unwrap_or(usize::MAX)
    }

    /// How many dots are known, in all and by groups of replicas. O(1).
    pub(crate) fn tally(&self) -> Tally {
        self.tally
    }

    /// Whether all of these numbers of a replica are known. O(log of replicas and runs).
    pub(crate) fn includes_run(&self, replica: ReplicaId, first: u64, last: u64) -> bool {
        self.runs(replica).is_some_and(|runs| runs.includes(first, last))
    }

    /// Whether any of these numbers of a replica is known. O(log of replicas and runs).
    pub(crate) fn intersects(&self, replica: ReplicaId, first: u64, last: u64) -> bool {
        self.runs(replica).is_some_and(|runs| runs.intersects(first, last))
    }

    /// The context with at most `runs_max` runs beside the prefixes: where it has more, the last ones are left out. O(replicas + runs).
    pub(crate) fn limited(&self, runs_max: usize) -> Self {
        if self.run_count() <= runs_max {
            return self.clone();
        }
        let mut limited = Self::default();
        let mut left = runs_max;
        for (replica, runs) in self.replicas() {
            for (first, last) in runs.iter() {
                if first > 1 && left == 0 {
                    break;
                }
                left -= usize::from(first > 1);
                limited.insert_run(replica, first, last);
            }
        }
        limited
    }

    /// How far this replica's dots are known without a gap.
    pub fn prefix(&self, replica: ReplicaId) -> u64 {
        self.runs(replica).map_or(0, Runs::prefix)
    }

    /// The greatest known sequence number of this replica, 0 if there is none.
    pub fn last_seq(&self, replica: ReplicaId) -> u64 {
        self.runs(replica).map_or(0, Runs::last)
    }

    /// Whether some dot is known although an earlier one of the same replica is not. O(replicas).
    pub fn has_gaps(&self) -> bool {
        self.replicas().any(|(_, runs)| runs.prefix() < runs.last())
    }

    /// How many runs of dots are known beyond the contiguous prefixes. They are what the context takes in memory and in messages,
    /// beside a few bytes for each replica. O(replicas).
    ///
    /// A context that was read from bytes has at most 65,536 of them, and one for each dot that a record or tombstone beside it carries.
    /// A join has at most the runs of both sides. A program that merges deltas from anybody should refuse one that would make too many.
    pub fn run_count(&self) -> usize {
        self.replicas().map(|(_, runs)| runs.count_beyond()).sum()
    }

    /// The dots that are not known although a later one of the same replica is: they were lost, or are late. O(replicas + runs).
    pub fn gaps(&self) -> Self {
        let mut gaps = Self::default();
        for (replica, runs) in self.replicas() {
            let mut before = 0;
            for (first, last) in runs.iter() {
                if before + 1 < first {
                    gaps.insert_run(replica, before + 1, first - 1);
                }
                before = last;
            }
        }
        gaps
    }

    /// The dots here beyond a gap, up to the other's prefix: `other` knows what is missing here before them. O(replicas log n + runs).
    pub(crate) fn beyond_closed_gaps(&self, other: &Self) -> Self {
        let mut beyond = Self::default();
        for (replica, runs) in self.replicas() {
            let prefix = other.prefix(replica);
            for (first, last) in runs.iter().filter(|(first, _)| (2..=prefix).contains(first)) {
                beyond.insert_run(replica, first, last.min(prefix));
            }
        }
        beyond
    }

    /// Feeds all dots to a hash. O(replicas + runs).
    pub(crate) fn feed(&self, hash: &mut WordHasher) {
        for (replica, runs) in self.replicas() {
            hash.add(replica.get());
            for (first, last) in runs.iter() {
                hash.add(first);
                hash.add(last);
            }
            hash.add(0);
        }
    }

    /// The replicas with known dots, in order, each with its runs; no runs are empty.
    pub(crate) fn replicas(&self) -> impl ExactSizeIterator<Item = (ReplicaId, &Runs)> + '_ {
        self.replicas.iter().map(|(replica, runs)| (*replica, runs))
    }

    /// Whether any effect of an ephemeral writer is known. O(log of the replicas).
    pub(crate) fn has_ephemeral(&self) -> bool {
        let at = self.replicas.position_of(|(known, _)| *known < ReplicaId::ephemeral(0));
        self.replicas.get(at).is_some_and(|(known, _)| known.is_ephemeral())
    }

    pub(crate) fn insert(&mut self, dot: Dot) {
        self.insert_run(dot.replica, dot.seq, dot.seq);
    }

    pub(crate) fn insert_run(&mut self, replica: ReplicaId, first: u64, last: u64) {
        self.change_runs(replica, |runs| runs.insert(first, last));
    }

    /// Adds all dots of `other`. A context must only claim what was received: join the context of a delta that was merged, or that of a
    /// saved state. For each replica of `other`: O(log), and O(runs of the side with fewer runs · log).
    pub fn join(&mut self, other: &Self) {
        for (replica, runs) in other.replicas() {
            self.change_runs(replica, |ours| ours.join(runs));
        }
    }

    /// The runs of one replica.
    #[inline]
    pub(crate) fn runs(&self, replica: ReplicaId) -> Option<&Runs> {
        let at = self.replicas.position_of(|(known, _)| *known < replica);
        self.replicas.get(at).filter(|(known, _)| *known == replica).map(|(_, runs)| runs)
    }

    /// Changes the runs of a replica; afterwards it must have one. O(log of the replicas).
    fn change_runs(&mut self, replica: ReplicaId, change: impl FnOnce(&mut Runs)) {
        let at = self.replicas.position_of(|(known, _)| *known < replica);
        match self.replicas.get_mut(at) {
            Some((known, runs)) if *known == replica => {
                let before = runs.count();
                change(runs);
                self.tally.add(replica, runs.count() - before);
            }
            _ => {
                let mut runs = Runs::default();
                change(&mut runs);
                self.tally.add(replica, runs.count());
                self.replicas.insert(at, (replica, runs));
            }
        }
    }

    /// Appends the runs of a replica that comes after all that are here.
    fn push(&mut self, replica: ReplicaId, runs: Runs) {
        self.tally.add(replica, runs.count());
        self.replicas.push((replica, runs));
    }
}

/// A streaming hash of 64-bit words, the finalizer of splitmix64 (Steele, Lea and Flood, 2014) chained over them.
#[derive(Default)]
pub(crate) struct WordHasher(u64);

impl WordHasher {
    pub(crate) fn add(&mut self, word: u64) {
        let mut mixed = (self.0 ^ word).wrapping_add(0x9e37_79b9_7f4a_7c15);
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        self.0 = mixed ^ (mixed >> 31);
    }

    pub(crate) fn finish(self) -> u64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn runs(runs: &Runs) -> Vec<(u64, u64)> {
        runs.iter().collect()
    }

    proptest! {
        #[test]
        fn runs_hold_the_same_numbers_as_a_set(inserted in prop::collection::vec((1u64..40, 0u64..6), 0..25)) {
            let mut compact = Runs::default();
            let mut set = BTreeSet::new();
            for (first, more) in inserted {
                let before = compact.clone();
                compact.insert(first, first + more);
                set.extend(first..=first + more);
                for seq in 1..50 {
                    prop_assert_eq!(compact.contains(seq), set.contains(&seq));
                }
                let kept = runs(&compact);
                prop_assert!(kept.windows(2).all(|pair| pair[0].1 + 1 < pair[1].0), "{:?}", kept);
                prop_assert_eq!(compact.last(), set.last().copied().unwrap_or(0));
                prop_assert_eq!(compact.count(), set.len() as u64);
                let mut joined = before.clone();
                joined.join(&compact);
                prop_assert_eq!(&joined, &compact);
                prop_assert_eq!(compact.prefix(), (1..).take_while(|seq| set.contains(seq)).count() as u64);
            }
        }
    }

    proptest! {
        #[test]
        fn joined_runs_hold_the_numbers_of_both(parts in prop::array::uniform2(prop::collection::vec((1u64..60, 0u64..4), 0..20))) {
            let [mut left, right] = parts.map(|inserted| {
                let mut runs = Runs::default();
                inserted.into_iter().for_each(|(first, more)| runs.insert(first, first + more));
                runs
            });
            let mut expected = left.clone();
            right.iter().for_each(|(first, last)| expected.insert(first, last));
            left.join(&right);
            prop_assert_eq!(left.count(), left.iter().map(|(first, last)| last - first + 1).sum::<u64>());
            prop_assert_eq!(left, expected);
        }
    }

    proptest! {
        #[test]
        fn differences_and_intersections_are_those_of_the_sets(
            ours in prop::collection::vec((1u64..40, 0u64..5), 0..9),
            theirs in prop::collection::vec((1u64..40, 0u64..5), 0..9),
        ) {
            let [ours, theirs] = [ours, theirs].map(|runs| {
                let mut context = CausalContext::default();
                for (first, more) in runs {
                    context.insert_run(ReplicaId::new(first % 2), first, first + more);
                }
                context
            });
            let expected = |keep: fn(bool, bool) -> bool| {
                let mut context = CausalContext::default();
                for (replica, seq) in (0..2).flat_map(|id| (1..50).map(move |seq| (ReplicaId::new(id), seq))) {
                    let dot = Dot { replica, seq };
                    if keep(ours.contains(dot), theirs.contains(dot)) {
                        context.insert(dot);
                    }
                }
                context
            };
            let mut both = ours.clone();
            both.join(&theirs);
            // They are compared with how many they have, which was counted one by one.
            prop_assert_eq!(both, expected(|ours, theirs| ours || theirs));
            prop_assert_eq!(ours.difference(&theirs), expected(|ours, theirs| ours && !theirs));
            prop_assert_eq!(ours.intersection(&theirs), expected(|ours, theirs| ours && theirs));
        }
    }

    #[test]
    fn a_context_includes_what_it_joined_and_nothing_else() {
        let [a, b] = [1, 2].map(ReplicaId::new);
        let mut left = CausalContext::default();
        left.insert_run(a, 1, 5);
        let mut right = CausalContext::default();
        right.insert_run(a, 4, 7);
        right.insert(Dot { replica: b, seq: 2 });
        assert!(!left.includes(&right) && !right.includes(&left));
        let mut both = left.clone();
        both.join(&right);
        assert!(both.includes(&left) && both.includes(&right));
        assert_eq!(both.prefix(a), 7);
        assert_eq!(both.prefix(b), 0);
        assert_eq!(both.last_seq(b), 2);
        assert!(!both.contains(Dot { replica: b, seq: 1 }));
        let mut gap = CausalContext::default();
        gap.insert(Dot { replica: b, seq: 1 });
        assert!(both.has_gaps() && both.gaps() == gap);
        gap.join(&both);
        assert!(!gap.has_gaps() && gap.gaps().is_empty());
        let [both, left] = [both, left].map(|context| {
            let mut hash = WordHasher::default();
            context.feed(&mut hash);
            hash.finish()
        });
        assert_ne!(both, left);
    }
}
