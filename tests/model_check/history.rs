//! What all operations together amount to: every contribution ever made, and which of them were reset.
//!
//! A contribution is observed by whoever claims to know its dot. That is all that is assumed of how it got there, so that this
//! serves for any protocol.

use std::collections::{BTreeMap, BTreeSet};

use crdt_range_map::{Dot, Node, ReplicaId};

use super::model::history::Operation;
use super::model::{Contribution, Id};

/// An operation took a dot that was taken before, or none although it contributed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct DotMisused;

/// One operation that did something.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Done {
    /// The registration, by its place among all.
    place: usize,
    contribution: Option<Contribution>,
    /// The contributions that it had observed and reset.
    reset: BTreeSet<Dot>,
}

/// The operations, each by its last dot, which is that of its contribution if it made one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct History(BTreeMap<Dot, Done>);

impl History {
    /// Does the operation at a node, and notes what it contributes and what it resets.
    pub fn operate(
        &mut self,
        node: &mut Node<u64>,
        ids: &[Id<u64>],
        (place, operation): (usize, Operation),
    ) -> Result<(), DotMisused> {
        let known = node.map().state().context().clone();
        let (range, name) = &ids[place];
        let priority = node.map().priority(name, range);
        let contribution = match operation {
            Operation::Register => {
                node.register(name, range).unwrap();
                Some(Contribution::Register)
            }
            Operation::Increase(by) => {
                node.increase(name, range, by).unwrap();
                Some(Contribution::Adjustment(by.get().into()))
            }
            Operation::Decrease(by) => {
                node.decrease(name, range, by).unwrap();
                let lowers = priority.is_some_and(|priority| priority > by.get().into());
                lowers.then(|| Contribution::Adjustment(-i64::from(by.get())))
            }
            Operation::Release => {
                node.release(name, range).unwrap();
                None
            }
            _ => {
                panic!("no history has it: what tightening or moving adds depends on more than is known here")
            }
        };
        // What adds to a visible registration resets nothing, and neither does lowering one that is not visible.
        let resets = match operation {
            Operation::Decrease(_) => contribution.is_none() && priority.is_some(),
            _ => contribution.is_none() || priority.is_none(),
        };
        let mut reset = BTreeSet::new();
        if resets {
            let observed = self.contributions(place).map(|(dot, _)| dot).filter(|dot| known.contains(*dot));
            reset.extend(observed);
        }
        let replica = node.map().replica();
        let dot = Dot { replica, seq: node.map().last_own_seq() };
        if dot.seq == known.last_seq(replica) {
            // Nothing was done: then nothing is to be counted either.
            return if contribution.is_none() && node.last_delta().is_empty() {
                Ok(())
            } else {
                Err(DotMisused)
            };
        }
        let own_after = Dot { replica, seq: known.last_seq(replica) + 1 }..=dot;
        let is_taken = self.0.range(own_after).next().is_some();
        self.0.insert(dot, Done { place, contribution, reset });
        if is_taken { Err(DotMisused) } else { Ok(()) }
    }

    /// What was done under an id after that number never happened: it was not saved, and nobody heard of it.
    pub fn forget_after(&mut self, replica: ReplicaId, seq: u64) {
        self.0.retain(|dot, _| dot.replica != replica || dot.seq <= seq);
    }

    /// Whether the node shows what everything that ever happened amounts to.
    pub fn is_shown_by(&self, node: &Node<u64>, ids: &[Id<u64>]) -> bool {
        ids.iter()
            .enumerate()
            .all(|(place, (range, name))| node.map().priority(name, range) == self.priority(place))
    }

    fn contributions(&self, place: usize) -> impl Iterator<Item = (Dot, Contribution)> {
        let of_it = self.0.iter().filter(move |(_, done)| done.place == place);
        of_it.filter_map(|(dot, done)| Some((*dot, done.contribution?)))
    }

    fn priority(&self, place: usize) -> Option<u64> {
        let is_reset = |dot: &Dot| self.0.values().any(|done| done.reset.contains(dot));
        let left = || self.contributions(place).filter(|(dot, _)| !is_reset(dot)).map(|(_, left)| left);
        let register = i64::from(left().any(|contribution| contribution == Contribution::Register));
        let by = |contribution| if let Contribution::Adjustment(by) = contribution { by } else { 0 };
        u64::try_from(register + left().map(by).sum::<i64>()).ok().filter(|priority| *priority >= 1)
    }
}
