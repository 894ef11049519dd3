//! How news spreads among many nodes with links to a few neighbours each: bytes and virtual time.
//!
//! All begin with W(10,000). Some of them make a change at the same moment, and every message takes a random time on its way, if it is
//! not lost. Time is virtual and the random numbers are drawn from one seed, so the figures are the same on every machine. In the end
//! every node must hold what all changes together make.

use std::collections::BTreeSet;

use crdt_range_map::node::{LinkKind, Options};
use crdt_range_map::{Delta, Node, ReplicaId};
use serde::Serialize;

use super::meeting::{Base, operate};
use super::network::{Host, Network};
use crate::workload::{Op, SplitMix64};

/// How many neighbours a node has on average: two in a ring through all, the others anywhere.
const LINKS: usize = 8;

/// So long the nodes get to know each other before anything is counted, and rest after each change.
const SETTLING_MS: u64 = 3_000;

/// So long after all know everything, what is sent is still counted.
const AFTER_MS: u64 = 1_000;

/// Longer than this it may not take.
const SPREADING_MAX_MS: u64 = 120_000;

/// So often somebody changes something before what is called warm, the first included.
const WARM_UP: usize = 10;

/// So many single changes make up a figure.
const SINGLES: usize = 10;

/// How many make a change at the same moment.
const MANY: usize = 100;

/// What changes spread.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum News {
    /// The very first change.
    First,
    /// A change after ten others: of ten such the slowest, and the mean of what they cost.
    Warm,
    /// A hundred make a change each at the same moment.
    Many,
}

/// What it took until all knew.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Reach {
    /// How many nodes there are.
    pub replicas: usize,
    /// From how many neighbours each wants news at once.
    pub fan_in: usize,
    /// How many messages of a hundred are lost.
    pub lost_percent: u64,
    /// What spread.
    pub news: News,
    /// When 99 % of the nodes knew everything, in virtual milliseconds.
    pub most_ms: u64,
    /// When every node did.
    pub all_ms: u64,
    /// What a node sent until then, on average.
    pub messages_per_replica: f64,
    /// The same in bytes.
    pub bytes_per_replica: f64,
    /// What it sent in the second after that.
    pub bytes_after_per_replica: f64,
}

/// Runs them all.
///
/// # Errors
/// If changes do not spread as they should.
pub fn run(base: &Base, crowds: &[usize]) -> Result<Vec<Reach>, String> {
    let mut runs = Vec::new();
    for replicas in crowds {
        for fan_in in [1, 3, 4, LINKS] {
            for lost_percent in [0, 5] {
                runs.extend(spread(base, *replicas, fan_in, lost_percent)?);
            }
        }
    }
    Ok(runs)
}

/// Nodes that hold the same and know their neighbours.
fn network(base: &Base, replicas: usize, fan_in: usize, lost_percent: u64) -> Network {
    let seed = replicas as u64 ^ (fan_in as u64) << 32;
    let mut network = Network::new(5..50, lost_percent, seed);
    let mut random = SplitMix64::new(!seed);
    for at in 0..replicas as u64 {
        let options = Options { fan_in, ..Options::default() };
        let restored = Node::restore(options, &base.pages[0], ReplicaId::new(10 + at), random.draw());
        network.add(restored.expect("the defaults work").0);
    }
    let pair = |one: usize, other: usize| (one != other).then(|| (one.min(other), one.max(other)));
    let mut pairs: BTreeSet<(usize, usize)> =
        (0..replicas).filter_map(|at| pair(at, (at + 1) % replicas)).collect();
    // In a small network there are not so many different ones.
    let wanted = (replicas * LINKS / 2).min(replicas * (replicas - 1) / 2);
    while pairs.len() < wanted {
        let [one, other] = [(); 2].map(|()| random.below(replicas as u64) as usize);
        pairs.extend(pair(one, other));
    }
    for (one, other) in pairs {
        let wire = network.wire();
        for at in [one, other] {
            // Not all at once, or all would send their digests at once too.
            network.open(at, wire, LinkKind::Neighbour, random.below(SETTLING_MS / 2));
        }
    }
    (0..replicas).for_each(|at| network.operate(at, |_| ()));
    network.run_for(SETTLING_MS);
    network
}

