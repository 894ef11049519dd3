//! Two nodes that meet: all that both send until they are equal.

use std::collections::HashSet;
use std::num::NonZeroU32;
use std::time::{Duration, Instant};

use crdt_range_map::node::{LinkKind, Options};
use crdt_range_map::{Node, ReplicaId};
use serde::Serialize;

use super::network::Network;
use crate::check;
use crate::timer::median;
use crate::workload::{Op, OpKind, SplitMix64, Workload};

/// What it took.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Meeting {
    /// Messages in both directions.
    pub messages: u64,
    /// Their bytes, heads and checksums included.
    pub bytes: u64,
    /// Virtual time until both were equal.
    pub virtual_ms: u64,
    /// Processor time of who was there and of who came: the median of some meetings.
    pub computed_ms: [f64; 2],
}

/// Asks in vain for so long, or says all that there is to say.
const QUIET_MS: u64 = 5_000;
const MEETING_MAX_MS: u64 = 120_000;
/// They do not meet again after so long.
const MEETINGS_MAX: Duration = Duration::from_secs(1);

/// A medium where everybody hears everybody one millisecond later.
pub(super) fn medium(seed: u64) -> Network {
    let mut network = Network::new(1..2, 0, seed);
    network.wire();
    network
}

/// Somebody comes to it. Returns its number.
pub(super) fn join(medium: &mut Network, node: Node<u64>) -> usize {
    let at = medium.add(node);
    medium.open(at, 0, LinkKind::Medium, medium.now_ms);
    medium.operate(at, |_| ());
    at
}

/// Lets time pass until all say no more and are equal.
fn settle(medium: &mut Network, what: &str) {
    let until_ms = medium.now_ms + MEETING_MAX_MS;
    medium.run_for(QUIET_MS);
    while !medium.is_converged() {
        assert!(medium.now_ms < until_ms, "{what}: both are equal");
        medium.run_for(QUIET_MS);
    }
}

/// Lets `comer` come to a medium where `resident` is alone, so many times, each time with clones; not so often if that takes long.
///
/// # Panics
/// If they do not end with equal states in which is visible what merging the two makes visible.
pub fn meet(resident: &Node<u64>, comer: &Node<u64>, seed: u64, times_max: usize) -> Meeting {
    let mut merged = resident.map().clone();
    drop(merged.merge(comer.map().state()));
    let expected = check::registrations(&merged);
    let mut took: Option<Meeting> = None;
    let mut samples = [(); 2].map(|()| Vec::new());
    let begin = Instant::now();
    for _ in 0..times_max {
        if took.is_some() && begin.elapsed() > MEETINGS_MAX {
            break;
        }
        let mut medium = medium(seed);
        join(&mut medium, resident.clone());
        medium.run_for(QUIET_MS);
        let (before, begin_ms) = (medium.traffic, medium.now_ms);
        medium.hosts[0].computed = Duration::ZERO;
        join(&mut medium, comer.clone());
        settle(&mut medium, &format!("seed {seed}"));
        let computed_ms = [0, 1].map(|at| medium.hosts[at].computed.as_secs_f64() * 1e3);
        samples.iter_mut().zip(computed_ms).for_each(|(samples, ms)| samples.push(ms));
        let meeting = Meeting {
            messages: medium.traffic.messages - before.messages,
            bytes: medium.traffic.bytes - before.bytes,
            virtual_ms: medium.last_news_ms.saturating_sub(begin_ms),
            computed_ms,
        };
        let first = took.get_or_insert_with(|| {
            let found = check::registrations(medium.hosts[0].node.map());
            assert_eq!(found, expected, "seed {seed}: equal to the merge of both");
            meeting.clone()
        });
        assert_eq!((meeting.messages, meeting.bytes), (first.messages, first.bytes), "the same each time");
    }
    let took = took.expect("they meet at least once");
    Meeting { computed_ms: samples.map(median), ..took }
}

/// What somebody does to registrations that are all different.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Act {
    /// Announces new ones.
    New,
    /// Increases those that it wrote itself.
    Own,
    /// Increases those that the other wrote.
    Others,
    /// Releases any.
    Released,
    /// Increases any, releases any, and announces new ones, in turn.
    Mixed,
}

/// Who did it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Who {
    /// Who was there.
    Resident,
    /// Who comes.
    Comer,
    /// Each as many.
    Both,
}

