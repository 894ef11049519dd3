//! Who is retired: the replicas that write no more.
//!
//! This is a lattice of its own beside the dots. It maps each retired replica to the last sequence number of it that was known where it
//! was declared retired. A declaration is never taken back. If there are two for one replica, the greater number counts.

use crate::id::ReplicaId;
use crate::ordered::Ordered;
use crate::tally::Tally;

/// The replicas that are declared to [write no more](crate::RangeMap::retire), each with its last sequence number that was known where
/// it was declared. They are part of the [`Version`](crate::Version) of a state.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Retired {
    all: Ordered<[(ReplicaId, u64); 1]>,
    /// A count that grows with every declaration that changes anything. It follows from the others.
    tally: Tally,
}

impl Retired {
    /// Whether no replica is known to be retired.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// How many are retired. O(1).
    pub fn len(&self) -> usize {
        self.all.len()
    }

    /// Whether this replica is known to write no more. O(log of the retired).
    pub fn contains(&self, replica: ReplicaId) -> bool {
        self.last_seq(replica).is_some()
    }

    /// The last sequence number of a retired replica that was known where it was declared retired, 0 if none was known; `None` if the
    /// replica is not known to be retired. The replica may have written more than that. O(log of the retired).
    pub fn last_seq(&self, replica: ReplicaId) -> Option<u64> {
        let at = self.all.position_of(|(retired, _)| *retired < replica);
        self.all.get(at).filter(|(retired, _)| *retired == replica).map(|(_, last)| *last)
    }

    /// The retired replicas in order, each with what [`last_seq`](Self::last_seq) says of it.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (ReplicaId, u64)> + '_ {
        self.all.iter().copied()
    }

    /// Whether joining `other` would change nothing: each replica that is retired there is retired here, with a number as great.
    /// O(retired there · log of those here).
    pub fn includes(&self, other: &Self) -> bool {
        other.iter().all(|(replica, last)| self.last_seq(replica).is_some_and(|ours| ours >= last))
    }

    /// Adds all declarations of `other`. O(retired there · log of those here).
    pub fn join(&mut self, other: &Self) {
        other.iter().for_each(|(replica, last)| self.insert(replica, last));
    }

    /// What joining this would add to `other`. O(retired here · log of those there).
    pub fn difference(&self, other: &Self) -> Self {
        let mut left = Self::default();
        for (replica, last) in self.iter() {
            if other.last_seq(replica).is_none_or(|theirs| theirs < last) {
                left.push(replica, last);
            }
        }
        left
    }

    /// The greatest value that both [include](Self::includes). O(retired of the side with fewer · log).
    pub fn intersection(&self, other: &Self) -> Self {
        if other.len() < self.len() {
            return other.intersection(self);
        }
        let mut both = Self::default();
        for (replica, last) in self.iter() {
            if let Some(theirs) = other.last_seq(replica) {
                both.push(replica, last.min(theirs));
            }
        }
        both
    }

    /// Notes that a replica writes no more after that sequence number. O(log of the retired).
    pub(crate) fn insert(&mut self, replica: ReplicaId, last: u64) {
        let at = self.all.position_of(|(retired, _)| *retired < replica);
        match self.all.get(at) {
            // Without a need nothing is written: a shared chunk would be copied.
            Some((retired, known)) if *retired == replica => {
                if *known < last
                    && let Some((_, known)) = self.all.get_mut(at)
                {
                    self.tally.add(replica, last - *known);
                    *known = last;
                }
            }
            _ => {
                self.tally.add(replica, last + 1);
                self.all.insert(at, (replica, last));
            }
        }
    }

    /// Appends a declaration of a replica that comes after all that are here.
    fn push(&mut self, replica: ReplicaId, last: u64) {
        self.tally.add(replica, last + 1);
        self.all.push((replica, last));
    }

    /// For each declaration its number and one more, in all and by groups of replicas: it grows with whatever a join changes. O(1).
    pub(crate) fn tally(&self) -> Tally {
        self.tally
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    fn retired(all: &[(u64, u64)]) -> Retired {
        let mut retired = Retired::default();
        all.iter().for_each(|(replica, last)| retired.insert(ReplicaId::new(*replica), *last));
        retired
    }

    /// What was inserted, in the plainest form.
    fn model(all: &[(u64, u64)]) -> BTreeMap<u64, u64> {
        let mut model = BTreeMap::new();
        for (replica, last) in all {
            let known = model.entry(*replica).or_insert(0);
            *known = (*known).max(*last);
        }
        model
    }

    fn listed(retired: &Retired) -> Vec<(u64, u64)> {
        retired.iter().map(|(replica, last)| (replica.get(), last)).collect()
    }

    proptest! {
        #[test]
        fn it_is_a_map_to_the_greatest_numbers(
            [ours, theirs] in prop::array::uniform2(prop::collection::vec((0u64..6, 0u64..4), 0..12)),
        ) {
            let [left, right] = [&ours[..], &theirs].map(retired);
            let [left_model, right_model] = [&ours[..], &theirs].map(model);
            prop_assert_eq!(listed(&left), left_model.clone().into_iter().collect::<Vec<_>>());
            prop_assert_eq!((left.len(), left.is_empty()), (left_model.len(), left_model.is_empty()));
            prop_assert_eq!(left.tally().total, left_model.values().map(|last| last + 1).sum::<u64>());
            for replica in 0..7 {
                let (id, last) = (ReplicaId::new(replica), left_model.get(&replica).copied());
                prop_assert_eq!((left.last_seq(id), left.contains(id)), (last, last.is_some()));
            }
            let mut both = left.clone();
            both.join(&right);
            prop_assert_eq!(&both, &retired(&[ours, theirs].concat()));
            prop_assert!(both.includes(&left) && both.includes(&right));
            prop_assert_eq!(left.includes(&right), both == left);

            let news = left.difference(&right);
            let mut again = right.clone();
            again.join(&news);
            prop_assert_eq!(&again, &both, "the difference is what is lacking");
            prop_assert_eq!(news.is_empty(), right.includes(&left));

            let shared = left.intersection(&right);
            prop_assert!(left.includes(&shared) && right.includes(&shared));
            let least = left_model.iter().filter_map(|(replica, last)| {
                right_model.get(replica).map(|theirs| (*replica, *last.min(theirs)))
            });
            prop_assert_eq!(listed(&shared), least.collect::<Vec<_>>());
        }
    }
}
