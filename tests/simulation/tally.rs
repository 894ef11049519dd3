//! What happened in the schedules, counted by kind.

use std::collections::BTreeMap;
use std::fmt;

use crdt_range_map::sync::Statistics;

/// Counts by name. Names are what the table shows.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    counts: BTreeMap<(Group, &'static str), u64>,
    maxima: BTreeMap<&'static str, (u64, u64)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Group {
    Schedules,
    Faults,
    Operations,
    Messages,
    Received,
    Sessions,
    /// Of what replicas show: whether something explains it.
    Looks,
}

impl Tally {
    pub fn count(&mut self, group: Group, name: &'static str) {
        self.add(group, name, 1);
    }

    pub fn add(&mut self, group: Group, name: &'static str, number: u64) {
        *self.counts.entry((group, name)).or_default() += number;
    }

    pub fn fault(&mut self, name: &'static str) {
        self.count(Group::Faults, name);
    }

    pub fn of(&self, group: Group, name: &'static str) -> u64 {
        self.counts.get(&(group, name)).copied().unwrap_or(0)
    }

    /// What a replica's protocol counted.
    pub fn statistics(&mut self, statistics: &Statistics) {
        self.add(Group::Sessions, "begun, counted on both sides", statistics.sessions_begun);
        self.add(Group::Sessions, "finished, counted on both sides", statistics.sessions_finished);
    }

    /// Remembers the greatest value of that name, and in which schedule it was.
    pub fn at_most(&mut self, name: &'static str, value: u64, seed: u64) {
        let known = self.maxima.entry(name).or_insert((value, seed));
        if value > known.0 {
            *known = (value, seed);
        }
    }

    pub fn join(&mut self, other: &Self) {
        for ((group, name), number) in &other.counts {
            self.add(*group, name, *number);
        }
        for (name, (value, seed)) in &other.maxima {
            self.at_most(name, *value, *seed);
        }
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = None;
        for ((group, name), number) in &self.counts {
            if shown != Some(*group) {
                writeln!(f, "{}", format!("{group:?}").to_lowercase())?;
                shown = Some(*group);
            }
            writeln!(f, "  {name:<44}{number:>14}")?;
        }
        writeln!(f, "at most")?;
        for (name, (value, seed)) in &self.maxima {
            writeln!(f, "  {name:<44}{value:>14}   in schedule {seed}")?;
        }
        Ok(())
    }
}
