//! Dots and causal contexts: which operations are known.
//!
//! Every effect of an operation is named by a *dot*, its replica and that replica's next sequence number. A *causal context*
//! is a set of dots. It holds, for each replica, runs of consecutive sequence numbers; the run that begins at 1 is the
//! classical version vector's entry, the others are what arrived ahead of a gap. (Almeida, Shoker and Baquero, "Delta state
//! replicated data types", 2018, call them the compact context and the dot cloud.)

use smallvec::SmallVec;

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

    fn includes(&self, first: u64, last: u64) -> bool {
        let at = self.0.partition_point(|(_, end)| *end < first);
        self.0.get(at).is_some_and(|(begin, end)| *begin <= first && last <= *end)
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
    fn join(&mut self, other: &Self) {
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
}

/// A set of dots: which effects of which replicas are known. It never claims a dot that was not received.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CausalContext {
    /// Ordered by replica; none without a run. The context of an operation's delta takes no memory apart.
    replicas: SmallVec<[(ReplicaId, Runs); 2]>,
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

    /// Whether every dot of `other` is known here. O(other's runs · log).
    pub fn includes(&self, other: &Self) -> bool {
        other.replicas().all(|(replica, theirs)| {
            self.runs(replica)
                .is_some_and(|ours| theirs.iter().all(|(first, last)| ours.includes(first, last)))
        })
    }

    /// How far this replica's dots are known without a gap.
    pub fn prefix(&self, replica: ReplicaId) -> u64 {
        self.runs(replica).map_or(0, Runs::prefix)
    }

    /// The greatest known sequence number of this replica, 0 if there is none.
    pub fn last_seq(&self, replica: ReplicaId) -> u64 {
        self.runs(replica).map_or(0, Runs::last)
    }

    /// Whether a dot is known of which an earlier one of the same replica is not. O(replicas).
    pub fn has_gaps(&self) -> bool {
        self.replicas().any(|(_, runs)| runs.prefix() < runs.last())
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
        self.runs_mut(replica).insert(first, last);
    }

    /// Adds all dots of `other`. O(its replicas and the runs of both · log) if they are known here, else O(replicas) more.
    pub(crate) fn join(&mut self, other: &Self) {
        if other.replicas().filter(|(replica, _)| self.runs(*replica).is_none()).nth(1).is_some() {
            // Several at once: one by one, each would move all that order after it.
            let mut ours = core::mem::take(&mut self.replicas).into_iter().peekable();
            for (replica, _) in &other.replicas {
                while let Some(before) = ours.next_if(|(own, _)| own < replica) {
                    self.replicas.push(before);
                }
                let known = ours.next_if(|(own, _)| own == replica);
                self.replicas.push(known.unwrap_or((*replica, Runs::default())));
            }
            self.replicas.extend(ours);
        }
        for (replica, runs) in other.replicas() {
            self.runs_mut(replica).join(runs);
        }
    }

    fn runs(&self, replica: ReplicaId) -> Option<&Runs> {
        let at = self.replicas.binary_search_by_key(&replica, |(replica, _)| *replica).ok()?;
        Some(&self.replicas[at].1)
    }

    /// The runs of a replica to which one is about to be added.
    fn runs_mut(&mut self, replica: ReplicaId) -> &mut Runs {
        let at = self.replicas.binary_search_by_key(&replica, |(replica, _)| *replica).unwrap_or_else(|at| {
            self.replicas.insert(at, (replica, Runs::default()));
            at
        });
        &mut self.replicas[at].1
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
                let before = compact.clone();
                compact.insert(first, first + more);
                set.extend(first..=first + more);
                for seq in 1..50 {
                    prop_assert_eq!(compact.contains(seq), set.contains(&seq));
                }
                let kept = runs(&compact);
                prop_assert!(kept.windows(2).all(|pair| pair[0].1 + 1 < pair[1].0), "{:?}", kept);
                prop_assert_eq!(compact.last(), set.last().copied().unwrap_or(0));
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
            prop_assert_eq!(left, expected);
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
