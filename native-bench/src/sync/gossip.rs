//! How news spreads among many replicas with links to a few neighbours each: bytes and virtual time.
//!
//! All replicas begin with W(n), as snapshots of one map that share its memory. Some of them make a change at the same moment,
//! and every message takes a random time on its way, if it is not lost. Nothing is timed: time is virtual and the random numbers are drawn from one seed,
//! so the figures are the same on every machine. In the end every replica must hold what all changes together make.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashSet};
use std::rc::Rc;

use crdt_range_map::sync::{Config, Mesh};
use crdt_range_map::{Delta, RangeMap, ReplicaId};
use serde::{Deserialize, Serialize};

use super::meeting::Base;
use crate::scenario::apply;
use crate::workload::{Op, SplitMix64, Workload};

/// How many neighbours a replica has on average: two in a ring through all, the others anywhere.
pub const LINKS: usize = 8;

/// A message takes at least, and less than, so many milliseconds.
const DELAY_MS: [u64; 2] = [5, 50];

/// So long the replicas get to know each other before anything is counted, and rest after each change.
const SETTLING_MS: u64 = 3_000;

/// So long after all know everything, what is sent is still counted.
const AFTER_MS: u64 = 1_000;

/// Longer than this it may not take.
const SPREADING_MAX_MS: u64 = 120_000;

/// So often somebody changes something before what is called warm.
pub const WARM_UP: usize = 10;

/// So many single changes make up a figure.
pub const SINGLES: usize = 10;

/// How many make a change at the same moment.
pub const MANY: usize = 100;

/// What changes spread.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum News {
    /// The very first change.
    First,
    /// A change after some others: the slowest and the mean of [`SINGLES`].
    Warm,
    /// [`MANY`] replicas make a change each at the same moment.
    Many,
}

impl News {
    /// What the page calls it.
    pub fn name(self) -> &'static str {
        match self {
            Self::First => "first change",
            Self::Warm => "one change, warm",
            Self::Many => "100 changes at once, warm",
        }
    }
}

/// What it took until all knew.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reach {
    /// How many replicas there are.
    pub replicas: u64,
    /// From how many neighbours each wants news at once.
    pub fan_in: u64,
    /// How many messages of a hundred are lost.
    pub lost_percent: u64,
    /// What spread.
    pub news: News,
    /// When 99 % of the replicas knew everything, in virtual milliseconds.
    pub most_ms: u64,
    /// When every replica did.
    pub all_ms: u64,
    /// What a replica sent until then, on average.
    pub messages_per_replica: f64,
    /// The same in bytes.
    pub bytes_per_replica: f64,
    /// What it sent in the second after that.
    pub bytes_after_per_replica: f64,
}

/// Runs them all, up to a thousand replicas; a short pass only to a tenth of that.
///
/// # Errors
/// If changes do not spread as they should.
pub fn run(is_quick: bool) -> Result<Vec<Reach>, String> {
    let base = Base::new(10_000);
    let mut runs = Vec::new();
    for replicas in [10, 100, 1_000].into_iter().take(if is_quick { 2 } else { 3 }) {
        for fan_in in FANS_IN {
            for lost_percent in [0, 5] {
                runs.extend(spread(&base, replicas, fan_in, lost_percent)?);
            }
        }
    }
    Ok(runs)
}

/// What most should take.
pub const FAN_IN: usize = 3;

/// The fans-in that are compared.
pub const FANS_IN: [usize; 4] = [1, FAN_IN, 4, LINKS];

/// What is going to happen: in the order of time, then of its number.
type Due = Reverse<(u64, u64)>;

struct Arrival {
    from: usize,
    to: usize,
    bytes: Rc<[u8]>,
}

struct Node {
    map: RangeMap<u64>,
    mesh: Mesh<u64>,
    /// When it is to be woken, as far as that is in the queue.
    wakes_ms: u64,
}

struct Network {
    nodes: Vec<Node>,
    arrivals: BinaryHeap<(Due, usize)>,
    in_flight: Vec<Option<Arrival>>,
    free: Vec<usize>,
    wakes: BinaryHeap<(Reverse<u64>, usize)>,
    lost_percent: u64,
    random: SplitMix64,
    now_ms: u64,
    sent: u64,
    messages: u64,
    bytes: u64,
}