/// Lets time pass until all hold that. Returns when 99 % of them did.
fn run_until_all_know(network: &mut Network, expected: &Delta<u64>) -> Result<u64, String> {
    let until_ms = network.now_ms + SPREADING_MAX_MS;
    let knows_all = |host: &Host| host.node.map().state().context().includes(expected.context());
    let mut is_lacking: Vec<bool> = network.hosts.iter().map(|host| !knows_all(host)).collect();
    let mut lacking = is_lacking.iter().filter(|is_lacking| **is_lacking).count();
    let mut most_ms = None;
    while lacking > 0 {
        let Some(learnt) = network.step(until_ms) else {
            return Err(format!("{lacking} nodes lack something after {SPREADING_MAX_MS} ms"));
        };
        if let Some(at) = learnt.filter(|at| is_lacking[*at] && knows_all(&network.hosts[*at])) {
            is_lacking[at] = false;
            lacking -= 1;
        }
        if lacking * 100 <= network.hosts.len() {
            most_ms.get_or_insert(network.now_ms);
        }
    }
    if network.hosts.iter().any(|host| host.node.map().state() != expected) {
        return Err("a node that knows everything holds something else".into());
    }
    Ok(most_ms.unwrap_or(network.now_ms))
}

/// Lets changes spread in a network, or says why they do not.
fn spread(base: &Base, replicas: usize, fan_in: usize, lost_percent: u64) -> Result<Vec<Reach>, String> {
    let mut network = network(base, replicas, fan_in, lost_percent);
    let mut expected: Delta<u64> = network.hosts[0].node.map().state().clone();
    if network.hosts.iter().any(|host| *host.node.map().state() != expected) {
        return Err("something changed before anybody changed anything".into());
    }
    let mut random = SplitMix64::new(1);
    let mut ops = base.workload.increases();
    let mut one = |news, changes: usize| {
        let ops = ops.by_ref().take(changes).collect::<Vec<Op>>();
        let (begin_ms, begin) = (network.now_ms, network.traffic);
        let first = random.below(replicas as u64) as usize;
        for (change, op) in ops.iter().enumerate() {
            let at = (first + change * replicas / ops.len()) % replicas;
            network.operate(at, |node| operate(node, &base.workload, op));
            expected.merge(network.hosts[at].node.map().state());
        }
        let most_ms = run_until_all_know(&mut network, &expected)? - begin_ms;
        let all_ms = network.now_ms - begin_ms;
        let until = network.traffic;
        network.run_for(AFTER_MS);
        let after = network.traffic;
        network.run_for(SETTLING_MS - AFTER_MS);
        let by_replica = |end: u64, begin: u64| (end - begin) as f64 / replicas as f64;
        Ok::<_, String>(Reach {
            replicas,
            fan_in,
            lost_percent,
            news,
            most_ms,
            all_ms,
            messages_per_replica: by_replica(until.messages, begin.messages),
            bytes_per_replica: by_replica(until.bytes, begin.bytes),
            bytes_after_per_replica: by_replica(after.bytes, until.bytes),
        })
    };
    let first = one(News::First, 1)?;
    for _ in 1..WARM_UP {
        one(News::Warm, 1)?;
    }
    let singles = (0..SINGLES).map(|_| one(News::Warm, 1)).collect::<Result<Vec<_>, _>>()?;
    let most = |of: fn(&Reach) -> u64| singles.iter().map(of).max().unwrap_or(0);
    let mean = |of: fn(&Reach) -> f64| singles.iter().map(of).sum::<f64>() / SINGLES as f64;
    let warm = Reach {
        most_ms: most(|it| it.most_ms),
        all_ms: most(|it| it.all_ms),
        messages_per_replica: mean(|it| it.messages_per_replica),
        bytes_per_replica: mean(|it| it.bytes_per_replica),
        bytes_after_per_replica: mean(|it| it.bytes_after_per_replica),
        news: News::Warm,
        ..first.clone()
    };
    let many = one(News::Many, MANY)?;
    Ok(vec![first, warm, many])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_reach_everybody_the_same_way_each_time() {
        let base = Base::new(300);
        let runs = spread(&base, 60, LINKS, 5).unwrap();
        let is_right = |run: &Reach| run.messages_per_replica > 1.0 && run.most_ms <= run.all_ms;
        assert!(runs.iter().all(is_right), "{runs:?}");
        assert_eq!(runs, spread(&base, 60, LINKS, 5).unwrap(), "the same on every machine");
    }

    #[test]
    fn changes_cost_a_hundred_nodes_little() {
        let base = Base::new(300);
        for (lost_percent, all_ms_max) in [(0, [180, 220, 1_000]), (5, [1_000; 3])] {
            let runs = spread(&base, 100, 3, lost_percent).unwrap();
            for ((run, all_ms_max), bytes_max) in runs.iter().zip(all_ms_max).zip([220.0, 220.0, 9_000.0]) {
                assert!(run.all_ms <= all_ms_max && run.bytes_per_replica <= bytes_max, "{run:?}");
                let after_max = if run.news == News::Many { 600.0 } else { 100.0 };
                assert!(run.bytes_after_per_replica <= after_max, "{run:?}");
            }
        }
    }
}
