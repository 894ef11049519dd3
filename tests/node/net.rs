//! Nodes, joined by media and by links of two, in virtual time.

use crdt_range_map::node::{Event, LinkId, LinkKind, Options, Output, Page};
use crdt_range_map::{Node, ReplicaId};

use crate::kit::flight::Flight;
use crate::kit::random::Random;

pub struct Host {
    pub node: Node<u64>,
    pub events: Vec<Event<u64>>,
    /// The pages that are saved, since the last whole one.
    pub disk: Vec<Vec<u8>>,
    /// A page that is being saved, and when it will be.
    pub saving: Option<(u64, Page)>,
    wakes_ms: u64,
}

/// Who is at the other ends of a link.
type Ends = Vec<(usize, LinkId)>;

pub struct Net {
    pub hosts: Vec<Host>,
    /// The members of each medium or pair, and whether they hear each other.
    wires: Vec<(Ends, bool)>,
    in_flight: Flight<(usize, LinkId, Vec<u8>)>,
    pub now_ms: u64,
    pub sent: u64,
    pub latency_ms: u64,
    pub saving_ms: u64,
    pub lost_percent: u64,
    random: Random,
}

impl Net {
    pub fn new(seed: u64) -> Self {
        let (hosts, wires, in_flight) = Default::default();
        Self {
            hosts,
            wires,
            in_flight,
            now_ms: 0,
            sent: 0,
            latency_ms: 5,
            saving_ms: 0,
            lost_percent: 0,
            random: Random(seed),
        }
    }

    pub fn add(&mut self, options: Options) -> usize {
        let id = 1 + self.hosts.len() as u64;
        let seed = self.random.next();
        self.host(Node::with(options, ReplicaId::new(id), seed).unwrap())
    }

    pub fn host(&mut self, node: Node<u64>) -> usize {
        let (events, disk) = Default::default();
        self.hosts.push(Host { node, events, disk, saving: None, wakes_ms: 0 });
        self.hosts.len() - 1
    }

    /// Joins those by a medium, or two of them by a link; returns its number.
    pub fn wire(&mut self, kind: LinkKind, members: &[usize]) -> usize {
        let now_ms = self.now_ms;
        let ends = members.iter().map(|at| (*at, self.hosts[*at].node.open(kind, now_ms))).collect();
        self.wires.push((ends, true));
        members.iter().for_each(|at| self.pump(*at));
        self.wires.len() - 1
    }

    /// Another node takes its place. The others do not notice that its links are gone.
    pub fn reboot(&mut self, at: usize, node: Node<u64>) {
        self.hosts[at].node = node;
        self.wires.iter_mut().for_each(|(ends, _)| ends.retain(|(member, _)| *member != at));
        self.in_flight.retain(|(to, ..)| *to != at);
    }

    pub fn cut(&mut self, wire: usize, is_whole: bool) {
        self.wires[wire].1 = is_whole;
    }

    pub fn link(&self, wire: usize, host: usize) -> LinkId {
        self.wires[wire].0.iter().find(|(at, _)| *at == host).unwrap().1
    }

    pub fn operate(&mut self, at: usize, operation: impl FnOnce(&mut Node<u64>)) {
        operation(&mut self.hosts[at].node);
        self.pump(at);
    }

    /// Does what the node wants done.
    pub fn pump(&mut self, at: usize) {
        let now_ms = self.now_ms;
        let mut outputs = 0;
        loop {
            outputs += 1;
            assert!(outputs < 10_000, "{at} does not stop talking");
            let host = &mut self.hosts[at];
            match host.node.poll(now_ms) {
                Output::Send { link, bytes } => self.send(at, link, &bytes),
                Output::Save(page) => {
                    assert!(host.saving.is_none(), "one page is out at a time");
                    host.saving = Some((now_ms + self.saving_ms, page));
                    if self.saving_ms == 0 {
                        self.save(at);
                    }
                }
                Output::Event(event) => host.events.push(event),
                Output::Wait { until_ms } => {
                    host.wakes_ms = until_ms;
                    return;
                }
            }
        }
    }

    fn send(&mut self, from: usize, link: LinkId, bytes: &[u8]) {
        self.sent += 1;
        let is_own = |(ends, _): &&(Ends, bool)| ends.contains(&(from, link));
        // Who talks does so mostly over the last ones.
        let Some((ends, true)) = self.wires.iter().rev().find(is_own) else { return };
        for (to, link) in ends.iter().filter(|(to, _)| *to != from) {
            if !self.random.percent(self.lost_percent) {
                let due_ms = self.now_ms + self.latency_ms + self.random.below(3);
                self.in_flight.send(due_ms, (*to, *link, bytes.to_vec()));
            }
        }
    }

    /// What is being saved is saved now.
    fn save(&mut self, at: usize) {
        let host = &mut self.hosts[at];
        if let Some((_, page)) = host.saving.take() {
            if page.is_whole {
                host.disk.clear();
            }
            host.disk.push(page.bytes);
            host.node.saved(page.number);
        }
    }

    pub fn run_for(&mut self, duration_ms: u64) {
        let until_ms = self.now_ms + duration_ms;
        while self.now_ms < until_ms {
            let arrives_ms = self.in_flight.next_ms();
            let saved_ms = self.hosts.iter().filter_map(|host| host.saving.as_ref().map(|saving| saving.0));
            let wakes_ms = self.hosts.iter().map(|host| host.wakes_ms);
            let next_ms = arrives_ms.into_iter().chain(saved_ms).chain(wakes_ms).min().unwrap_or(u64::MAX);
            self.now_ms = next_ms.max(self.now_ms).min(until_ms);
            for at in 0..self.hosts.len() {
                let is_saved = self.hosts[at].saving.as_ref().is_some_and(|saving| saving.0 <= self.now_ms);
                if is_saved {
                    self.save(at);
                }
                if is_saved || self.hosts[at].wakes_ms <= self.now_ms {
                    self.pump(at);
                }
            }
            while let Some((to, link, bytes)) = self.in_flight.arrived(self.now_ms) {
                self.hosts[to].node.receive(link, &bytes, self.now_ms);
                self.pump(to);
            }
        }
    }

    pub fn is_converged(&self) -> bool {
        self.hosts.windows(2).all(|pair| pair[0].node.map().state() == pair[1].node.map().state())
    }
}