impl Network {
    fn new(base: &RangeMap<u64>, replicas: usize, fan_in: usize, lost_percent: u64) -> Self {
        let mut random = SplitMix64::new(replicas as u64 ^ (fan_in as u64) << 32);
        let nodes = (0..replicas)
            .map(|at| {
                let mut map = base.clone();
                drop(map.set_replica(ReplicaId::new(10 + at as u64)));
                Node {
                    map,
                    mesh: Mesh::new(Config::default(), fan_in).expect("the defaults work"),
                    wakes_ms: u64::MAX,
                }
            })
            .collect();
        let mut links: HashSet<(usize, usize)> = HashSet::new();
        let mut link =
            |one: usize, other: usize| one != other && links.insert((one.min(other), one.max(other)));
        for at in 0..replicas {
            link(at, (at + 1) % replicas);
        }
        let wanted = replicas * LINKS / 2;
        // In a small network there are not so many different ones.
        let mut missing =
            wanted.min(replicas * (replicas - 1) / 2) - replicas.min(replicas * (replicas - 1) / 2);
        while missing > 0 {
            let [one, other] = [(); 2].map(|()| random.below(replicas as u64) as usize);
            missing -= usize::from(link(one, other));
        }
        let mut links: Vec<(usize, usize)> = links.into_iter().collect();
        links.sort_unstable();
        let mut network = Self {
            nodes,
            arrivals: BinaryHeap::new(),
            in_flight: Vec::new(),
            free: Vec::new(),
            wakes: BinaryHeap::new(),
            lost_percent,
            random,
            now_ms: 0,
            sent: 0,
            messages: 0,
            bytes: 0,
        };
        for (one, other) in links {
            for (here, there) in [(one, other), (other, one)] {
                // Not all at once, or all would send their digests at once too.
                let begin_ms = network.random.below(SETTLING_MS / 2);
                let random = &mut network.random;
                network.nodes[here].mesh.open(there as u64, begin_ms, &mut || random.draw());
            }
        }
        (0..replicas).for_each(|at| network.note_wake(at));
        network
    }

    fn note_wake(&mut self, at: usize) {
        let node = &mut self.nodes[at];
        let wakes_ms = node.mesh.next_wake_ms().max(self.now_ms);
        if wakes_ms < node.wakes_ms {
            node.wakes_ms = wakes_ms;
            self.wakes.push((Reverse(wakes_ms), at));
        }
    }

    fn pump(&mut self, from: usize) {
        loop {
            let Self { nodes, random, .. } = self;
            let Node { map, mesh, .. } = &mut nodes[from];
            let Some((to, bytes)) = mesh.poll(map, self.now_ms, &mut || random.draw()) else { break };
            self.messages += 1;
            self.bytes += bytes.len() as u64;
            if self.random.below(100) < self.lost_percent {
                continue;
            }
            let due_ms = self.now_ms + DELAY_MS[0] + self.random.below(DELAY_MS[1] - DELAY_MS[0]);
            let arrival = Some(Arrival { from, to: to as usize, bytes: bytes.into() });
            let place = self.free.pop().unwrap_or_else(|| {
                self.in_flight.push(None);
                self.in_flight.len() - 1
            });
            self.in_flight[place] = arrival;
            self.sent += 1;
            self.arrivals.push((Reverse((due_ms, self.sent)), place));
        }
        self.note_wake(from);
    }

    /// Does what is due next, unless that is later. Returns who learnt something, if anybody did.
    fn step(&mut self, until_ms: u64) -> Option<Option<usize>> {
        let arrives_ms = self.arrivals.peek().map_or(u64::MAX, |(Reverse((due_ms, _)), _)| *due_ms);
        let wakes_ms = self.wakes.peek().map_or(u64::MAX, |(Reverse(due_ms), _)| *due_ms);
        if arrives_ms.min(wakes_ms) > until_ms {
            self.now_ms = until_ms;
            return None;
        }
        self.now_ms = self.now_ms.max(arrives_ms.min(wakes_ms));
        if wakes_ms < arrives_ms {
            let (_, at) = self.wakes.pop()?;
            if self.nodes[at].wakes_ms == wakes_ms {
                self.nodes[at].wakes_ms = u64::MAX;
                self.pump(at);
            }
            return Some(None);
        }
        let (_, place) = self.arrivals.pop()?;
        let Arrival { from, to, bytes } = self.in_flight[place].take()?;
        self.free.push(place);
        let Self { nodes, random, .. } = self;
        let node = &mut nodes[to];
        let before = node.map.state().version().fingerprint();
        drop(node.mesh.receive(&mut node.map, from as u64, &bytes, self.now_ms, &mut || random.draw()));
        let has_learnt = before != node.map.state().version().fingerprint();
        self.pump(to);
        Some(has_learnt.then_some(to))
    }

    fn run_for(&mut self, duration_ms: u64) {
        let until_ms = self.now_ms + duration_ms;
        while self.step(until_ms).is_some() {}
    }

