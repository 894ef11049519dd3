//! A perfect medium in virtual time: everybody hears everybody, one millisecond later.

use std::collections::VecDeque;

use crdt_range_map::RangeMap;
use crdt_range_map::sync::{Broadcast, Config, Statistics};

use crate::workload::SplitMix64;

/// How long a message is under way.
pub const LATENCY_MS: u64 = 1;

/// Replicas on a medium.
pub struct Medium {
    /// The replicas, each with its protocol, in the order in which they came.
    pub tabs: Vec<(RangeMap<u64>, Broadcast<u64>)>,
    /// The virtual time.
    pub now_ms: u64,
    /// Messages that were received, by whomever.
    pub deliveries: u64,
    /// When something was last merged that was news.
    pub last_news_ms: u64,
    /// How often the word went to somebody else, see [`rounds`](Self::rounds).
    turns: u64,
    last_speaker: Option<usize>,
    under_way: VecDeque<(u64, usize, Vec<u8>)>,
    random: SplitMix64,
}

impl Medium {
    /// A medium without anybody.
    pub fn new(seed: u64) -> Self {
        Self {
            tabs: Vec::new(),
            now_ms: 0,
            deliveries: 0,
            last_news_ms: 0,
            turns: 0,
            last_speaker: None,
            under_way: VecDeque::new(),
            random: SplitMix64::new(seed),
        }
    }

    /// Somebody comes.
    pub fn join(&mut self, map: RangeMap<u64>) {
        let protocol = Broadcast::join(Config::default(), self.now_ms, &mut || self.random.draw());
        self.tabs.push((map, protocol));
    }

    /// Lets time pass.
    pub fn run_for(&mut self, duration_ms: u64) {
        let until_ms = self.now_ms + duration_ms;
        loop {
            (0..self.tabs.len()).for_each(|tab| self.speak(tab));
            let arrival = self.under_way.front().map(|(due_ms, ..)| *due_ms);
            let wake = self.tabs.iter().map(|(_, protocol)| protocol.next_wake_ms()).min();
            let next_ms = arrival.into_iter().chain(wake).min().unwrap_or(u64::MAX).max(self.now_ms);
            if next_ms > until_ms {
                self.now_ms = until_ms;
                return;
            }
            self.now_ms = next_ms;
            while let Some((due_ms, ..)) = self.under_way.front()
                && *due_ms <= self.now_ms
                && let Some((_, from, bytes)) = self.under_way.pop_front()
            {
                self.deliver(from, &bytes);
            }
        }
    }

    fn speak(&mut self, tab: usize) {
        let (map, protocol) = &mut self.tabs[tab];
        while let Some(bytes) = protocol.poll(map, self.now_ms, &mut || self.random.draw()) {
            self.turns += u64::from(self.last_speaker.replace(tab) != Some(tab));
            self.under_way.push_back((self.now_ms + LATENCY_MS, tab, bytes));
        }
    }

    fn deliver(&mut self, from: usize, bytes: &[u8]) {
        for (to, (map, protocol)) in self.tabs.iter_mut().enumerate() {
            if to != from {
                let before = map.state().context().fingerprint();
                protocol.receive(map, bytes, self.now_ms, &mut || self.random.draw());
                self.deliveries += 1;
                if map.state().context().fingerprint() != before {
                    self.last_news_ms = self.now_ms;
                }
            }
        }
    }

    /// How often there was an answer to something: half the turns of speaking.
    pub fn rounds(&self) -> f64 {
        self.turns as f64 / 2.0
    }

    /// What all have posted.
    pub fn posted(&self) -> Statistics {
        let mut sum = Statistics::default();
        self.tabs.iter().for_each(|(_, protocol)| sum.add(&protocol.statistics()));
        sum
    }

    /// Counts from here on.
    pub fn start_counting(&mut self) -> Statistics {
        (self.turns, self.last_speaker, self.deliveries) = (0, None, 0);
        self.posted()
    }

    /// Whether all replicas are equal. Costs a comparison of all that they hold.
    pub fn is_converged(&self) -> bool {
        self.tabs.windows(2).all(|pair| pair[0].0.state() == pair[1].0.state())
    }
}
