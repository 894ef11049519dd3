//! Facts of single plans, and of where they lead, in random maps: counted key by key.

use crdt_range_map::advice::{Aims, Bucket, Capacities, Histogram};
use crdt_range_map::{Delta, KeyRange, NodeId, Operation, RangeMap, ReplicaId};

use crate::kit::builders::{between, by};
use crate::kit::random::Random;
use crate::world::{done, name};

const KEYS: u64 = 24;

struct Case {
    /// One for each node, all know the same.
    maps: Vec<RangeMap<u64>>,
    histogram: Histogram<u64>,
    capacities: Vec<(NodeId, u64)>,
    aims: Aims,
}

/// Buckets of some keys each, with an even load in each of its keys.
fn buckets(random: &mut Random) -> Histogram<u64> {
    let mut buckets = Vec::new();
    let mut start = 0;
    while start < KEYS {
        let end = (start + 1 + random.below(3)).min(KEYS);
        let per_key = if random.percent(20) { 1_200 } else { random.below(4) * 60 };
        if !random.percent(10) {
            let keys = end - start;
            buckets.push(Bucket { range: between(start, end), load: per_key * keys, keys });
        }
        start = end;
    }
    Histogram::new(buckets).unwrap()
}

fn case(seed: u64) -> Case {
    let mut random = Random(seed);
    let nodes = 1 + random.index(6);
    let histogram = buckets(&mut random);
    let mut maps: Vec<RangeMap<u64>> =
        (1..=nodes as u64).map(|id| RangeMap::new(ReplicaId::new(id))).collect();
    let mut all: Delta<u64> = Delta::default();
    // Ranges end where buckets do, so that what is counted key by key is exact.
    let ends: Vec<u64> = (0..=KEYS)
        .filter(|key| !histogram.buckets().iter().any(|it| it.range.start() < key && it.range.contains(key)))
        .collect();
    let aims = Aims {
        count: 1 + random.index(3),
        moved_per_mille: random.pick(&[100, 300, 1_000, 4_000]),
        slack_per_mille: random.pick(&[0, 100, 200, 500]),
    };
    // Mostly each key is served by enough, by those of a few nodes.
    if random.percent(70) {
        for (node, map) in maps.iter_mut().enumerate().take(aims.count) {
            all.merge(&map.register(&name(node), &between(0, KEYS)).unwrap());
        }
    }
    for _ in 0..random.below(12) {
        let [one, other] = [0, 1].map(|_| random.index(ends.len()));
        let node = random.index(nodes);
        if one != other {
            let range = between(ends[one.min(other)], ends[one.max(other)]);
            let more = by(1 + random.below(3) as u32);
            all.merge(&maps[node].increase(&name(node), &range, more).unwrap());
        }
    }
    maps.iter_mut().for_each(|map| drop(map.merge(&all)));
    // Some have none, and are left alone.
    let all: Vec<_> = (0..nodes).map(|at| (name(at), random.pick(&[0, 5, 10, 10, 10]))).collect();
    let capacities = all.into_iter().filter(|_| !random.percent(10)).collect();
    Case { maps, histogram, capacities, aims }
}

impl Case {
    fn owners(&self, key: u64) -> Vec<NodeId> {
        self.maps[0].owners(&key).into_iter().map(|owner| owner.node).collect()
    }

    /// What a node bears, counted bucket by bucket.
    fn load(&self, node: &NodeId) -> f64 {
        let part = |bucket: &Bucket<u64>| {
            let owners = self.owners(*bucket.range.start());
            if owners.contains(node) { bucket.load as f64 / owners.len() as f64 } else { 0.0 }
        };
        self.histogram.buckets().iter().map(part).sum()
    }

    /// What all have too much, and how many copies there are.
    fn state(&self) -> (f64, usize) {
        let sum: u64 = self.capacities.iter().map(|(_, capacity)| capacity).sum();
        let too_much = |(node, capacity): &(NodeId, u64)| {
            let fair = self.histogram.load() as f64 * *capacity as f64 / sum.max(1) as f64;
            (self.load(node) - fair * (1.0 + f64::from(self.aims.slack_per_mille) / 1000.0)).max(0.0)
        };
        let copies = (0..KEYS).map(|key| self.owners(key).len()).sum();
        (self.capacities.iter().map(too_much).sum(), copies)
    }

    fn plan(&self, at: usize) -> crdt_range_map::advice::Plan<u64> {
        let capacities = Capacities::new(self.capacities.iter().cloned()).unwrap();
        self.maps[at].plan(&self.histogram, &capacities, &self.aims)
    }

