//! How news spreads among many replicas with links to a few neighbours each: rounds, bytes and virtual time.
//!
//! All replicas begin with W(n), as snapshots of one map that share its memory. Some of them make a change at the same moment, and
//! every message takes a random time on its way. Nothing is timed: time is virtual and the random numbers are drawn from one seed,
//! so the figures are the same on every machine. In the end every replica must hold what all changes together make.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashSet};
use std::rc::Rc;

use crdt_range_map::sync::{Config, Mesh};
use crdt_range_map::{CausalContext, Delta, RangeMap, ReplicaId};
use serde::{Deserialize, Serialize};

use crate::scenario::apply;
use crate::workload::{SplitMix64, Workload};

/// How many neighbours a replica has on average: two in a ring through all, the others anywhere.
pub const LINKS: usize = 8;

/// A message takes at least, and less than, so many milliseconds.
const DELAY_MS: [u64; 2] = [5, 50];

/// So long the replicas get to know each other before anything is counted.
const SETTLING_MS: u64 = 3_000;

/// Longer than this it may not take.
const SPREADING_MAX_MS: u64 = 120_000;

/// What one run found out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reach {
    /// How many replicas there are.
    pub replicas: u64,
    /// How many registrations each holds at first.
    pub n: u64,
    /// To how many neighbours news goes at once.
    pub fan_out: u64,
    /// How many replicas make a change each at the same moment.
    pub changes: u64,
    /// Over how many links in a row a change came that reached somebody as the last that it lacked, at most.
    pub rounds: u64,
    /// When every replica knew everything, in virtual milliseconds.
    pub all_ms: u64,
    /// When 99 % of the replicas did.
    pub most_ms: u64,
    /// What was sent until then by a replica, on average.
    pub messages_per_replica: f64,
    /// The same in bytes.
    pub bytes_per_replica: f64,
}

/// Numbers of replicas, of registrations and of neighbours that are told, and how many change something.
#[derive(Clone, Copy, Debug)]
struct Case {
    replicas: usize,
    n: usize,
    fan_out: usize,
    changes: usize,
}

/// Runs them all, up to a thousand replicas and 100,000 registrations; a short pass only to a tenth of both.
///
/// # Errors
/// If changes do not spread as they should.
pub fn run(is_quick: bool) -> Result<Vec<Reach>, String> {
    let mut runs = Vec::new();
    for n in sizes(is_quick) {
        let workload = Workload::new(n);
        let base = base(&workload);
        for Case { replicas, fan_out, changes, .. } in cases(is_quick).filter(|case| case.n == n) {
            runs.push(spread(&workload, &base, replicas, fan_out, changes)?);
        }
    }
    Ok(runs)
}

/// The sizes of the workloads.
fn sizes(is_quick: bool) -> impl Iterator<Item = usize> {
    [1_000, 10_000, 100_000].into_iter().take(if is_quick { 2 } else { 3 })
}

/// The fan-outs that are compared.
pub const FAN_OUTS: [usize; 4] = [1, 2, 4, LINKS];

fn cases(is_quick: bool) -> impl Iterator<Item = Case> {
    let crowd = if is_quick { 100 } else { 1_000 };
    let crowds = [10, 30, 100, 300, 1_000].into_iter().filter(move |replicas| *replicas <= crowd);
    let by_replicas = crowds.flat_map(|replicas| {
        FAN_OUTS.into_iter().map(move |fan_out| Case { replicas, n: 10_000, fan_out, changes: 1 })
    });
    let by_size = sizes(is_quick).filter(|n| *n != 10_000).flat_map(move |n| {
        FAN_OUTS.into_iter().map(move |fan_out| Case { replicas: crowd, n, fan_out, changes: 1 })
    });
    let many = sizes(is_quick).map(move |n| Case { replicas: crowd, n, fan_out: 4, changes: 100 });
    by_replicas.chain(by_size).chain(many)
}

/// What is going to happen: in the order of time, then of its number.
type Due = Reverse<(u64, u64)>;

struct Arrival {
    from: usize,
    to: usize,
    bytes: Rc<[u8]>,
    /// Over how many links in a row it comes.
    hops: u64,
}

struct Node {
    map: RangeMap<u64>,
    mesh: Mesh<u64>,
    /// How far the change came that it learnt last.
    hops: u64,
    /// When it is to be woken, as far as that is in the queue.
    wakes_ms: u64,
}

struct Network {
    nodes: Vec<Node>,
    arrivals: BinaryHeap<(Due, usize)>,
    in_flight: Vec<Option<Arrival>>,
    free: Vec<usize>,
    wakes: BinaryHeap<(Reverse<u64>, usize)>,
    random: SplitMix64,
    now_ms: u64,
    sent: u64,
    messages: u64,
    bytes: u64,
}

