//! W(n): n registrations that look random and are the same everywhere.
//!
//! Whoever wants to measure another system on the same input needs exactly this much: splitmix64 seeded with `0xC0FFEE ^ n`,
//! and for each registration the four draws of [`draws`] in their order.

use std::collections::HashSet;
use std::num::NonZeroU32;

use crdt_range_map::{KeyRange, NodeId, Operation};

/// The keys of W(n) lie below this.
pub const KEY_SPACE: u64 = 1 << 32;

/// The generator of Steele, Lea and Flood, "Fast splittable pseudorandom number generators" (2014).
#[derive(Default)]
pub struct SplitMix64(u64);

impl SplitMix64 {
    /// The generator that starts from `seed`.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next 64 bits.
    pub fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `k`: the high half of the 128-bit product of a draw with `k`.
    pub fn below(&mut self, k: u64) -> u64 {
        ((u128::from(self.draw()) * u128::from(k)) >> 64) as u64
    }
}

/// What a registration is known by. Nodes are numbers here; they order as their names do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Triple {
    /// The first key.
    pub start: u64,
    /// The first key after the range.
    pub end: u64,
    /// The node's place in [`Workload::nodes`].
    pub node: u32,
}

impl Triple {
    /// The range as the library has it.
    pub fn range(&self) -> KeyRange<u64> {
        KeyRange::new(self.start, self.end).expect("a triple is never empty")
    }
}

/// A registration with its priority.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Served {
    /// Who serves what.
    pub triple: Triple,
    /// How strongly, at least 1.
    pub priority: u64,
}

impl Served {
    /// What a replica does to write it: `register`, then `increase` by the rest.
    pub fn writes(&self) -> impl Iterator<Item = Op> + use<> {
        let triple = self.triple;
        let more = u32::try_from(self.priority - 1).ok().and_then(NonZeroU32::new);
        let kinds = [Some(OpKind::Register), more.map(OpKind::Increase)];
        kinds.into_iter().flatten().map(move |kind| Op { triple, kind })
    }
}

/// One operation of a replica.
#[derive(Clone, Copy, Debug)]
pub struct Op {
    /// The registration that it is about.
    pub triple: Triple,
    /// What happens to it.
    pub kind: OpKind,
}

impl Op {
    /// As the library has it, with those nodes.
    pub fn on(&self, nodes: &[NodeId]) -> Operation<u64> {
        let (node, range) = (nodes[self.triple.node as usize].clone(), self.triple.range());
        match self.kind {
            OpKind::Register => Operation::Register { node, range },
            OpKind::Increase(by) => Operation::Increase { node, range, by },
            OpKind::Release => Operation::Release { node, range },
        }
    }
}

/// The operations that the workloads are made of.
#[derive(Clone, Copy, Debug)]
pub enum OpKind {
    /// Announce it.
    Register,
    /// Raise its priority.
    Increase(NonZeroU32),
    /// Withdraw it.
    Release,
}

/// Registrations to be written by two replicas, and the changes that may follow.
pub struct Workload {
    /// What the reports call it.
    pub name: String,
    /// The nodes in the order of their names.
    pub nodes: Vec<NodeId>,
    /// The registrations in the order in which they are written, each triple once. Replica 1 writes the first half, replica 2
    /// the second.
    pub registrations: Vec<Served>,
}

impl Workload {
    /// The name of W(n).
    pub fn name_of(n: usize) -> String {
        format!("W({n})")
    }

    /// W(n).
    pub fn new(n: usize) -> Self {
        let mut seen = HashSet::with_capacity(n);
        let registrations = draws(n).filter(|served| seen.insert(served.triple)).take(n).collect();
        Self { name: Self::name_of(n), nodes: node_names(n), registrations }
    }

    /// The number of registrations.
    pub fn n(&self) -> usize {
        self.registrations.len()
    }

