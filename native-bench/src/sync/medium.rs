//! A perfect medium in virtual time: everybody hears everybody, one millisecond later.

use std::collections::VecDeque;
use std::time::Duration;

use cpu_time::ThreadTime;
use crdt_range_map::RangeMap;
use crdt_range_map::sync::{Broadcast, Config, Statistics};

use crate::workload::SplitMix64;

/// How long a message is under way.
pub const LATENCY_MS: u64 = 1;

/// A replica on the medium.
pub struct Tab {
    /// What it holds.
    pub map: RangeMap<u64>,
    /// What it says.
    pub protocol: Broadcast<u64>,
    /// The processor time that its protocol took so far.
    pub computed: Duration,
}

/// Replicas on a medium.
pub struct Medium {
    /// The replicas in the order in which they came.
    pub tabs: Vec<Tab>,
    /// The virtual time.
    pub now_ms: u64,
    /// When something was last merged that was news.
    pub last_news_ms: u64,
    under_way: VecDeque<(u64, usize, Vec<u8>)>,
    random: SplitMix64,
}

impl Medium {
    /// A medium without anybody.
    pub fn new(seed: u64) -> Self {
        Self {
            tabs: Vec::new(),
            now_ms: 0,
            last_news_ms: 0,
            under_way: VecDeque::new(),
            random: SplitMix64::new(seed),
        }
    }

    /// Somebody comes.
    pub fn join(&mut self, map: RangeMap<u64>) {
        let protocol = Broadcast::join(Config::default(), self.now_ms, &mut || self.random.draw());
        let protocol = protocol.expect("the defaults work");
        self.tabs.push(Tab { map, protocol, computed: Duration::ZERO });
    }

    /// Lets time pass.
    pub fn run_for(&mut self, duration_ms: u64) {
        let until_ms = self.now_ms + duration_ms;
        loop {
            (0..self.tabs.len()).for_each(|tab| self.speak(tab));
            let arrival = self.under_way.front().map(|(due_ms, ..)| *due_ms);
            let wake = self.tabs.iter().map(|tab| tab.protocol.next_wake_ms()).min();
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

    fn speak(&mut self, from: usize) {
        let Tab { map, protocol, computed } = &mut self.tabs[from];
        let begin = ThreadTime::now();
        while let Some(bytes) = protocol.poll(map, self.now_ms, &mut || self.random.draw()) {
            self.under_way.push_back((self.now_ms + LATENCY_MS, from, bytes));
        }
        *computed += begin.elapsed();
    }

    fn deliver(&mut self, from: usize, bytes: &[u8]) {
        for (_, Tab { map, protocol, computed }) in
            self.tabs.iter_mut().enumerate().filter(|(to, _)| *to != from)
        {
            let before = map.state().version().fingerprint();
            let begin = ThreadTime::now();
            protocol.receive(map, bytes, self.now_ms, &mut || self.random.draw());
            *computed += begin.elapsed();
            if map.state().version().fingerprint() != before {
                self.last_news_ms = self.now_ms;
            }
        }
    }

    /// What all have posted and received.
    pub fn statistics(&self) -> Statistics {
        let mut sum = Statistics::default();
        self.tabs.iter().for_each(|tab| sum.add(&tab.protocol.statistics()));
        sum
    }

    /// Whether all replicas are equal. Costs a comparison of all that they hold.
    pub fn is_converged(&self) -> bool {
        self.tabs.windows(2).all(|pair| pair[0].map.state() == pair[1].map.state())
    }
}
