//! A simulated broadcast medium in virtual time: it loses, repeats, delays (and so reorders) and separates, all from one seed.

use std::collections::BTreeMap;

use crate::kit::flight::Flight;
use crate::kit::random::Random;
use crate::sync::{Broadcast, Config, Received};
use crate::{Delta, RangeMap, ReplicaId};

/// What the medium does to each delivery.
#[derive(Clone, Copy)]
pub struct Faults {
    pub lost_percent: u64,
    pub repeated_percent: u64,
    pub delay_max_ms: u64,
}

pub const NO_FAULTS: Faults = Faults { lost_percent: 0, repeated_percent: 0, delay_max_ms: 1 };

pub struct Tab {
    pub map: RangeMap<u64>,
    pub sync: Broadcast<u64>,
    /// Tabs hear each other if they are in the same group; nobody hears one without a group.
    pub group: Option<u32>,
}

pub struct Medium {
    pub tabs: Vec<Tab>,
    pub now_ms: u64,
    pub faults: Faults,
    pub random: Random,
    /// The posts so far by the kind of message, the fifth byte.
    pub posts: BTreeMap<u8, u64>,
    pub bytes_posted: usize,
    in_flight: Flight<(usize, Vec<u8>)>,
}

impl Medium {
    pub fn new(seed: u64) -> Self {
        Self {
            tabs: Vec::new(),
            now_ms: 0,
            faults: NO_FAULTS,
            random: Random(seed),
            posts: BTreeMap::new(),
            bytes_posted: 0,
            in_flight: Flight::default(),
        }
    }

    /// Opens a tab that joins the group 0, and returns its number.
    pub fn open(&mut self) -> usize {
        self.open_with(RangeMap::new(ReplicaId::new(1 + self.tabs.len() as u64)))
    }

    /// Opens a tab with what it holds already.
    pub fn open_with(&mut self, map: RangeMap<u64>) -> usize {
        let sync = Broadcast::start(Config::default(), self.now_ms, &mut || self.random.next());
        self.tabs.push(Tab { map, sync, group: Some(0) });
        self.pump(self.tabs.len() - 1);
        self.tabs.len() - 1
    }

    /// Moves a tab to another group, or takes it off the medium; it joins anew, as a new connection does.
    pub fn regroup(&mut self, tab: usize, group: Option<u32>) {
        self.tabs[tab].group = group;
        self.tabs[tab].sync = Broadcast::start(Config::default(), self.now_ms, &mut || self.random.next());
        self.pump(tab);
    }

    pub fn operate(&mut self, tab: usize, operation: impl FnOnce(&mut RangeMap<u64>) -> Delta<u64>) {
        let Tab { map, sync, .. } = &mut self.tabs[tab];
        sync.publish(&operation(map));
        self.pump(tab);
    }

    /// Lets virtual time pass, with everything that falls due on the way.
    pub fn run_for(&mut self, duration_ms: u64) {
        let until_ms = self.now_ms + duration_ms;
        loop {
            let wake = self.tabs.iter().map(|tab| tab.sync.next_wake_ms()).min();
            let next_ms = self.in_flight.next_ms().into_iter().chain(wake).min().unwrap_or(u64::MAX);
            if next_ms > until_ms {
                self.now_ms = until_ms;
                return;
            }
            self.now_ms = self.now_ms.max(next_ms);
            while let Some((to, bytes)) = self.in_flight.arrived(self.now_ms) {
                self.deliver(to, &bytes);
            }
            (0..self.tabs.len()).for_each(|tab| self.pump(tab));
        }
    }

    pub fn deliver(&mut self, to: usize, bytes: &[u8]) -> Received<u64> {
        let Tab { map, sync, .. } = &mut self.tabs[to];
        let random = &mut self.random;
        let received = sync.receive(map, bytes, self.now_ms, &mut || random.next());
        self.pump(to);
        received
    }

    pub fn is_converged(&self) -> bool {
        self.tabs.windows(2).all(|pair| pair[0].map.state() == pair[1].map.state())
    }

    pub fn posts_in_all(&self) -> u64 {
        self.posts.values().sum()
    }

    pub fn forget_posts(&mut self) {
        self.posts.clear();
        self.bytes_posted = 0;
    }

    /// Posts everything that a tab has to say now.
    pub fn pump(&mut self, from: usize) {
        loop {
            let Tab { map, sync, group } = &mut self.tabs[from];
            let group = *group;
            let random = &mut self.random;
            let Some(bytes) = sync.poll(map, self.now_ms, &mut || random.next()) else { return };
            *self.posts.entry(bytes[4]).or_default() += 1;
            self.bytes_posted += bytes.len();
            let hearing: Vec<usize> = (0..self.tabs.len())
                .filter(|to| *to != from && group.is_some() && self.tabs[*to].group == group)
                .collect();
            for to in hearing {
                let copies = if self.random.percent(self.faults.lost_percent) {
                    0
                } else {
                    1 + u64::from(self.random.percent(self.faults.repeated_percent))
                };
                for _ in 0..copies {
                    let due_ms = self.now_ms + self.random.below(self.faults.delay_max_ms);
                    self.in_flight.send(due_ms, (to, bytes.clone()));
                }
            }
        }
    }
}
