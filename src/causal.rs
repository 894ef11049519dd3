//! Dots and causal contexts: which operations are known.
//!
//! Every effect of an operation is named by a *dot*, its replica and that replica's next sequence number. A *causal context*
//! is a set of dots. It holds, for each replica, runs of consecutive sequence numbers; the run that begins at 1 is the
//! classical version vector's entry, the others are what arrived ahead of a gap. (Almeida, Shoker and Baquero, "Delta state
//! replicated data types", 2018, call them the compact context and the dot cloud.)

use std::collections::BTreeMap;

use crate::id::ReplicaId;

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

/// The runs of one replica's known sequence numbers, first to last, both inclusive: disjoint and never adjacent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Runs(BTreeMap<u64, u64>);

impl Runs {
    /// How far the numbers are known without a gap, from 1 on. 0 if 1 is not known. O(1) in the number of runs held before it.
    pub(crate) fn prefix(&self) -> u64 {
        match self.0.first_key_value() {
            Some((1, last)) => *last,
            _ => 0,
        }
    }

    /// The greatest known number, 0 if there is none.
    pub(crate) fn last(&self) -> u64 {
        self.0.last_key_value().map_or(0, |(_, last)| *last)
    }

    /// The runs in order, as (first, last).
    pub(crate) fn iter(&self) -> impl Iterator<Item = (u64, u64)> + '_ {
        self.0.iter().map(|(first, last)| (*first, *last))
    }

    pub(crate) fn contains(&self, seq: u64) -> bool {
        self.0.range(..=seq).next_back().is_some_and(|(_, last)| seq <= *last)
    }

    fn includes(&self, first: u64, last: u64) -> bool {
        self.0.range(..=first).next_back().is_some_and(|(_, known)| last <= *known)
    }

    /// Adds the numbers `first..=last` and closes up with the runs that they overlap or touch.
    pub(crate) fn insert(&mut self, mut first: u64, mut last: u64) {
        debug_assert!(1 <= first && first <= last && last <= SEQ_MAX);
        if let Some((before, end)) = self.0.range(..first).next_back().map(|(f, l)| (*f, *l))
            && end + 1 >= first
        {
            first = before;
            last = last.max(end);
        }
        while let Some((next, end)) = self.0.range(first..=last + 1).next().map(|(f, l)| (*f, *l)) {
            self.0.remove(&next);
            last = last.max(end);
        }
        self.0.insert(first, last);
    }
}

/// A set of dots: which effects of which replicas are known. It never claims a dot that was not received.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CausalContext {
    replicas: BTreeMap<ReplicaId, Runs>,
}

impl CausalContext {
    /// Whether no dot is known.
    pub fn is_empty(&self) -> bool {
        self.replicas.is_empty()
    }

    /// Whether the dot is known. O(log of replicas and runs).
    pub fn contains(&self, dot: Dot) -> bool {
        self.replicas.get(&dot.replica).is_some_and(|runs| runs.contains(dot.seq))
    }

    /// Whether every dot of `other` is known here. O(other's runs · log).
    pub fn includes(&self, other: &Self) -> bool {
        other.replicas.iter().all(|(replica, theirs)| {
            self.replicas
                .get(replica)
                .is_some_and(|ours| theirs.iter().all(|(first, last)| ours.includes(first, last)))
        })
    }

    /// How far this replica's dots are known without a gap.
    pub fn prefix(&self, replica: ReplicaId) -> u64 {
        self.replicas.get(&replica).map_or(0, Runs::prefix)
    }

    /// The greatest known sequence number of this replica, 0 if there is none.
    pub fn last_seq(&self, replica: ReplicaId) -> u64 {
        self.replicas.get(&replica).map_or(0, Runs::last)
    }

    /// Whether a dot is known of which an earlier one of the same replica is not. O(replicas).
    pub fn has_gaps(&self) -> bool {
        self.replicas.values().any(|runs| runs.prefix() < runs.last())
    }

    /// The dots that are not known although a later one of the same replica is: what was lost or is late. O(replicas + runs).
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

    /// A hash of the set: equal contexts have equal fingerprints on every platform, and different ones differ but for an
    /// accident of one in 2^64. It is no defence against somebody who looks for a collision. O(replicas + runs).
    pub fn fingerprint(&self) -> u64 {
        let mut hash = Fingerprint::default();
        for (replica, runs) in self.replicas() {
            hash.add(replica.get());
            for (first, last) in runs.iter() {
                hash.add(first);
                hash.add(last);
            }
            hash.add(0);
        }
        hash.0
    }

    /// The known replicas in order, each with its runs; none of them empty.
    pub(crate) fn replicas(&self) -> impl ExactSizeIterator<Item = (ReplicaId, &Runs)> + '_ {
        self.replicas.iter().map(|(replica, runs)| (*replica, runs))
    }

    pub(crate) fn insert(&mut self, dot: Dot) {
        self.insert_run(dot.replica, dot.seq, dot.seq);
    }

    pub(crate) fn insert_run(&mut self, replica: ReplicaId, first: u64, last: u64) {
        self.replicas.entry(replica).or_default().insert(first, last);
    }

    pub(crate) fn join(&mut self, other: &Self) {
        for (replica, runs) in other.replicas() {
            let ours = self.replicas.entry(replica).or_default();
            for (first, last) in runs.iter() {
                ours.insert(first, last);
            }
        }
    }
}

/// A streaming hash of 64-bit words, the finalizer of splitmix64 (Steele, Lea and Flood, 2014) chained over them.
#[derive(Default)]
struct Fingerprint(u64);

impl Fingerprint {
    fn add(&mut self, word: u64) {
        let mut mixed = (self.0 ^ word).wrapping_add(0x9e37_79b9_7f4a_7c15);
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        self.0 = mixed ^ (mixed >> 31);
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
                compact.insert(first, first + more);
                set.extend(first..=first + more);
                for seq in 1..50 {
                    prop_assert_eq!(compact.contains(seq), set.contains(&seq));
                }
                let kept = runs(&compact);
                prop_assert!(kept.windows(2).all(|pair| pair[0].1 + 1 < pair[1].0), "{:?}", kept);
                prop_assert_eq!(compact.last(), set.last().copied().unwrap_or(0));
                prop_assert_eq!(compact.prefix(), (1..).take_while(|seq| set.contains(seq)).count() as u64);
            }
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
        assert_ne!(both.fingerprint(), left.fingerprint());
    }
}