impl Network {
    fn new(base: &RangeMap<u64>, replicas: usize, fan_out: usize) -> Self {
        let mut random = SplitMix64::new(replicas as u64 ^ (fan_out as u64) << 32);
        let nodes = (0..replicas)
            .map(|at| {
                let mut map = base.clone();
                drop(map.set_replica(ReplicaId::new(10 + at as u64)));
                Node { map, mesh: Mesh::new(Config::default(), fan_out), hops: 0, wakes_ms: u64::MAX }
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
            let Node { map, mesh, hops, .. } = &mut nodes[from];
            let hops = *hops + 1;
            let Some((to, bytes)) = mesh.poll(map, self.now_ms, &mut || random.draw()) else { break };
            self.messages += 1;
            self.bytes += bytes.len() as u64;
            let due_ms = self.now_ms + DELAY_MS[0] + self.random.below(DELAY_MS[1] - DELAY_MS[0]);
            let arrival = Some(Arrival { from, to: to as usize, bytes: bytes.into(), hops });
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
        let Arrival { from, to, bytes, hops } = self.in_flight[place].take()?;
        self.free.push(place);
        let Self { nodes, random, .. } = self;
        let node = &mut nodes[to];
        let before = node.map.state().context().fingerprint();
        drop(node.mesh.receive(&mut node.map, from as u64, &bytes, self.now_ms, &mut || random.draw()));
        let has_learnt = before != node.map.state().context().fingerprint();
        if has_learnt {
            node.hops = hops;
        }
        self.pump(to);
        Some(has_learnt.then_some(to))
    }
}

/// The map that all begin with, written by two replicas.
fn base(workload: &Workload) -> RangeMap<u64> {
    let mut halves = [0, 1].map(|part| {
        let mut map = RangeMap::new(ReplicaId::new(1 + part as u64));
        workload.writes(part).for_each(|op| drop(apply(&mut map, &workload.nodes, &op)));
        map
    });
    let second = halves[1].state().clone();
    drop(halves[0].merge(&second));
    let [first, _] = halves;
    first
}

/// Lets changes spread, or says why they do not.
fn spread(
    workload: &Workload,
    base: &RangeMap<u64>,
    replicas: usize,
    fan_out: usize,
    changes: usize,
) -> Result<Reach, String> {
    let mut network = Network::new(base, replicas, fan_out);
    while network.step(SETTLING_MS).is_some() {}
    if network.nodes.iter().any(|node| node.map.state() != base.state()) {
        return Err("something changed before anybody changed anything".into());
    }
    let begin_ms = network.now_ms;
    (network.messages, network.bytes) = (0, 0);

    let mut expected: Delta<u64> = base.state().clone();
    for (change, op) in workload.increases().take(changes).enumerate() {
        let at = change * replicas / changes;
        let Network { nodes, random, .. } = &mut network;
        let node = &mut nodes[at];
        let delta = apply(&mut node.map, &workload.nodes, &op);
        expected.merge(&delta);
        node.mesh.publish(&delta, &mut || random.draw());
    }
    (0..replicas).for_each(|at| network.pump(at));

    let all: CausalContext = expected.context().clone();
    let knows_all = |node: &Node| node.map.state().context().includes(&all);
    let mut is_lacking: Vec<bool> = network.nodes.iter().map(|node| !knows_all(node)).collect();
    let mut lacking = is_lacking.iter().filter(|is_lacking| **is_lacking).count();
    let (mut rounds, mut most_ms) = (0, 0);
    while lacking > 0 {
        let Some(learnt) = network.step(begin_ms + SPREADING_MAX_MS) else {
            return Err(format!(
                "{lacking} of {replicas} replicas lack something after {SPREADING_MAX_MS} ms"
            ));
        };
        let Some(at) = learnt.filter(|at| is_lacking[*at] && knows_all(&network.nodes[*at])) else {
            continue;
        };
        is_lacking[at] = false;
        lacking -= 1;
        rounds = rounds.max(network.nodes[at].hops);
        if lacking * 100 <= replicas && most_ms == 0 {
            most_ms = network.now_ms - begin_ms;
        }
    }
    if network.nodes.iter().any(|node| *node.map.state() != expected) {
        return Err("a replica that knows everything holds something else".into());
    }
    let by_replica = |number: u64| number as f64 / replicas as f64;
    Ok(Reach {
        replicas: replicas as u64,
        n: workload.n() as u64,
        fan_out: fan_out as u64,
        changes: changes as u64,
        rounds,
        all_ms: network.now_ms - begin_ms,
        most_ms,
        messages_per_replica: by_replica(network.messages),
        bytes_per_replica: by_replica(network.bytes),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_reach_everybody_and_a_greater_fan_out_brings_them_sooner() {
        let workload = Workload::new(300);
        let base = base(&workload);
        let spread = |fan_out| spread(&workload, &base, 60, fan_out, 1).unwrap();
        let (narrow, wide) = (spread(1), spread(LINKS));
        assert!(wide.all_ms < narrow.all_ms, "{wide:?} {narrow:?}");
        assert!(wide.messages_per_replica > 1.0 && wide.rounds >= 2, "{wide:?}");
        assert_eq!(wide, again(&workload, &base), "the same on every machine");
    }

    fn again(workload: &Workload, base: &RangeMap<u64>) -> Reach {
        spread(workload, base, 60, LINKS, 1).unwrap()
    }
}