/// Two nodes that hold W(n) and share no memory. Each wrote a half.
pub struct Base {
    pub(super) workload: Workload,
    /// What each of them saved.
    pub(super) pages: [Vec<Vec<u8>>; 2],
    /// They as they come back from that: with a log of recent changes, and without.
    nodes: [[Node<u64>; 2]; 2],
    /// New ones, a half for each.
    newcomers: Vec<Op>,
}

/// As replicas are: random ids.
const IDS: [u64; 2] = [0x9e37_79b9_7f4a_7c15, 0x3c6e_f372_fe94_f82a];

/// Nobody announces more than this.
const NEW_MAX: usize = 30_000;

/// A node that can return under its id.
fn durable() -> Options {
    Options { is_durable: true, ..Options::default() }
}

impl Base {
    /// Both with all of W(n), which they told each other.
    pub fn new(n: usize) -> Self {
        let workload = Workload::new(n);
        let mut medium = medium(1);
        Self::halves(&workload).into_iter().for_each(|node| _ = join(&mut medium, node));
        settle(&mut medium, "W(n)");
        let pages: [Vec<Vec<u8>>; 2] = [0, 1].map(|at| std::mem::take(&mut medium.hosts[at].disk));
        let without_log = Options { log_bytes_max: 0, ..durable() };
        let nodes = [durable(), without_log].map(|options| {
            [0, 1].map(|at| {
                let fresh = ReplicaId::new(7);
                let restored = Node::restore(options.clone(), &pages[at], fresh, IDS[at]);
                let (node, damaged) = restored.expect("the defaults work");
                assert!(damaged.is_empty() && node.map().replica() == ReplicaId::new(IDS[at]));
                node
            })
        });
        let newcomers = workload.newcomers(2 * NEW_MAX);
        Self { workload, pages, nodes, newcomers }
    }

    /// How many registrations both hold.
    pub fn n(&self) -> usize {
        self.workload.n()
    }

    /// The two with what they know of recent changes, or without.
    pub(super) fn nodes(&self, has_log: bool) -> [Node<u64>; 2] {
        self.nodes[usize::from(!has_log)].clone()
    }

    /// The two as they were before they heard of each other.
    pub(super) fn halves(workload: &Workload) -> [Node<u64>; 2] {
        [0, 1].map(|part| {
            let node = Node::with(durable(), ReplicaId::new(IDS[part]), IDS[part]);
            let mut node = node.expect("the defaults work");
            workload.writes(part).for_each(|op| operate(&mut node, workload, &op));
            node
        })
    }

    /// The two after `who` did that to `d` registrations. Without a log, neither remembers its latest changes.
    pub fn after(&self, act: Act, d: usize, who: Who, has_log: bool, seed: u64) -> [Node<u64>; 2] {
        let mut nodes = self.nodes(has_log);
        let mut random = SplitMix64::new(seed ^ d as u64);
        for (side, node) in nodes.iter_mut().enumerate() {
            if who == Who::Both || side == who as usize {
                self.act(node, side, act, d, &mut random);
            }
        }
        nodes
    }

    /// Does that to `d` registrations, as the resident (`side` 0) or the comer.
    pub(super) fn act(&self, node: &mut Node<u64>, side: usize, act: Act, d: usize, random: &mut SplitMix64) {
        let held = &self.workload.registrations;
        let halves = held.split_at(held.len() / 2);
        let [own, others] = if side == 0 { [halves.0, halves.1] } else { [halves.1, halves.0] };
        let mut seen = HashSet::with_capacity(d);
        for at in 0..d {
            let op = loop {
                let by = NonZeroU32::MIN.saturating_add(random.below(100) as u32);
                let mut pick = |count: usize| random.below(count as u64) as usize;
                let op = match (act, at % 3) {
                    (Act::New, _) | (Act::Mixed, 2) => self.newcomers[side * NEW_MAX + pick(NEW_MAX)],
                    (Act::Own, _) => Op { triple: own[pick(own.len())].triple, kind: OpKind::Increase(by) },
                    (Act::Others, _) => {
                        Op { triple: others[pick(others.len())].triple, kind: OpKind::Increase(by) }
                    }
                    (Act::Mixed, 0) => {
                        Op { triple: held[pick(held.len())].triple, kind: OpKind::Increase(by) }
                    }
                    _ => Op { triple: held[pick(held.len())].triple, kind: OpKind::Release },
                };
                if seen.insert(op.triple) {
                    break op;
                }
            };
            operate(node, &self.workload, &op);
        }
    }
}

/// Does an operation.
pub(super) fn operate(node: &mut Node<u64>, workload: &Workload, op: &Op) {
    node.apply([op.on(&workload.nodes)]).expect("nobody is retired");
}
