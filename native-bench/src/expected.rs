//! What the results must be, computed in the most obvious way, in which there is little to get wrong.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use crdt_range_map::{NodeId, Owner};

use crate::reference::FlatSplits;
use crate::workload::{Op, OpKind, Served, Triple};

/// What was done to one registration: whether all before was cancelled by a release, and what was added after that.
#[derive(Clone, Copy, Debug, Default)]
struct Done {
    is_reset: bool,
    is_registered: bool,
    raised: u64,
}

impl Done {
    /// This before the other.
    fn then(self, later: Self) -> Self {
        if later.is_reset { later } else { self.beside(later) }
    }

    /// This and the other, of replicas that did not hear of each other: either's release cancels nothing of the other's.
    fn beside(self, other: Self) -> Self {
        Self {
            is_reset: self.is_reset || other.is_reset,
            is_registered: self.is_registered || other.is_registered,
            raised: self.raised + other.raised,
        }
    }
}

/// One of two replicas that tell each other all they know, or nothing: what they agreed on, and what this one did since.
#[derive(Clone, Default)]
pub struct Model {
    agreed: BTreeMap<Triple, Done>,
    since: BTreeMap<Triple, Done>,
}

impl Model {
    /// Does an operation.
    pub fn apply(&mut self, op: &Op) {
        let done = match op.kind {
            OpKind::Register => Done { is_registered: true, ..Done::default() },
            OpKind::Increase(by) => Done { raised: by.get().into(), ..Done::default() },
            OpKind::Release => Done { is_reset: true, ..Done::default() },
        };
        let before = self.since.entry(op.triple).or_default();
        *before = before.then(done);
    }

    /// Learns all that the other knows, with whom it agreed on the same before.
    pub fn merge(&mut self, other: &Self) {
        for (triple, done) in &other.since {
            let own = self.since.entry(*triple).or_default();
            *own = own.beside(*done);
        }
        for (triple, done) in std::mem::take(&mut self.since) {
            let before = self.agreed.entry(triple).or_default();
            *before = before.then(done);
        }
    }

    /// The visible registrations in order.
    pub fn registrations(&self) -> Vec<Served> {
        let mut all = self.agreed.clone();
        for (triple, done) in &self.since {
            let before = all.entry(*triple).or_default();
            *before = before.then(*done);
        }
        let served = |(triple, done): (Triple, Done)| Served {
            triple,
            priority: u64::from(done.is_registered) + done.raised,
        };
        all.into_iter().map(served).filter(|served| served.priority > 0).collect()
    }
}

/// A maximal range with the same owners in order of preference, each a node with its highest priority there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExpectedSplit {
    /// The first key.
    pub start: u64,
    /// The first key after it.
    pub end: u64,
    /// Who serves it, never nobody.
    pub owners: Vec<Owner>,
}

/// The splits of those registrations, in key order: what the sweep by hand lists, put in order and joined.
pub fn splits(nodes: &[NodeId], served: &[Served]) -> Vec<ExpectedSplit> {
    let sweep = FlatSplits::sweep(served);
    let stretches: Vec<(u64, &[u32])> = sweep.iter().collect();
    let mut splits: Vec<ExpectedSplit> = Vec::new();
    for pair in stretches.windows(2) {
        let ((start, covering), (end, _)) = (pair[0], pair[1]);
        let owners = owners(nodes, covering.iter().map(|number| served[*number as usize]));
        match splits.last_mut() {
            _ if owners.is_empty() => {}
            Some(last) if last.end == start && last.owners == owners => last.end = end,
            _ => splits.push(ExpectedSplit { start, end, owners }),
        }
    }
    splits
}

/// The owners of a key.
pub fn owners_of(splits: &[ExpectedSplit], key: u64) -> &[Owner] {
    let split = splits[..splits.partition_point(|split| split.start <= key)].last();
    split.filter(|split| key < split.end).map_or(&[], |split| &split.owners)
}

/// Each node once with its highest priority, the highest first, then by name.
fn owners(nodes: &[NodeId], covering: impl Iterator<Item = Served>) -> Vec<Owner> {
    let mut owners: Vec<(u32, u64)> = covering.map(|it| (it.triple.node, it.priority)).collect();
    owners.sort_unstable_by_key(|(node, priority)| (*node, Reverse(*priority)));
    owners.dedup_by_key(|(node, _)| *node);
    owners.sort_unstable_by_key(|(node, priority)| (Reverse(*priority), *node));
    let named = |(node, priority)| Owner { node: nodes[node as usize].clone(), priority };
    owners.into_iter().map(named).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workload::node_names;
    use std::num::NonZeroU32;

    fn served(start: u64, end: u64, node: u32, priority: u64) -> Served {
        Served { triple: Triple { start, end, node }, priority }
    }

    #[test]
    fn only_the_part_that_a_release_had_not_observed_comes_back() {
        let triple = Triple { start: 0, end: 9, node: 0 };
        let increase = |by| Op { triple, kind: OpKind::Increase(NonZeroU32::new(by).unwrap()) };
        let [mut a, mut b] = [(); 2].map(|()| Model::default());
        a.apply(&increase(5));
        b.merge(&a);
        a.merge(&Model::default());
        b.apply(&Op { triple, kind: OpKind::Release });
        a.apply(&increase(1));
        assert_eq!((a.registrations(), b.registrations()), (vec![served(0, 9, 0, 6)], vec![]));
        a.merge(&b);
        assert_eq!(a.registrations(), [served(0, 9, 0, 1)]);
        (0..2).for_each(|_| a.apply(&Op { triple, kind: OpKind::Register }));
        assert_eq!(a.registrations(), [served(0, 9, 0, 2)]);
    }

    #[test]
    fn the_splits_agree_with_every_key_and_none_could_be_longer() {
        let all: Vec<Served> = (0..200)
            .map(|at| {
                let start = at * 37 % 101;
                served(start, start + 1 + at * 11 % 13, (at % 5) as u32, 1 + at % 7)
            })
            .collect();
        let nodes = node_names(0);
        let splits = splits(&nodes, &all);
        for key in 0..120 {
            let covering = all.iter().filter(|it| it.triple.start <= key && key < it.triple.end);
            let found = owners_of(&splits, key);
            assert_eq!(found, owners(&nodes, covering.copied()), "{key}");
            assert!(found.is_sorted_by(|one, next| one.priority >= next.priority), "{key}");
        }
        let is_maximal = |pair: &[ExpectedSplit]| {
            pair[0].end < pair[1].start || pair[0].end == pair[1].start && pair[0].owners != pair[1].owners
        };
        assert!(splits.windows(2).all(is_maximal));
        let touching = [served(0, 10, 1, 5), served(2, 8, 1, 3), served(4, 6, 0, 5)];
        let expected = [(0, 4, &[1][..]), (4, 6, &[0, 1]), (6, 10, &[1])].map(|(start, end, owners)| {
            let owner = |node: &usize| Owner { node: nodes[*node].clone(), priority: 5 };
            ExpectedSplit { start, end, owners: owners.iter().map(owner).collect() }
        });
        assert_eq!(super::splits(&nodes, &touching), expected);
    }
}
