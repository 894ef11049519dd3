//! One node on the medium, with its disk.

use std::sync::Arc;

use crdt_range_map::node::{Event, LinkId, LinkKind, Options, Output, Page};
use crdt_range_map::sync::Config;
use crdt_range_map::{Node, ReplicaId};

use super::history::DotMisused;
use super::site::fingerprint;

/// Each node's clock stands still but when it posts: whatever a timer would bring about later may come about now, and need not.
const NOW_MS: u64 = 0;

/// A digest comes when nothing else is to be waited for.
const CONFIG: Config = Config {
    digest_interval_ms: 10_000,
    delay_max_ms: 0,
    retry_ms: 1,
    tries_max: 1,
    session_ms: 1,
    message_bytes_max: 4096,
    answer_bytes_max: 1024,
};

/// Who is polled so often has something to say, if only a digest.
const POLLS_MAX: usize = 16;

/// Of a message, the fifth byte says its kind, and this one is a delta.
const DELTA: u8 = 1;

/// What must never happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fault {
    DotMisused,
    /// A node took another id, or came back under another.
    Renamed,
    /// It refused what another node said.
    Refused,
    /// What it had saved could not be read back.
    Damaged,
}

impl From<DotMisused> for Fault {
    fn from(_: DotMisused) -> Self {
        Self::DotMisused
    }
}

/// When a page is saved that was handed out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Saving {
    AtOnce,
    /// It is kept until then, or lost in a crash.
    Later,
}

#[derive(Clone, Debug)]
pub struct Tab {
    pub node: Node<u64>,
    options: Options,
    link: Option<LinkId>,
    /// Its own among the tabs.
    number: u64,
    crashes: u64,
    /// What is saved.
    disk: Vec<Arc<Page>>,
    /// The page that was handed out and is not saved.
    pub out: Option<Arc<Page>>,
    pub fault: Option<Fault>,
    /// A hash of all of it.
    pub fingerprint: u64,
}

impl Tab {
    pub fn new(number: u64, is_durable: bool, log_max: usize) -> Self {
        let options = Options { sync: CONFIG, is_durable, log_bytes_max: log_max, ..Options::default() };
        // Ids whose order is not that of the tabs.
        let replica = ReplicaId::new((number * 7 + 3) % 11);
        let node = Node::with(options.clone(), replica, number).expect("a sound configuration");
        let (link, disk, out, fault) = Default::default();
        Self { node, options, link, number, crashes: 0, disk, out, fault, fingerprint: 0 }
    }

    pub fn open(&mut self) {
        self.reseed();
        self.link = Some(self.node.open(LinkKind::Medium, NOW_MS));
    }

    /// What is drawn depends on nothing but how much the node has said, so that hearing the same again changes nothing. The only
    /// random numbers that matter name questions; each must be another.
    fn reseed(&mut self) {
        let posted = self.node.statistics().messages_posted;
        self.node.reseed((self.crashes << 32) | (posted << 8) | self.number);
    }

    fn poll(&mut self, now_ms: u64) -> Output<u64> {
        self.reseed();
        self.node.poll(now_ms)
    }

    /// The next post. Whoever has nothing else to say lets time pass until a digest is due. What is received comes at the same
    /// time as everything else, for which the clock is set back.
    pub fn post(&mut self, saving: Saving) -> Option<Vec<u8>> {
        let mut now_ms = NOW_MS;
        for _ in 0..POLLS_MAX {
            match self.poll(now_ms) {
                Output::Send { bytes, .. } => return Some(bytes),
                Output::Save(page) => self.take_page(page, saving),
                Output::Event(event) => self.note(&event),
                Output::Wait { until_ms: u64::MAX } => return None,
                Output::Wait { until_ms } => now_ms = until_ms,
            }
        }
        None
    }

    pub fn receive(&mut self, bytes: &[u8]) {
        self.reseed();
        let link = self.link.expect("who receives is on the medium");
        self.node.receive(link, bytes, NOW_MS);
    }

