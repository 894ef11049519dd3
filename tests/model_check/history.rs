//! What all operations together amount to: every contribution ever made, and which of them were reset.
//!
//! A contribution is observed by whoever claims to know its dot. That is all that is assumed of how it got there, so that this
//! serves for any protocol.

use std::collections::{BTreeMap, BTreeSet};

use crdt_range_map::{Delta, Dot, RangeMap};

use super::model::history::Operation;
use super::model::{Contribution, Id};

/// An operation took a dot that was taken before, or none although it contributed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct DotMisused;

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct History {
    /// By the dot of its update; the registration is named by its place among all.
    contributions: BTreeMap<Dot, (usize, Contribution)>,
    /// The contributions that some reset had observed.
    reset: BTreeSet<Dot>,
}

impl History {
    /// Does the operation at a replica, and notes what it contributes and what it resets.
    pub fn operate(
        &mut self,
        map: &mut RangeMap<u64>,
        ids: &[Id<u64>],
        (place, operation): (usize, Operation),
    ) -> Result<Delta<u64>, DotMisused> {
        let known = map.state().context().clone();
        let (range, node) = &ids[place];
        let priority = map.priority(node, range);
        let (delta, contribution) = match operation {
            Operation::Register => (map.register(node, range).unwrap(), Some(Contribution::Register)),
            Operation::Increase(by) => {
                (map.increase(node, range, by).unwrap(), Some(Contribution::Adjustment(by.get().into())))
            }
            Operation::Decrease(by) => {
                let lowers = priority.is_some_and(|priority| priority > by.get().into());
                let contribution = lowers.then(|| Contribution::Adjustment(-i64::from(by.get())));
                (map.decrease(node, range, by).unwrap(), contribution)
            }
            Operation::Release => (map.release(node, range).unwrap(), None),
            Operation::Tighten(_) => {
                panic!("no history has it: what tightening adds depends on more than is known here")
            }
        };
        // What adds to a visible registration resets nothing, and neither does lowering one that is not visible.
        let resets = match operation {
            Operation::Decrease(_) => contribution.is_none() && priority.is_some(),
            _ => contribution.is_none() || priority.is_none(),
        };
        if resets {
            let observed =
                self.contributions.iter().filter(|(dot, (of, _))| *of == place && known.contains(**dot));
            self.reset.extend(observed.map(|(dot, _)| *dot));
        }
        if let Some(contribution) = contribution {
            let replica = map.replica();
            let dot = Dot { replica, seq: map.state().context().last_seq(replica) };
            let is_taken = self.contributions.insert(dot, (place, contribution)).is_some();
            if is_taken || dot.seq == known.last_seq(replica) {
                return Err(DotMisused);
            }
        }
        Ok(delta)
    }

    /// Whether the map shows what everything that ever happened amounts to.
    pub fn is_shown_by(&self, map: &RangeMap<u64>, ids: &[Id<u64>]) -> bool {
        ids.iter().enumerate().all(|(place, (range, node))| map.priority(node, range) == self.priority(place))
    }

    fn priority(&self, place: usize) -> Option<u64> {
        let left = || {
            let of_it = self.contributions.iter().filter(|(_, (of, _))| *of == place);
            of_it.filter(|(dot, _)| !self.reset.contains(dot)).map(|(_, (_, contribution))| *contribution)
        };
        let register = i64::from(left().any(|contribution| contribution == Contribution::Register));
        let by = |contribution| if let Contribution::Adjustment(by) = contribution { by } else { 0 };
        u64::try_from(register + left().map(by).sum::<i64>()).ok().filter(|priority| *priority >= 1)
    }
}