    /// Everybody does what it is advised. How many steps there were.
    fn follow(&mut self) -> usize {
        let plan = self.plan(0);
        let at = |node: &NodeId| node.as_str()[5..].parse::<usize>().unwrap();
        let advices = plan.advices().iter();
        let deltas: Vec<_> = advices.map(|advice| done(&mut self.maps[at(&advice.node)], advice)).collect();
        let all: Delta<u64> = deltas.iter().collect();
        self.maps.iter_mut().for_each(|map| drop(map.merge(&all)));
        plan.advices().iter().map(|advice| advice.operations.len()).sum()
    }
}

fn keys(range: &KeyRange<u64>) -> impl Iterator<Item = u64> {
    let range = range.clone();
    (0..KEYS).filter(move |key| range.contains(key))
}

#[test]
fn a_plan_is_as_counted_key_by_key() {
    let (mut steps, mut drains) = (0, 0);
    for seed in 0..3_000 {
        let case = case(seed);
        let plan = case.plan(0);
        assert!((1..case.maps.len()).all(|at| case.plan(at) == plan), "seed {seed}");
        let mut moved = 0;
        for advice in plan.advices() {
            assert!((advice.load as f64 - case.load(&advice.node)).abs() < 1.5, "seed {seed}: {advice}");
            for step in &advice.operations {
                steps += 1;
                for key in keys(step.range()) {
                    let owners = case.owners(key);
                    let own = owners.iter().position(|owner| *owner == advice.node);
                    match step {
                        Operation::Register { .. } => assert_eq!(own, None, "seed {seed}: {step}"),
                        // Only for one who serves, and does not come after it already.
                        Operation::StandIn { other, .. } => {
                            let theirs = owners.iter().position(|owner| owner == other);
                            assert!(
                                theirs.is_some() && own.is_none_or(|own| Some(own) > theirs),
                                "seed {seed}: {step}"
                            );
                        }
                        Operation::Unite { .. } => assert!(own.is_some(), "seed {seed}: {step}"),
                        Operation::Drain { count, .. } => {
                            assert_eq!(*count, case.aims.count);
                            drains += 1;
                            assert!(own.is_some_and(|own| own >= case.aims.count), "seed {seed}: {step}");
                        }
                        _ => panic!("seed {seed}: {step}"),
                    }
                    moved += u64::from(own.is_none());
                }
            }
        }
        assert_eq!(plan.moved(), moved, "seed {seed}");
        let most = case.histogram.keys() * u64::from(case.aims.moved_per_mille) / 1000;
        assert!(moved <= most, "seed {seed}: {moved} of {most}");
    }
    assert!(steps > 3_000 && drains > 1_000, "{steps} steps, {drains} drains");
}

/// With the same load again and again: no key is served by fewer than has to be, if it was before; it ends; and what all have too much is
/// no more than before.
#[test]
fn rounds_lead_to_rest() {
    let (mut rounds, mut longest, mut better) = (0, 0, 0);
    for seed in 0..3_000 {
        let mut case = case(seed);
        let begin = case.state();
        let least = |case: &Case| -> Vec<usize> {
            let is_counted = |key: &u64| case.histogram.buckets().iter().any(|it| it.range.contains(key));
            (0..KEYS).filter(is_counted).map(|key| case.owners(key).len().min(case.aims.count)).collect()
        };
        let mut served = least(&case);
        let is_full = served.iter().all(|count| *count == case.aims.count);
        let mut ended = None;
        for round in 0..60 {
            if case.follow() == 0 {
                ended = Some(round);
                break;
            }
            let now = least(&case);
            assert!(now.iter().zip(&served).all(|(now, before)| now >= before), "seed {seed}");
            served = now;
        }
        let ended = ended.unwrap_or_else(|| panic!("seed {seed}: no rest"));
        rounds += ended;
        longest = longest.max(ended);
        let end = case.state();
        if is_full {
            assert!(end.0 <= begin.0 + 1.0, "seed {seed}: {begin:?} {end:?}");
            better += usize::from(end.0 < begin.0 - 1.0);
        }
        // Where as much moves as has to, all is served by as many as there are.
        if case.aims.moved_per_mille == 4_000 {
            let able = case.capacities.iter().filter(|(_, capacity)| *capacity > 0).count();
            assert!(
                served.iter().all(|count| *count >= able.min(case.aims.count)),
                "seed {seed}: {served:?}"
            );
        }
    }
    assert!(rounds > 3_000 && better > 200, "{rounds} rounds, {better} better, at most {longest}");
}