    /// Somebody else does each of these operations, all at this moment.
    fn change(&mut self, workload: &Workload, ops: &[Op], expected: &mut Delta<u64>) {
        let first = self.random.below(self.nodes.len() as u64) as usize;
        for (change, op) in ops.iter().enumerate() {
            let at = (first + change * self.nodes.len() / ops.len()) % self.nodes.len();
            let Self { nodes, random, .. } = self;
            let Node { map, mesh, .. } = &mut nodes[at];
            let delta = apply(map, &workload.nodes, op);
            expected.merge(&delta);
            mesh.publish(&delta, &mut || random.draw());
        }
        (0..self.nodes.len()).for_each(|at| self.pump(at));
    }

    /// Lets time pass until all hold that. Returns when 99 % of them did.
    fn run_until_all_know(&mut self, expected: &Delta<u64>) -> Result<u64, String> {
        let until_ms = self.now_ms + SPREADING_MAX_MS;
        let knows_all = |node: &Node| node.map.state().version().includes(expected.version());
        let mut is_lacking: Vec<bool> = self.nodes.iter().map(|node| !knows_all(node)).collect();
        let mut lacking = is_lacking.iter().filter(|is_lacking| **is_lacking).count();
        let mut most_ms = None;
        while lacking > 0 {
            let Some(learnt) = self.step(until_ms) else {
                return Err(format!("{lacking} replicas lack something after {SPREADING_MAX_MS} ms"));
            };
            if let Some(at) = learnt.filter(|at| is_lacking[*at] && knows_all(&self.nodes[*at])) {
                is_lacking[at] = false;
                lacking -= 1;
            }
            if lacking * 100 <= self.nodes.len() {
                most_ms.get_or_insert(self.now_ms);
            }
        }
        if self.nodes.iter().any(|node| node.map.state() != expected) {
            return Err("a replica that knows everything holds something else".into());
        }
        Ok(most_ms.unwrap_or(self.now_ms))
    }
}

/// Lets changes spread in a network, or says why they do not.
pub fn spread(base: &Base, replicas: usize, fan_in: usize, lost_percent: u64) -> Result<Vec<Reach>, String> {
    let mut network = Network::new(&base.maps[0], replicas, fan_in, lost_percent);
    network.run_for(SETTLING_MS);
    if network.nodes.iter().any(|node| node.map.state() != base.maps[0].state()) {
        return Err("something changed before anybody changed anything".into());
    }
    let mut expected: Delta<u64> = base.maps[0].state().clone();
    let mut ops = base.workload.increases();
    let mut one = |network: &mut Network, news, changes: usize| {
        let ops = ops.by_ref().take(changes).collect::<Vec<Op>>();
        let begin = (network.now_ms, network.messages, network.bytes);
        network.change(&base.workload, &ops, &mut expected);
        let most_ms = network.run_until_all_know(&expected)? - begin.0;
        let all_ms = network.now_ms - begin.0;
        let by_replica = |number: u64| number as f64 / replicas as f64;
        let (messages, bytes) = (network.messages - begin.1, network.bytes - begin.2);
        network.run_for(AFTER_MS);
        let after = network.bytes - begin.2 - bytes;
        network.run_for(SETTLING_MS - AFTER_MS);
        Ok::<_, String>(Reach {
            replicas: replicas as u64,
            fan_in: fan_in as u64,
            lost_percent,
            news,
            most_ms,
            all_ms,
            messages_per_replica: by_replica(messages),
            bytes_per_replica: by_replica(bytes),
            bytes_after_per_replica: by_replica(after),
        })
    };
    let first = one(&mut network, News::First, 1)?;
    for _ in 1..WARM_UP {
        one(&mut network, News::Warm, 1)?;
    }
    let singles = (0..SINGLES).map(|_| one(&mut network, News::Warm, 1)).collect::<Result<Vec<_>, _>>()?;
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
    let many = one(&mut network, News::Many, MANY)?;
    Ok(vec![first, warm, many])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_reach_everybody_the_same_way_each_time() {
        let base = Base::new(300);
        let runs = spread(&base, 60, LINKS, 5).unwrap();
        assert!(
            runs.iter().all(|run| run.messages_per_replica > 1.0 && run.most_ms <= run.all_ms),
            "{runs:?}"
        );
        assert_eq!(runs, spread(&base, 60, LINKS, 5).unwrap(), "the same on every machine");
    }

    #[test]
    fn changes_cost_a_hundred_replicas_little() {
        let base = Base::new(300);
        for (lost_percent, all_ms_max) in [(0, [180, 220, 1_000]), (5, [1_000; 3])] {
            let runs = spread(&base, 100, FAN_IN, lost_percent).unwrap();
            for ((run, all_ms_max), bytes_max) in runs.iter().zip(all_ms_max).zip([220.0, 220.0, 9_000.0]) {
                assert!(run.all_ms <= all_ms_max && run.bytes_per_replica <= bytes_max, "{run:?}");
                let after_max = if run.news == News::Many { 600.0 } else { 100.0 };
                assert!(run.bytes_after_per_replica <= after_max, "{run:?}");
            }
        }
    }
}