    /// What replica 1 (`part` 0) or replica 2 (`part` 1) does to write its half.
    pub fn writes(&self, part: usize) -> impl Iterator<Item = Op> + '_ {
        let (first, second) = self.registrations.split_at(self.n() / 2);
        [first, second][part].iter().flat_map(Served::writes)
    }

    /// Changes by one of the two replicas after both hold everything: in turn an increase of a registration by 1 to 100, a
    /// release of one, and a new one drawn like those of W(n). Each replica draws from a generator of its own.
    pub fn changes(&self, part: usize, count: usize) -> Vec<Op> {
        let mut random = self.generator(part as u64 + 1);
        let nodes = self.nodes.len() as u64;
        let change = |at| match at % 3 {
            0 => self.draw_increase(&mut random),
            1 => Op { triple: self.draw_existing(&mut random), kind: OpKind::Release },
            _ => Op { triple: draw_triple(&mut random, self.n(), nodes), kind: OpKind::Register },
        };
        (0..count).map(change).collect()
    }

    /// Increases of random registrations, each by 1 to 100, without end.
    pub fn increases(&self) -> impl Iterator<Item = Op> + '_ {
        let mut random = self.generator(3);
        std::iter::repeat_with(move || self.draw_increase(&mut random))
    }

    /// `count` registrations that the workload does not hold, drawn like those of W(n).
    pub fn newcomers(&self, count: usize) -> Vec<Op> {
        let mut random = self.generator(4);
        let held: HashSet<Triple> = self.registrations.iter().map(|served| served.triple).collect();
        let nodes = self.nodes.len() as u64;
        std::iter::repeat_with(|| draw_triple(&mut random, self.n(), nodes))
            .filter(|triple| !held.contains(triple))
            .take(count)
            .map(|triple| Op { triple, kind: OpKind::Register })
            .collect()
    }

    /// Random keys to look up, see [`keys`].
    pub fn keys(&self) -> Vec<u64> {
        keys(self.n()).collect()
    }

    fn generator(&self, purpose: u64) -> SplitMix64 {
        SplitMix64::new(seed(self.n()) ^ (purpose << 56))
    }

    fn draw_existing(&self, random: &mut SplitMix64) -> Triple {
        self.registrations[random.below(self.n() as u64) as usize].triple
    }

    fn draw_increase(&self, random: &mut SplitMix64) -> Op {
        let triple = self.draw_existing(random);
        let by = NonZeroU32::MIN.saturating_add(random.below(100) as u32);
        Op { triple, kind: OpKind::Increase(by) }
    }
}

/// A node's name as the library has it.
pub(crate) fn name(name: &str) -> NodeId {
    NodeId::new(name).expect("the workloads' names are short")
}

/// The registrations of W(n) in the order in which they are drawn, without end. Repeated triples are not skipped here.
pub fn draws(n: usize) -> impl Iterator<Item = Served> {
    let mut random = SplitMix64::new(seed(n));
    let nodes = node_count(n);
    std::iter::repeat_with(move || {
        let triple = draw_triple(&mut random, n, nodes);
        let priority = 1 + random.below(100);
        Served { triple, priority }
    })
}

/// The nodes of W(n).
pub fn node_names(n: usize) -> Vec<NodeId> {
    (0..node_count(n)).map(|node| name(&format!("node-{node:05}"))).collect()
}

/// Random keys to look up in a workload of n registrations: n/4, so that at a million they do not stay in the caches, but at
/// least 10,000.
pub fn keys(n: usize) -> impl Iterator<Item = u64> {
    let mut random = SplitMix64::new(seed(n) ^ (5 << 56));
    std::iter::repeat_with(move || random.below(KEY_SPACE)).take((n / 4).max(10_000))
}

fn seed(n: usize) -> u64 {
    0xC0FFEE ^ n as u64
}

fn node_count(n: usize) -> u64 {
    (n as u64 / 64).max(8)
}

fn draw_triple(random: &mut SplitMix64, n: usize, nodes: u64) -> Triple {
    let node = random.below(nodes) as u32;
    let start = random.below(KEY_SPACE);
    let end = start + 1 + random.below((KEY_SPACE * 8 / n as u64).max(1));
    Triple { start, end, node }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::expected_registrations;

    #[test]
    fn the_workload_is_pinned() {
        let workload = Workload::new(1000);
        let first = Served { triple: Triple { start: 3967635535, end: 3996148053, node: 8 }, priority: 44 };
        assert_eq!(workload.registrations[0], first);
        let digest = expected_registrations(&workload.nodes, &workload.registrations);
        assert_eq!(digest.to_string(), "1000 ae484188a1df4181");
    }

    #[test]
    fn triples_are_distinct_and_in_bounds() {
        for n in [1, 10, 1000, 10_000] {
            let workload = Workload::new(n);
            let triples: HashSet<Triple> =
                workload.registrations.iter().map(|served| served.triple).collect();
            assert_eq!(triples.len(), n);
            assert!(triples.iter().all(|triple| triple.start < triple.end && triple.start < KEY_SPACE));
            assert!(workload.registrations.iter().all(|served| (1..=100).contains(&served.priority)));
            assert!(triples.iter().all(|triple| (triple.node as usize) < workload.nodes.len()));
        }
    }

    /// Overlap is counted as a sweep meets it: how many ranges cover the keys between one end of a range and the next.
    #[test]
    fn the_mean_overlap_is_about_four_and_a_half() {
        let workload = Workload::new(10_000);
        let mut ends: Vec<(u64, i64)> = (workload.registrations.iter())
            .flat_map(|Served { triple, .. }| [(triple.start, 1), (triple.end, -1)])
            .collect();
        ends.sort_unstable();
        let mut covering = 0;
        let covered: Vec<i64> = ends
            .iter()
            .map(|(_, step)| {
                covering += step;
                covering
            })
            .filter(|covering| *covering > 0)
            .collect();
        let mean = covered.iter().sum::<i64>() as f64 / covered.len() as f64;
        assert!((4.3..4.8).contains(&mean), "{mean}");
    }
}
