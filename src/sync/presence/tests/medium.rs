//! Tabs on a medium in virtual time.

use std::collections::BTreeMap;

use crate::id::ReplicaId;
use crate::kit::flight::Flight;
use crate::kit::random::Random;
use crate::sync::presence::{Config, Liveness, Name, Presence};

pub const HELLO: u8 = 1;
pub const HERE: u8 = 2;
pub const WHO: u8 = 3;
pub const GOODBYE: u8 = 4;
pub const ROSTER: u8 = 5;

pub const SECOND_MS: u64 = 1_000;
pub const MINUTE_MS: u64 = 60 * SECOND_MS;

/// A message that is not about presence.
pub const NEWS: &[u8] = &[0];

pub struct Tab {
    pub id: ReplicaId,
    pub presence: Presence,
    /// A suspended tab keeps its messages and does nothing.
    is_running: bool,
    pub is_open: bool,
    inbox: Vec<(ReplicaId, Vec<u8>)>,
}

/// What is lost on the way.
#[derive(Clone, Copy, Debug)]
pub enum Loss {
    Nothing,
    Everything,
    /// So much of it, in percent.
    Some(u64),
    /// All between so many of the pairs, one way, in percent.
    Pairs(u64),
}

pub struct Medium {
    pub tabs: Vec<Tab>,
    config: Config,
    pub now_ms: u64,
    /// Receiver, sender, content.
    pub in_flight: Flight<(usize, ReplicaId, Vec<u8>)>,
    pub posts: BTreeMap<u8, u64>,
    pub latency_ms: u64,
    pub loss: Loss,
    pub random: Random,
}

pub fn name(tab: usize) -> Name {
    Name::new(format!("tab {tab}")).unwrap()
}

impl Medium {
    pub fn new(config: Config) -> Self {
        let (tabs, in_flight, posts) = Default::default();
        let (loss, random) = (Loss::Nothing, Random(7));
        Self { tabs, config, now_ms: 0, in_flight, posts, latency_ms: 3, loss, random }
    }

    /// Tabs that have joined one after the other and know each other.
    pub fn with_tabs(config: Config, count: usize) -> Self {
        let mut medium = Self::new(config);
        for _ in 0..count {
            medium.open();
            medium.run_for(SECOND_MS);
        }
        medium.run_for(SECOND_MS);
        medium.expect_all_know_all();
        medium.posts.clear();
        medium
    }

    pub fn open(&mut self) -> usize {
        let tab = self.tabs.len();
        let id = ReplicaId::new(self.random.next());
        let presence = Presence::join(self.config, id, name(tab), self.now_ms).unwrap();
        self.tabs.push(Tab { id, presence, is_running: true, is_open: true, inbox: Vec::new() });
        self.pump(tab);
        tab
    }

    pub fn post(&mut self, from: usize, content: &[u8]) {
        let (length, most) = (content.len(), self.config.content_bytes_max);
        assert!(length <= most, "a content of {length} bytes where at most {most} are possible");
        *self.posts.entry(content[0]).or_default() += 1;
        for to in 0..self.tabs.len() {
            if to == from || !self.tabs[to].is_open || self.loses(from, to) {
                continue;
            }
            let message = (to, self.tabs[from].id, content.to_vec());
            self.in_flight.send(self.now_ms + self.latency_ms, message);
        }
    }

    fn loses(&mut self, from: usize, to: usize) -> bool {
        match self.loss {
            Loss::Nothing => false,
            Loss::Everything => true,
            Loss::Some(percent) => self.random.percent(percent),
            Loss::Pairs(percent) => {
                let pair = (from * 1_000 + to) as u64;
                Random(pair).percent(percent)
            }
        }
    }

    pub fn pump(&mut self, tab: usize) {
        let Tab { presence, is_running, is_open, .. } = &mut self.tabs[tab];
        if *is_running
            && *is_open
            && let Some(content) = presence.poll(self.now_ms)
        {
            self.post(tab, &content);
            self.pump(tab);
        }
    }

    pub fn deliver(&mut self, to: usize, from: ReplicaId, content: Vec<u8>) {
        let tab = &mut self.tabs[to];
        if !tab.is_running {
            return tab.inbox.push((from, content));
        }
        if content == NEWS {
            tab.presence.heard(from, self.now_ms, &mut || self.random.next());
        } else {
            tab.presence.receive(from, &content, self.now_ms, &mut || self.random.next()).unwrap();
        }
        self.pump(to);
    }

    pub fn run_for(&mut self, duration_ms: u64) {
        let until_ms = self.now_ms + duration_ms;
        loop {
            let running = self.tabs.iter().filter(|tab| tab.is_running && tab.is_open);
            let next_ms = self
                .in_flight
                .next_ms()
                .into_iter()
                .chain(running.map(|tab| tab.presence.next_wake_ms()))
                .min();
            let next_ms = next_ms.unwrap_or(u64::MAX);
            if next_ms > until_ms {
                return self.now_ms = until_ms;
            }
            self.now_ms = self.now_ms.max(next_ms);
            while let Some((to, from, content)) = self.in_flight.arrived(self.now_ms) {
                self.deliver(to, from, content);
            }
            (0..self.tabs.len()).for_each(|tab| self.pump(tab));
        }
    }

    pub fn suspend(&mut self, tab: usize) {
        self.tabs[tab].is_running = false;
    }

    /// As a browser does: first what came meanwhile, then the timers.
    pub fn wake(&mut self, tab: usize) {
        self.tabs[tab].is_running = true;
        for (from, content) in std::mem::take(&mut self.tabs[tab].inbox) {
            self.deliver(tab, from, content);
        }
        self.pump(tab);
    }

    /// Calls each, as a driver does that keeps its timers short.
    pub fn wake_all(&mut self) {
        (0..self.tabs.len()).for_each(|tab| self.pump(tab));
    }

    pub fn die(&mut self, tab: usize) {
        self.tabs[tab].is_open = false;
    }

    pub fn close(&mut self, tab: usize) {
        let goodbye = self.tabs[tab].presence.goodbye();
        self.post(tab, &goodbye);
        self.die(tab);
    }

    pub fn liveness(&self, of: usize, seen_by: usize) -> Option<Liveness> {
        let id = self.tabs[of].id;
        self.tabs[seen_by].presence.peers().find(|peer| peer.replica == id).map(|peer| peer.liveness)
    }

    /// How many open tabs do not see exactly the open tabs, under their names.
    pub fn ignorant(&self) -> usize {
        let open = self.tabs.iter().filter(|tab| tab.is_open);
        let mut all: Vec<_> = open.clone().map(|tab| (tab.id, tab.presence.name.clone())).collect();
        all.sort();
        let seen = |tab: &Tab| {
            let peers = tab.presence.peers().filter(|peer| peer.liveness == Liveness::Alive);
            let own = (tab.id, tab.presence.name.clone());
            let mut seen: Vec<_> = peers.map(|peer| (peer.replica, peer.name)).chain([own]).collect();
            seen.sort();
            seen
        };
        open.filter(|tab| seen(tab) != all).count()
    }

    pub fn expect_all_know_all(&self) {
        assert_eq!(self.ignorant(), 0, "of {} do not know all", self.tabs.len());
    }
}
