//! What a replica must hold, in the most obvious way: every contribution ever made, and which of them were reset.
//!
//! This is the definition of the map's meaning and shares nothing with the library: both sets only grow, merging is their
//! union, and a priority is counted anew from the contributions that nobody has reset.

use std::collections::{HashMap, HashSet};
use std::num::NonZeroU32;

use crate::workload::{Op, OpKind, Served, Triple};

/// The name of a contribution: the replica that made it and that replica's count.
type Dot = (u64, u32);

#[derive(Clone, Copy, PartialEq, Eq)]
struct Contribution {
    replica: u64,
    count: u32,
    /// By how much the priority was raised; a register if by nothing.
    raised_by: Option<NonZeroU32>,
}

impl Contribution {
    fn dot(&self) -> Dot {
        (self.replica, self.count)
    }
}

/// One replica of the model.
#[derive(Clone)]
pub struct Model {
    replica: u64,
    made: u32,
    contributions: HashMap<Triple, Vec<Contribution>>,
    reset: HashSet<Dot>,
}

impl Model {
    /// An empty replica.
    pub fn new(replica: u64) -> Self {
        Self { replica, made: 0, contributions: HashMap::new(), reset: HashSet::new() }
    }

    /// Does what the library's operation of that name does.
    pub fn apply(&mut self, op: &Op) {
        match op.kind {
            OpKind::Release => self.reset(op.triple),
            OpKind::Register => self.contribute(op.triple, None),
            OpKind::Increase(by) => self.contribute(op.triple, Some(by)),
        }
    }

    /// Learns everything that the other knows.
    pub fn merge(&mut self, other: &Self) {
        for (triple, theirs) in &other.contributions {
            let ours = self.contributions.entry(*triple).or_default();
            for contribution in theirs {
                if !ours.contains(contribution) {
                    ours.push(*contribution);
                }
            }
        }
        self.reset.extend(&other.reset);
    }

    /// The visible registrations, ordered by start, end and node.
    pub fn registrations(&self) -> Vec<Served> {
        let mut visible: Vec<Served> = self
            .contributions
            .keys()
            .map(|triple| Served { triple: *triple, priority: self.priority(*triple) })
            .filter(|served| served.priority >= 1)
            .collect();
        visible.sort_unstable_by_key(|served| served.triple);
        visible
    }

    fn contribute(&mut self, triple: Triple, raised_by: Option<NonZeroU32>) {
        let is_visible = self.priority(triple) >= 1;
        if !is_visible {
            self.reset(triple);
        }
        self.made += 1;
        let contribution = Contribution { replica: self.replica, count: self.made, raised_by };
        self.contributions.entry(triple).or_default().push(contribution);
    }

    fn reset(&mut self, triple: Triple) {
        let observed: Vec<Dot> = self.left(triple).map(|contribution| contribution.dot()).collect();
        self.reset.extend(observed);
    }

    fn priority(&self, triple: Triple) -> u64 {
        let mut registered = 0;
        let mut adjustments = 0;
        for contribution in self.left(triple) {
            match contribution.raised_by {
                None => registered = 1,
                Some(by) => adjustments += u64::from(by.get()),
            }
        }
        registered + adjustments
    }

    /// The contributions to a registration that no known reset had observed.
    fn left(&self, triple: Triple) -> impl Iterator<Item = &Contribution> {
        let all = self.contributions.get(&triple).into_iter().flatten();
        all.filter(|contribution| !self.reset.contains(&contribution.dot()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
        a.merge(&b);
        assert_eq!(a.registrations(), [Served { triple, priority: 1 }]);
    }

    #[test]
    fn registers_are_idempotent_and_released_registrations_are_not_visible() {
        let triple = Triple { start: 0, end: 9, node: 0 };
        let [register, release] = [OpKind::Register, OpKind::Release].map(|kind| Op { triple, kind });
        let [mut a, mut b] = [1, 2].map(Model::new);
        a.apply(&register);
        b.apply(&register);
        a.merge(&b);
        assert_eq!(a.registrations(), [Served { triple, priority: 1 }]);
        a.apply(&release);
        assert_eq!(a.registrations(), []);
    }
}
