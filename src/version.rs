//! How much a state knows: which effects, and who is retired.
//!
//! A version is the product of two lattices, and so a lattice itself. One replica sends it to another to be sent what it lacks. It claims
//! effects without their records. So it is no state, and there is no way to join it to a state: a state that knew those dots and had
//! no records would drop, wherever it is joined, all records that they stand for.

use crate::causal::{CausalContext, WordHasher};
use crate::id::ReplicaId;
use crate::retired::Retired;

/// The version of a state: which effects are known, and which replicas are retired. Replicas of the same version mostly have the same
/// content; digests compare both.
///
/// It is part of each [`Delta`](crate::Delta). By itself, it is what a replica sends to a peer that is to answer with what it
/// [lacks](crate::RangeMap::delta_since). Both parts travel together, since a peer that knows one may lack the other. A version claims
/// effects without their records, so it cannot be merged into a map:
///
/// ```compile_fail,E0308
/// # use crdt_range_map::{RangeMap, ReplicaId};
/// let [here, mut there] = [1, 2].map(|id| RangeMap::<u64>::new(ReplicaId::new(id)));
/// there.merge(here.state().version());
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Version {
    pub(crate) context: CausalContext,
    pub(crate) retired: Retired,
}

impl Version {
    /// Which effects are known. O(1).
    pub fn context(&self) -> &CausalContext {
        &self.context
    }

    /// Which replicas are retired. O(1).
    pub fn retired(&self) -> &Retired {
        &self.retired
    }

    /// Whether nothing is known: no dot, and no retired replica. O(1).
    pub fn is_empty(&self) -> bool {
        self.context.is_empty() && self.retired.is_empty()
    }

    /// Whether everything that `other` knows is known here. O(other's runs and retired · log).
    pub fn includes(&self, other: &Self) -> bool {
        self.context.includes(&other.context) && self.retired.includes(&other.retired)
    }

    /// What is known here and not to `other`. Each part costs what it costs by [itself](CausalContext::difference).
    pub fn difference(&self, other: &Self) -> Self {
        Self {
            context: self.context.difference(&other.context),
            retired: self.retired.difference(&other.retired),
        }
    }

    /// What is known both here and to `other`. Each part costs what it costs by [itself](CausalContext::intersection).
    pub fn intersection(&self, other: &Self) -> Self {
        Self {
            context: self.context.intersection(&other.context),
            retired: self.retired.intersection(&other.retired),
        }
    }

    /// Adds all that `other` knows. A version must only claim what was received: join that of a delta which was merged, or of a saved
    /// state. Each part costs what it costs by [itself](CausalContext::join).
    pub fn join(&mut self, other: &Self) {
        self.context.join(&other.context);
        self.retired.join(&other.retired);
    }

    /// A hash of what is known: equal versions have equal fingerprints on every platform, and different ones differ but for an
    /// accident of one in 2^64. It is no defence against somebody who looks for a collision. O(replicas + runs).
    pub fn fingerprint(&self) -> u64 {
        let mut hash = WordHasher::default();
        self.context.feed(&mut hash);
        for (replica, last) in self.retired.iter() {
            hash.add(replica.get());
            hash.add(!last);
        }
        hash.finish()
    }

    /// The version without those dots. Who is retired stays.
    pub(crate) fn without(&self, dots: &CausalContext) -> Self {
        Self { context: self.context.difference(dots), retired: self.retired.clone() }
    }

    /// As much of it as fits into a message: at most `runs_max` runs beside the prefixes. Writing a message leaves out further runs
    /// anyway, but then its sender would not know what it claimed. O(replicas + runs).
    pub(crate) fn limited(&self, runs_max: usize) -> Self {
        Self { context: self.context.limited(runs_max), retired: self.retired.clone() }
    }

    /// Whether anything is known of this replica.
    pub(crate) fn is_known(&self, replica: ReplicaId) -> bool {
        self.context.runs(replica).is_some() || self.retired.contains(replica)
    }

    /// Whether this replica is retired, and all its dots are known that anybody is known to know: the declared ones, and those before
    /// the last one known here.
    pub(crate) fn is_finished(&self, replica: ReplicaId) -> bool {
        let last = self.retired.last_seq(replica);
        last.is_some_and(|last| self.context.prefix(replica) >= last.max(self.context.last_seq(replica)))
    }
}

/// Nobody is known to be retired.
impl From<CausalContext> for Version {
    fn from(context: CausalContext) -> Self {
        Self { context, retired: Retired::default() }
    }
}

/// No effect is known.
impl From<Retired> for Version {
    fn from(retired: Retired) -> Self {
        Self { context: CausalContext::default(), retired }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::causal::Dot;

    #[test]
    fn the_retired_are_part_of_what_is_known() {
        let [a, b] = [1, 2].map(ReplicaId::new);
        let mut knows = Version::default();
        knows.context.insert_run(a, 1, 3);
        let mut told = knows.clone();
        told.retired.insert(a, 5);
        assert!(told.includes(&knows) && !knows.includes(&told));
        assert_eq!(told.context(), knows.context());
        assert_ne!(told.fingerprint(), knows.fingerprint());
        assert!(told.is_known(a) && !told.is_known(b));
        assert!(!told.is_finished(a), "4 and 5 are not known");
        told.context.insert_run(a, 4, 5);
        assert!(told.is_finished(a));
        told.context.insert(Dot { replica: a, seq: 7 });
        assert!(!told.is_finished(a), "there was more than who retired it knew");
        let news = told.difference(&knows);
        assert!(news.retired().contains(a) && told.intersection(&news) == news);
        assert!(told.limited(0).retired().contains(a), "that is told in any case");
        let without = told.without(&knows.context);
        assert_eq!(without, news);
        knows.join(&news);
        assert_eq!(knows, told);
    }
}
