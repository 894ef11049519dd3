//! What a replica must hold, in the slowest and most obvious way: every contribution ever made, and which of them were reset.
//!
//! This is the definition of the map's meaning and shares nothing with the library: both sets only grow, merging is their
//! union, and a priority is counted anew from the contributions that nobody has reset.

use std::collections::{BTreeMap, BTreeSet};

use crate::workload::{Op, OpKind, Served, Triple};

/// The name of a contribution: the replica that made it and that replica's count.
type Dot = (u64, u64);

#[derive(Clone, Copy)]
enum Contribution {
    Register,
    Adjustment(i64),
}

/// One replica of the model.
#[derive(Clone)]
pub struct Model {
    replica: u64,
    made: u64,
    contributions: BTreeMap<(Triple, Dot), Contribution>,
    reset: BTreeSet<Dot>,
}

impl Model {
    /// An empty replica.
    pub fn new(replica: u64) -> Self {
        Self { replica, made: 0, contributions: BTreeMap::new(), reset: BTreeSet::new() }
    }

    /// Does what the library's operation of that name does.
    pub fn apply(&mut self, op: &Op) {
        let is_visible = self.priority(op.triple) >= 1;
        match op.kind {
            OpKind::Release => self.reset(op.triple),
            OpKind::Register => self.contribute(op.triple, is_visible, Contribution::Register),
            OpKind::Increase(by) => {
                self.contribute(op.triple, is_visible, Contribution::Adjustment(i64::from(by.get())));
            }
        }
    }

    /// Learns everything that the other knows.
    pub fn merge(&mut self, other: &Self) {
        self.contributions.extend(&other.contributions);
        self.reset.extend(&other.reset);
    }

    /// The visible registrations, ordered by start, end and node.
    pub fn registrations(&self) -> Vec<Served> {
        let triples: BTreeSet<Triple> = self.contributions.keys().map(|(triple, _)| *triple).collect();
        triples
            .into_iter()
            .map(|triple| Served { triple, priority: self.priority(triple).try_into().unwrap_or(0) })
            .filter(|served| served.priority >= 1)
            .collect()
    }

    fn contribute(&mut self, triple: Triple, is_visible: bool, contribution: Contribution) {
        if !is_visible {
            self.reset(triple);
        }
        self.made += 1;
        self.contributions.insert((triple, (self.replica, self.made)), contribution);
    }

    fn reset(&mut self, triple: Triple) {
        let observed: Vec<Dot> = self.left(triple).map(|(dot, _)| dot).collect();
        self.reset.extend(observed);
    }

    fn priority(&self, triple: Triple) -> i64 {
        let mut registered = 0;
        let mut adjustments = 0;
        for (_, contribution) in self.left(triple) {
            match contribution {
                Contribution::Register => registered = 1,
                Contribution::Adjustment(by) => adjustments += by,
            }
        }
        registered + adjustments
    }

    /// The contributions to a registration that no known reset had observed.
    fn left(&self, triple: Triple) -> impl Iterator<Item = (Dot, Contribution)> + '_ {
        self.contributions
            .range((triple, (0, 0))..=(triple, (u64::MAX, u64::MAX)))
            .map(|((_, dot), contribution)| (*dot, *contribution))
            .filter(|(dot, _)| !self.reset.contains(dot))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::num::NonZeroU32;

    #[test]
    fn only_the_part_that_a_release_had_not_observed_comes_back() {
        let triple = Triple { start: 0, end: 9, node: 0 };
        let increase = |by| Op { triple, kind: OpKind::Increase(NonZeroU32::new(by).unwrap()) };
        let [mut a, mut b] = [1, 2].map(Model::new);
        a.apply(&increase(5));
        b.merge(&a);
        b.apply(&Op { triple, kind: OpKind::Release });
        a.apply(&increase(1));
        a.merge(&b);
        assert_eq!(a.registrations(), [Served { triple, priority: 1 }]);
    }
}