    fn note(&mut self, event: &Event<u64>) {
        match event {
            Event::Changed(_) => {}
            Event::Refused { .. } => self.fault = Some(Fault::Refused),
            _ => self.fault = Some(Fault::Renamed),
        }
    }

    fn take_page(&mut self, page: Page, saving: Saving) {
        assert!(self.out.is_none(), "one page is out at a time");
        self.out = Some(page.into());
        if saving == Saving::AtOnce {
            self.save();
        }
    }

    /// Takes what the node hands out although no time passes, but for what is to be posted when it is its turn. Returns the
    /// deltas of operations that may be sent now.
    pub fn settle(&mut self, saving: Saving) -> Vec<Vec<u8>> {
        let mut pushes = Vec::new();
        let is_due = |next: &Output<u64>| match next {
            Output::Send { bytes, .. } => bytes[4] == DELTA,
            Output::Save(_) | Output::Event(_) => true,
            Output::Wait { .. } => false,
        };
        while is_due(&self.clone().poll(NOW_MS)) {
            match self.poll(NOW_MS) {
                Output::Send { bytes, .. } => pushes.push(bytes),
                Output::Save(page) => self.take_page(page, saving),
                Output::Event(event) => self.note(&event),
                Output::Wait { .. } => {}
            }
        }
        self.fingerprint = self.key();
        pushes
    }

    /// Everything that makes a difference is shown by `Debug`; of the statistics only the posts do.
    fn key(&mut self) -> u64 {
        self.node.reseed(0);
        let shown = format!("{:?}", self.node);
        let log = shown.find("log: Log {").expect("a map shows its log");
        let mut shown = shown[log..].split("tatistics { ");
        let mut shown_but_statistics = shown.next().unwrap_or_default().to_string();
        shown.for_each(|part| shown_but_statistics.push_str(&part[part.find('}').unwrap_or(0)..]));
        let pages: Vec<&[u8]> = self.disk.iter().chain(&self.out).map(|page| &*page.bytes).collect();
        fingerprint(&(
            self.node.map().state().encode(),
            shown_but_statistics,
            self.node.statistics().messages_posted,
            (self.crashes, pages, self.out.is_some(), self.fault),
        ))
    }

    fn write(&mut self) -> Option<u64> {
        let page = self.out.take()?;
        if page.is_whole {
            self.disk.clear();
        }
        self.disk.push(page.clone());
        Some(page.number)
    }

    /// Saves the page that is out, and says so.
    pub fn save(&mut self) {
        if let Some(number) = self.write() {
            self.node.saved(number);
        }
    }

    /// The page that is out cannot be saved.
    pub fn fail(&mut self) {
        if let Some(page) = self.out.take() {
            self.node.not_saved(page.number);
        }
    }

    /// Starts again from what is saved: with the page that was out, if it was written just before.
    pub fn crash(&mut self, is_written: bool) {
        if is_written {
            self.write();
        }
        self.out = None;
        self.crashes += 1;
        let replica = self.node.map().replica();
        let fresh = ReplicaId::new(((100 + self.crashes) << 8) | self.number);
        let pages = self.disk.iter().map(|page| &page.bytes);
        let restored = Node::restore(self.options.clone(), pages, fresh, self.number);
        let (node, damaged) = restored.expect("a sound configuration");
        self.node = node;
        if !damaged.is_empty() {
            self.fault = Some(Fault::Damaged);
        } else if self.node.map().replica() != replica {
            self.fault = Some(Fault::Renamed);
        }
        self.open();
    }

    /// The number of the last own effect that others may have heard of.
    pub fn last_to_be_heard_of(&self) -> u64 {
        if !self.options.is_durable {
            return self.node.map().last_own_seq();
        }
        self.disk.last().map_or(0, |page| page.own.end - 1)
    }
}
