//! Nodes, each with a map of its own, that do in rounds what they are advised; and what follows from that, counted bucket by bucket.

use std::collections::BTreeSet;

use crdt_range_map::advice::{Advice, Aims, Bucket, Capacities, Histogram, Plan};
use crdt_range_map::{Delta, KeyRange, NodeId, RangeMap, ReplicaId};

use crate::kit::builders::{between, by};
use crate::kit::random::Random;

/// A node does what it is advised.
pub fn done(map: &mut RangeMap<u64>, advice: &Advice<u64>) -> Delta<u64> {
    map.apply(advice.operations.iter().cloned()).unwrap()
}

/// What Zipf's law gives to the keys of ranks 1 to n: the load of rank r is as 1 / (r + flat).
pub fn zipf(n: u64, flat: u64) -> Vec<u64> {
    (1..=n).map(|rank| 1_000_000_000 / (rank + flat)).collect()
}

pub fn shuffled(mut loads: Vec<u64>, seed: u64) -> Vec<u64> {
    let mut random = Random(seed);
    for at in (1..loads.len()).rev() {
        loads.swap(at, random.index(at + 1));
    }
    loads
}

/// Buckets of so many keys, from 0 on.
pub fn histogram(loads: &[u64], keys: u64) -> Histogram<u64> {
    let bucket =
        |(at, load): (u64, &u64)| Bucket { range: between(at * keys, at * keys + keys), load: *load, keys };
    Histogram::new((0..).zip(loads).map(bucket)).unwrap()
}

/// Names in the order of their numbers.
pub fn name(at: usize) -> NodeId {
    crate::kit::builders::named(&format!("node-{at:03}"))
}

pub fn capacities(of: &[u64]) -> Capacities {
    Capacities::new(of.iter().enumerate().map(|(at, capacity)| (name(at), *capacity))).unwrap()
}

/// What happened in a round.
#[derive(Debug)]
pub struct Round {
    /// Peak to mean after it.
    pub peak: f64,
    /// The share of keys that came to other nodes.
    pub moved: f64,
    pub least_owners: usize,
    pub registrations: usize,
    pub is_empty: bool,
}

pub struct World {
    pub maps: Vec<RangeMap<u64>>,
    pub capacities: Vec<u64>,
    pub aims: Aims,
}

impl World {
    /// Each node serves an equal part of so many keys, and the parts of those before it, so that each is served by `count`.
    pub fn even(capacities: Vec<u64>, keys: u64, aims: Aims) -> Self {
        let nodes = capacities.len() as u64;
        let mut maps: Vec<RangeMap<u64>> =
            (1..=nodes).map(|replica| RangeMap::new(ReplicaId::new(replica))).collect();
        let mut all: Delta<u64> = Delta::default();
        for at in 0..nodes {
            for part in (0..aims.count as u64).map(|back| (at + nodes - back) % nodes) {
                let range = between(part * keys / nodes, (part + 1) * keys / nodes);
                all.merge(&maps[at as usize].increase(&name(at as usize), &range, by(1)).unwrap());
            }
        }
        maps.iter_mut().for_each(|map| drop(map.merge(&all)));
        Self { maps, capacities, aims }
    }

    pub fn plan(&self, at: usize, histogram: &Histogram<u64>) -> Plan<u64> {
        self.maps[at].plan(histogram, &capacities(&self.capacities), &self.aims)
    }

    /// Who serves each bucket; no bucket is cut.
    pub fn owners(&self, histogram: &Histogram<u64>) -> Vec<BTreeSet<NodeId>> {
        let owners = |range: &KeyRange<u64>| {
            self.maps[0].owners(range.start()).into_iter().map(|it| it.node).collect()
        };
        histogram.buckets().iter().map(|bucket| owners(&bucket.range)).collect()
    }

    /// The greatest part of what it can bear that somebody bears, for that of all.
    pub fn peak(&self, histogram: &Histogram<u64>) -> f64 {
        let mut loads = vec![0.0; self.capacities.len()];
        for (bucket, owners) in histogram.buckets().iter().zip(self.owners(histogram)) {
            for owner in &owners {
                let at: usize = owner.as_str()[5..].parse().unwrap();
                loads[at] += bucket.load as f64 / owners.len() as f64;
            }
        }
        let mean = histogram.load() as f64 / self.capacities.iter().sum::<u64>() as f64;
        let used = loads.iter().zip(&self.capacities).map(|(load, capacity)| load / *capacity as f64 / mean);
        used.fold(0.0, f64::max)
    }

    /// All plan from the same, do it, and hear of it.
    pub fn round(&mut self, histogram: &Histogram<u64>) -> Round {
        let before = self.owners(histogram);
        let plan = self.plan(0, histogram);
        let deltas: Vec<Delta<u64>> =
            (self.maps.iter_mut().zip(plan.advices())).map(|(map, advice)| done(map, advice)).collect();
        let all: Delta<u64> = deltas.iter().collect();
        self.maps.iter_mut().for_each(|map| drop(map.merge(&all)));
        let after = self.owners(histogram);
        let came: u64 = (histogram.buckets().iter().zip(before.iter().zip(&after)))
            .map(|(bucket, (before, after))| bucket.keys * after.difference(before).count() as u64)
            .sum();
        assert_eq!(came, plan.moved());
        Round {
            peak: self.peak(histogram),
            moved: came as f64 / histogram.keys() as f64,
            least_owners: after.iter().map(BTreeSet::len).min().unwrap(),
            registrations: self.maps[0].registrations().count(),
            is_empty: plan.is_empty(),
        }
    }
}
