//! Nodes in virtual time, joined by media and by links of two, as perfect or as lossy as is wanted.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::rc::Rc;
use std::time::Duration;

use cpu_time::ThreadTime;
use crdt_range_map::Node;
use crdt_range_map::node::{LinkId, LinkKind, Output};

use crate::workload::SplitMix64;

/// A node, and what becomes of what it hands out.
pub struct Host {
    /// The node.
    pub node: Node<u64>,
    /// The processor time that it took so far; what it takes to make pages to be saved is left out.
    pub computed: Duration,
    /// The pages that it saved, from the last whole one on.
    pub disk: Vec<Vec<u8>>,
    /// By the number of its link: to which wire that belongs.
    wires: Vec<usize>,
    wakes_ms: u64,
}

/// What was sent so far.
#[derive(Clone, Copy, Debug, Default)]
pub struct Traffic {
    /// Messages that were handed out.
    pub messages: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Messages that arrived, at each of those who heard them.
    pub deliveries: u64,
}

/// To whom, over which of its links, and what.
type Arrival = (usize, LinkId, Rc<[u8]>);

/// Nodes and what joins them.
#[derive(Default)]
pub struct Network {
    /// The nodes in the order in which they came.
    pub hosts: Vec<Host>,
    /// The virtual time.
    pub now_ms: u64,
    /// When somebody last learnt something.
    pub last_news_ms: u64,
    /// What was sent so far.
    pub traffic: Traffic,
    /// Whose links end at each wire.
    wires: Vec<Vec<(usize, LinkId)>>,
    /// By when they arrive, and in which order they were sent.
    arrivals: BTreeMap<(u64, u64), Arrival>,
    wakes: BTreeSet<(u64, usize)>,
    sent: u64,
    delay_ms: Range<u64>,
    lost_percent: u64,
    random: SplitMix64,
}

impl Network {
    /// Nobody yet. A message takes so long, and so many of a hundred are lost.
    pub fn new(delay_ms: Range<u64>, lost_percent: u64, seed: u64) -> Self {
        Self { delay_ms, lost_percent, random: SplitMix64::new(seed), ..Self::default() }
    }

    /// Somebody comes, without links. Returns its number.
    pub fn add(&mut self, node: Node<u64>) -> usize {
        let (computed, disk, wires, wakes_ms) = Default::default();
        self.hosts.push(Host { node, computed, disk, wires, wakes_ms });
        self.hosts.len() - 1
    }

    /// A medium without members, or a link without ends. Returns its number.
    pub fn wire(&mut self) -> usize {
        self.wires.push(Vec::new());
        self.wires.len() - 1
    }

    /// Somebody opens its link to a wire, and begins to use it at that time.
    pub fn open(&mut self, at: usize, wire: usize, kind: LinkKind, begin_ms: u64) {
        let host = &mut self.hosts[at];
        let link = host.node.open(kind, begin_ms);
        host.wires.push(wire);
        self.wires[wire].push((at, link));
    }

    /// Somebody does something.
    pub fn operate(&mut self, at: usize, operation: impl FnOnce(&mut Node<u64>)) {
        operation(&mut self.hosts[at].node);
        self.pump(at);
    }

    /// Does what a node wants done.
    fn pump(&mut self, at: usize) {
        loop {
            let host = &mut self.hosts[at];
            let begin = ThreadTime::now();
            let output = host.node.poll(self.now_ms);
            let took = begin.elapsed();
            match output {
                Output::Save(page) => {
                    if page.is_whole {
                        host.disk.clear();
                    }
                    host.disk.push(page.bytes);
                    host.node.saved(page.number);
                    continue;
                }
                Output::Wait { until_ms } => {
                    host.computed += took;
                    self.wakes.remove(&(host.wakes_ms, at));
                    host.wakes_ms = until_ms;
                    self.wakes.insert((until_ms, at));
                    return;
                }
                Output::Event(_) => host.computed += took,
                Output::Send { link, bytes } => {
                    host.computed += took;
                    self.send(at, link, bytes);
                }
            }
        }
    }

    fn send(&mut self, from: usize, link: LinkId, bytes: Vec<u8>) {
        self.traffic.messages += 1;
        self.traffic.bytes += bytes.len() as u64;
        let bytes: Rc<[u8]> = bytes.into();
        let wire = self.hosts[from].wires[link.0 as usize];
        for (to, link) in self.wires[wire].iter().filter(|(to, _)| *to != from) {
            if self.random.below(100) < self.lost_percent {
                continue;
            }
            let Range { start, end } = self.delay_ms;
            let due_ms = self.now_ms + start + self.random.below(end - start);
            self.sent += 1;
            self.arrivals.insert((due_ms, self.sent), (*to, *link, bytes.clone()));
        }
    }

    /// Does what is due next, unless that is later: `None`. Returns who learnt something, if anybody did.
    pub fn step(&mut self, until_ms: u64) -> Option<Option<usize>> {
        let arrives_ms = self.arrivals.first_key_value().map_or(u64::MAX, |((due_ms, _), _)| *due_ms);
        let wakes_ms = self.wakes.first().map_or(u64::MAX, |(due_ms, _)| *due_ms);
        if arrives_ms.min(wakes_ms) > until_ms {
            self.now_ms = until_ms;
            return None;
        }
        self.now_ms = self.now_ms.max(arrives_ms.min(wakes_ms));
        if wakes_ms < arrives_ms {
            let (_, at) = *self.wakes.first()?;
            self.pump(at);
            return Some(None);
        }
        let (_, (to, link, bytes)) = self.arrivals.pop_first()?;
        self.traffic.deliveries += 1;
        let host = &mut self.hosts[to];
        let before = host.node.map().state().version().fingerprint();
        let begin = ThreadTime::now();
        host.node.receive(link, &bytes, self.now_ms);
        host.computed += begin.elapsed();
        let has_learnt = before != host.node.map().state().version().fingerprint();
        if has_learnt {
            self.last_news_ms = self.now_ms;
        }
        self.pump(to);
        Some(has_learnt.then_some(to))
    }

    /// Lets time pass.
    pub fn run_for(&mut self, duration_ms: u64) {
        let until_ms = self.now_ms + duration_ms;
        while self.step(until_ms).is_some() {}
    }

    /// Whether all hold the same. Costs a comparison of all that they hold.
    pub fn is_converged(&self) -> bool {
        self.hosts.windows(2).all(|pair| pair[0].node.map().state() == pair[1].node.map().state())
    }
}
