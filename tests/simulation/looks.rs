//! Whether something explains what a replica shows: some of the operations that it has heard of, each as a whole.
//!
//! What a replica heard of an operation in part only, such as a release that others have followed already in what they tell, may
//! count or not. What it heard of wholly must count.

use std::collections::{BTreeMap, BTreeSet};

use crdt_range_map::{CausalContext, Dot, ReplicaId};

use crate::keys::SimulatedKey;
use crate::oracle::{Contribution, Effect, Oracle, Place};
use crate::view::Registration;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    Explained,
    Unexplained,
    /// Too many operations are half heard to try them all.
    Undecided,
}

/// So many operations that are heard of in part are tried in all combinations.
const PARTLY_HEARD_MAX: usize = 10;
/// And only where there were not more in all.
const OPERATIONS_MAX: usize = 400;

/// What one operation did to one registration, as far as it matters to whoever looks.
#[derive(Default)]
struct Operation {
    /// Those that were heard of.
    contributions: Vec<(Dot, Contribution)>,
    /// Contributions of these writers, up to those numbers.
    resets: Vec<(ReplicaId, u64)>,
    /// Records of these writers that were born with those numbers, or before.
    drops: Vec<(ReplicaId, u64)>,
    heard: usize,
    effects: usize,
    /// Whether it may be heard of without its dots: from who dropped what it had reset.
    is_followed: bool,
}

impl Operation {
    fn cancels(&self, (dot, contribution): &(Dot, Contribution)) -> bool {
        self.resets.iter().any(|(writer, reach)| *writer == dot.replica && dot.seq <= *reach)
            || self.drops.iter().any(|(writer, birth)| *writer == dot.replica && contribution.birth <= *birth)
    }

    /// Whether it counts for sure.
    fn is_sure(&self) -> bool {
        self.heard == self.effects
    }

    fn may_count(&self) -> bool {
        self.heard > 0 || self.is_followed
    }
}

/// What somebody may have heard of drops without having heard of the operation that led to them.
#[derive(Default)]
struct Heard {
    /// Up to which number each writer's contributions are known.
    reach: BTreeMap<ReplicaId, u64>,
    /// Records that are dropped, as is known or was told.
    dropped: BTreeSet<(ReplicaId, u64)>,
    /// Up to which birth each writer's records are known to be dropped.
    gone: BTreeMap<ReplicaId, u64>,
}

impl<K: SimulatedKey> Oracle<K> {
    /// What is to be said of a replica that knows those dots and shows that priority.
    pub fn look(&self, context: &CausalContext, place: Place, shown: Option<u64>) -> Look {
        if self.is_partly_given_up(context, place) {
            return Look::Undecided;
        }
        let heard = self.heard(context, place);
        let operations = self.operations(context, place, &heard);
        if operations.iter().all(|operation| operation.is_sure() || !operation.may_count()) {
            // Then the priority is the one that follows from the dots, which is checked elsewhere.
            return Look::Explained;
        }
        if operations.len() > OPERATIONS_MAX {
            return Look::Undecided;
        }
        let is_gone = |(dot, contribution): &(Dot, Contribution)| {
            heard.gone.get(&dot.replica).is_some_and(|birth| contribution.birth <= *birth)
        };
        let all = || operations.iter().flat_map(|operation| operation.contributions.iter());
        // Of what is gone, only what went by an operation that concerns something else as well is of interest.
        let concerns_left = |operation: &&Operation| {
            let mut left = all().filter(|it| !is_gone(it));
            operation.contributions.iter().any(|it| !is_gone(it)) || left.any(|it| operation.cancels(it))
        };
        let concerned: Vec<&Operation> = operations.iter().filter(concerns_left).collect();
        let of_interest: Vec<(Dot, Contribution)> = all()
            .filter(|it| !is_gone(it) || concerned.iter().any(|operation| operation.cancels(it)))
            .copied()
            .collect();
        let matters = |operation: &&Operation| {
            of_interest.iter().any(|it| operation.cancels(it) || operation.contributions.contains(it))
        };
        let (sure, partly): (Vec<&Operation>, Vec<&Operation>) =
            operations.iter().filter(matters).filter(|it| it.may_count()).partition(|it| it.is_sure());
        let explains = |chosen: usize| {
            let chosen = partly.iter().enumerate().filter(|(at, _)| chosen >> at & 1 == 1).map(|(_, it)| *it);
            let counting: Vec<&Operation> = sure.iter().copied().chain(chosen).collect();
            let counts = |it: &&(Dot, Contribution)| {
                counting.iter().any(|operation| operation.contributions.contains(it))
                    && !counting.iter().any(|operation| operation.cancels(it))
            };
            Registration::priority_of(of_interest.iter().filter(counts).map(|(_, it)| it)) == shown
        };
        match partly.len() {
            few if few <= PARTLY_HEARD_MAX && (0..1 << few).any(explains) => Look::Explained,
            few if few <= PARTLY_HEARD_MAX => Look::Unexplained,
            _ if explains(0) || explains(usize::MAX) => Look::Explained,
            _ => Look::Undecided,
        }
    }

    fn heard(&self, context: &CausalContext, place: Place) -> Heard {
        let mut heard = Heard::default();
        for (dot, issued) in self.effects(place) {
            let is_known = context.contains(dot);
            if is_known && !matches!(issued.effect, Effect::Reset { .. }) {
                heard.reach.insert(dot.replica, dot.seq);
            }
            if let Effect::Drop { writer, birth, .. } = issued.effect {
                if is_known {
                    let gone = heard.gone.entry(writer).or_default();
                    *gone = birth.max(*gone);
                }
                if is_known || self.is_announced(dot) {
                    heard.dropped.insert((writer, birth));
                }
            }
        }
        heard
    }

    fn operations(&self, context: &CausalContext, place: Place, heard: &Heard) -> Vec<Operation> {
        let Heard { reach, dropped, .. } = heard;
        let mut operations = BTreeMap::<Dot, Operation>::new();
        for (dot, issued) in self.effects(place) {
            let Some(first) = issued.operation else { continue };
            let operation = operations.entry(Dot { replica: dot.replica, seq: first }).or_default();
            let is_implied = reach.get(&dot.replica).is_some_and(|reach| dot.seq <= *reach);
            let (is_heard, is_followed) = match issued.effect {
                Effect::Contribution { contribution, .. } => {
                    if is_implied {
                        operation.contributions.push((dot, contribution));
                    }
                    (is_implied, false)
                }
                Effect::Reset { writer, reach, .. } => {
                    operation.resets.push((writer, reach));
                    let is_dropped = dropped.range((writer, 0)..=(writer, reach)).next().is_some();
                    (context.contains(dot), is_dropped)
                }
                Effect::Drop { writer, birth, .. } => {
                    operation.drops.push((writer, birth));
                    let is_known = context.contains(dot) || writer == dot.replica && is_implied;
                    (is_known, dropped.contains(&(writer, birth)))
                }
            };
            operation.heard += usize::from(is_heard);
            operation.effects += 1;
            operation.is_followed |= is_followed;
        }
        operations.into_values().collect()
    }
}
