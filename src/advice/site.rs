//! The nodes of a plan: what each bears, and has room for.

use core::cmp::{Ordering, Reverse};
use std::collections::{BTreeMap, BTreeSet};

use super::histogram::{Aims, Capacities};
use super::parcel::SCALE;
use crate::id::NodeId;
use crate::sort::sorted;

/// A node as the plan sees it. All loads are scaled.
#[derive(Debug)]
pub(super) struct Site {
    /// `None` for a node that is left alone.
    pub(super) capacity: Option<u64>,
    /// What it bears if the plan is followed.
    pub(super) load: u128,
    /// What it bears now.
    pub(super) load_now: u128,
    /// Its part of all load, by its capacity.
    pub(super) fair: u128,
    /// What it may have when it was relieved, and when it takes.
    pub(super) aim: u128,
    /// What it may have before it is relieved.
    pub(super) high: u128,
}

impl Site {
    pub(super) fn room(&self) -> u128 {
        self.aim.saturating_sub(self.load)
    }

    fn takes(&self) -> bool {
        self.capacity.is_some_and(|capacity| capacity > 0)
    }

    /// Compares what two bear for what they can. Loads are less than 2^69 and capacities less than 2^53.
    pub(super) fn compare(&self, other: &Self) -> Ordering {
        let [ours, theirs] = [self, other].map(|site| u128::from(site.capacity.unwrap_or(0)));
        (self.load * theirs).cmp(&(other.load * ours))
    }
}

/// All nodes: those with a capacity, by name, and then others that own something.
#[derive(Debug)]
pub(super) struct Sites {
    numbers: BTreeMap<NodeId, u32>,
    all: Vec<Site>,
    /// Those that take, by their room; of equal ones the first by name comes last.
    rooms: BTreeSet<(u128, Reverse<u32>)>,
    /// Of the load of one who bears an average part.
    pub(super) mean: u128,
}

impl Sites {
    /// Of those who are not gone. O(n log n), and what it takes to find out who is gone.
    pub(super) fn new(
        capacities: &Capacities,
        is_gone: impl Fn(&NodeId) -> bool,
        load: u64,
        aims: &Aims,
    ) -> Self {
        let load = u128::from(load) << SCALE;
        let there: Vec<_> = capacities.of.iter().filter(|(node, _)| !is_gone(node)).collect();
        let sum: u64 = there.iter().map(|(_, capacity)| **capacity).sum();
        let takers = there.iter().filter(|(_, capacity)| **capacity > 0).count() as u128;
        let mean = load.checked_div(takers).unwrap_or(0);
        let (mut numbers, mut all, mut rooms) = (BTreeMap::new(), Vec::new(), BTreeSet::new());
        for (number, (node, capacity)) in (0..).zip(there) {
            let fair = load * u128::from(*capacity) / u128::from(sum.max(1));
            let more = fair * u128::from(aims.slack_per_mille) / 1000;
            let (aim, high) = (fair + more / 2, fair + more);
            let site = Site { capacity: Some(*capacity), load: 0, load_now: 0, fair, aim, high };
            if site.takes() {
                rooms.insert((site.room(), Reverse(number)));
            }
            numbers.insert(node.clone(), number);
            all.push(site);
        }
        Self { numbers, all, rooms, mean }
    }

    /// The number of a node; a new one for who has no capacity. O(log n).
    pub(super) fn number(&mut self, node: &NodeId) -> u32 {
        if let Some(number) = self.numbers.get(node) {
            return *number;
        }
        let number = self.all.len() as u32;
        let nothing = Site { capacity: None, load: 0, load_now: 0, fair: 0, aim: 0, high: 0 };
        self.all.push(nothing);
        self.numbers.insert(node.clone(), number);
        number
    }

    /// All nodes by name.
    pub(super) fn nodes(&self) -> impl Iterator<Item = (&NodeId, u32)> {
        self.numbers.iter().map(|(node, number)| (node, *number))
    }

    pub(super) fn get(&self, number: u32) -> &Site {
        &self.all[number as usize]
    }

    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    /// Whether the plan may advise it.
    pub(super) fn is_listed(&self, number: u32) -> bool {
        self.get(number).capacity.is_some()
    }

    /// Whether it has room for so much.
    pub(super) fn has_room(&self, number: u32, load: u128) -> bool {
        let site = self.get(number);
        site.takes() && site.room() >= load
    }

    /// Gives it another load. O(log n).
    pub(super) fn set_load(&mut self, number: u32, load: u128) {
        let site = &mut self.all[number as usize];
        let before = site.room();
        site.load = load;
        let after = site.room();
        if site.takes() && before != after {
            self.rooms.remove(&(before, Reverse(number)));
            self.rooms.insert((after, Reverse(number)));
        }
    }

    /// What each bears is what it bears now.
    pub(super) fn start(&mut self) {
        self.all.iter_mut().for_each(|site| site.load_now = site.load);
    }

    /// Those that take, by their room, the greatest first. O(log n), and O(1) each.
    pub(super) fn by_room(&self) -> impl Iterator<Item = (u32, u128)> {
        self.rooms.iter().rev().map(|(room, Reverse(number))| (*number, *room))
    }

    /// Those that bear too much, the worst first. O(n log n).
    pub(super) fn too_full(&self) -> Vec<u32> {
        let full: Vec<u32> = (0..self.all.len() as u32)
            .filter(|number| self.is_listed(*number) && self.get(*number).load > self.get(*number).high)
            .collect();
        sorted(&full, |a, b| self.get(*b).compare(self.get(*a)).then(a.cmp(b)))
    }

    /// The greatest part that somebody bears of what it can, for that of all, in thousandths.
    pub(super) fn peak_per_mille(&self, load: impl Fn(&Site) -> u128) -> u64 {
        let takes = self.all.iter().filter(|site| site.takes() && site.fair > 0);
        let most = takes.map(|site| (load(site) * 1000).div_ceil(site.fair)).max();
        most.map_or(0, |most| u64::try_from(most).unwrap_or(u64::MAX))
    }
}
