//! What somebody may know of one writer's contributions to one registration.

use std::collections::BTreeSet;

use crate::oracle::Contribution;
use crate::view::Known;

/// A number that grows with what is heard, for sure or perhaps.
#[derive(Default)]
pub struct Mark {
    sure: u64,
    perhaps: BTreeSet<u64>,
}

impl Mark {
    pub fn add(&mut self, number: u64, is_sure: bool) {
        if is_sure {
            self.sure = self.sure.max(number);
        } else {
            self.perhaps.insert(number);
        }
    }

    /// What it may be, ascending.
    fn possible(&self) -> Vec<u64> {
        let more = self.perhaps.range(self.sure + 1..);
        [self.sure].into_iter().chain(more.copied()).collect()
    }
}

#[derive(Default)]
pub struct Heard {
    /// The number of the latest known contribution or own drop.
    pub reach: Mark,
    /// Records up to the one born with this number are dropped.
    pub dropped: Mark,
    /// All up to this number is reset.
    pub reset: Mark,
    /// All there ever were, in order.
    pub contributions: Vec<(u64, Contribution)>,
}

impl Heard {
    /// What may be known; first that of which most is held.
    pub fn possible(&self, may_be_dropped: impl Fn(u64) -> bool) -> Vec<Known> {
        let mut all = Vec::new();
        let mut add = |known: Known| {
            if !all.contains(&known) {
                all.push(known);
            }
        };
        for reach in self.reach.possible().into_iter().rev() {
            for dropped in self.dropped.possible() {
                let contributions = self.held(reach, dropped);
                for reset in self.reset.possible() {
                    // As far as it reset something.
                    let reset = contributions.iter().map(|(seq, _)| *seq).filter(|seq| *seq <= reset).max();
                    let reset = reset.unwrap_or(0);
                    let known = Known { reach, contributions: contributions.clone(), reset };
                    let birth = known.birth();
                    add(known);
                    if birth.is_some_and(&may_be_dropped) {
                        add(Known { reach, contributions: Vec::new(), reset: 0 });
                    }
                }
            }
        }
        all
    }

    /// What is known, and not dropped.
    fn held(&self, reach: u64, dropped: u64) -> Vec<(u64, Contribution)> {
        let mut held = Vec::<(u64, Contribution)>::new();
        for (seq, contribution) in &self.contributions {
            if *seq > reach || contribution.birth <= dropped {
                continue;
            }
            // Of two births the later one wins: the earlier was dropped.
            held.retain(|(_, other)| other.birth == contribution.birth);
            held.push((*seq, *contribution));
        }
        held
    }
}
