//! Presence in virtual time: what it costs, and that it tells who is there.

use std::collections::BTreeMap;

use crdt_range_map::ReplicaId;
use crdt_range_map::sync::Presence;
use crdt_range_map::sync::presence::{Config, Liveness, Name};

const HELLO: u8 = 1;
const HERE: u8 = 2;
const BEAT: u8 = 3;
const GOODBYE: u8 = 4;
const ROSTER: u8 = 5;
const SUPPLEMENT: u8 = 6;

const LATENCY_MS: u64 = 3;
const SECOND_MS: u64 = 1_000;
const MINUTE_MS: u64 = 60 * SECOND_MS;

/// A message that is not about presence.
const NEWS: &[u8] = &[0];

struct Tab {
    id: ReplicaId,
    presence: Presence,
    /// A suspended tab keeps its messages and does nothing.
    is_running: bool,
    is_open: bool,
    inbox: Vec<(ReplicaId, Vec<u8>)>,
}

struct Medium {
    tabs: Vec<Tab>,
    config: Config,
    now_ms: u64,
    /// Arrival, order, receiver, sender, content.
    in_flight: BTreeMap<(u64, u64), (usize, ReplicaId, Vec<u8>)>,
    sent: u64,
    posts: BTreeMap<u8, u64>,
    lost: bool,
    seed: u64,
}

fn random(seed: &mut u64) -> u64 {
    *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    *seed >> 33
}

fn name(tab: usize) -> Name {
    Name::new(format!("tab {tab}")).unwrap()
}

impl Medium {
    fn new(config: Config) -> Self {
        let (tabs, in_flight, posts) = Default::default();
        Self { tabs, config, now_ms: 0, in_flight, sent: 0, posts, lost: false, seed: 7 }
    }

    /// Tabs that have joined one after the other and know each other.
    fn with_tabs(config: Config, count: usize) -> Self {
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

    fn open(&mut self) -> usize {
        let tab = self.tabs.len();
        let id = ReplicaId::new(random(&mut self.seed));
        let presence = Presence::join(self.config, id, name(tab), self.now_ms);
        self.tabs.push(Tab { id, presence, is_running: true, is_open: true, inbox: Vec::new() });
        self.pump(tab);
        tab
    }

    fn post(&mut self, from: usize, content: &[u8]) {
        *self.posts.entry(content[0]).or_default() += 1;
        for to in (0..self.tabs.len()).filter(|to| *to != from && self.tabs[*to].is_open && !self.lost) {
            self.sent += 1;
            let arrival = (self.now_ms + LATENCY_MS, self.sent);
            self.in_flight.insert(arrival, (to, self.tabs[from].id, content.to_vec()));
        }
    }

    fn pump(&mut self, tab: usize) {
        let Tab { presence, is_running, is_open, .. } = &mut self.tabs[tab];
        if *is_running
            && *is_open
            && let Some(content) = presence.poll(self.now_ms)
        {
            self.post(tab, &content);
            self.pump(tab);
        }
    }

    fn deliver(&mut self, to: usize, from: ReplicaId, content: Vec<u8>) {
        let tab = &mut self.tabs[to];
        if !tab.is_running {
            return tab.inbox.push((from, content));
        }
        if content == NEWS {
            tab.presence.heard(from, self.now_ms, &mut || random(&mut self.seed));
        } else {
            tab.presence.receive(from, &content, self.now_ms, &mut || random(&mut self.seed)).unwrap();
        }
        self.pump(to);
    }

    fn run_for(&mut self, duration_ms: u64) {
        let until_ms = self.now_ms + duration_ms;
        loop {
            let arrival = self.in_flight.first_key_value().map(|((due_ms, _), _)| *due_ms);
            let running = self.tabs.iter().filter(|tab| tab.is_running && tab.is_open);
            let next_ms = arrival.into_iter().chain(running.map(|tab| tab.presence.next_wake_ms())).min();
            let next_ms = next_ms.unwrap_or(u64::MAX);
            if next_ms > until_ms {
                return self.now_ms = until_ms;
            }
            self.now_ms = self.now_ms.max(next_ms);
            while let Some(entry) = self.in_flight.first_entry().filter(|entry| entry.key().0 <= self.now_ms)
            {
                let (to, from, content) = entry.remove();
                self.deliver(to, from, content);
            }
            (0..self.tabs.len()).for_each(|tab| self.pump(tab));
        }
    }

    fn suspend(&mut self, tab: usize) {
        self.tabs[tab].is_running = false;
    }

    /// As a browser does: first what came meanwhile, then the timers.
    fn wake(&mut self, tab: usize) {
        self.tabs[tab].is_running = true;
        for (from, content) in std::mem::take(&mut self.tabs[tab].inbox) {
            self.deliver(tab, from, content);
        }
        self.pump(tab);
    }

    /// Calls each, as a driver does that keeps its timers short.
    fn wake_all(&mut self) {
        (0..self.tabs.len()).for_each(|tab| self.pump(tab));
    }

    fn die(&mut self, tab: usize) {
        self.tabs[tab].is_open = false;
    }

    fn close(&mut self, tab: usize) {
        let goodbye = self.tabs[tab].presence.goodbye();
        self.post(tab, &goodbye);
        self.die(tab);
    }

    fn liveness(&self, of: usize, seen_by: usize) -> Option<Liveness> {
        let id = self.tabs[of].id;
        self.tabs[seen_by].presence.peers().find(|peer| peer.replica == id).map(|peer| peer.liveness)
    }

    /// Every open tab sees exactly the open tabs, under their names.
    fn expect_all_know_all(&self) {
        for (here, tab) in self.tabs.iter().enumerate().filter(|(_, tab)| tab.is_open) {
            let peers = tab.presence.peers().filter(|peer| peer.liveness == Liveness::Alive);
            let mut seen: Vec<_> = peers.map(|peer| (peer.replica, peer.name)).collect();
            seen.push((tab.id, tab.presence.name().clone()));
            seen.sort();
            let open = self.tabs.iter().filter(|tab| tab.is_open);
            let mut expected: Vec<_> = open.map(|tab| (tab.id, tab.presence.name().clone())).collect();
            expected.sort();
            assert_eq!(seen, expected, "as tab {here} sees it");
        }
    }
}

#[test]
fn a_joiner_says_hello_once_and_gets_one_roster() {
    for count in [2, 8, 32] {
        for config in [Config::default(), Config::heartbeats()] {
            let mut medium = Medium::with_tabs(config, count);
            medium.open();
            medium.run_for(SECOND_MS);
            medium.expect_all_know_all();
            medium.posts.remove(&BEAT);
            assert_eq!(medium.posts, BTreeMap::from([(HELLO, 1), (ROSTER, 1)]), "{count} tabs");
        }
    }
}

#[test]
fn many_that_join_at_once_know_each_other() {
    for count in [2, 8, 32] {
        let mut medium = Medium::new(Config::default());
        for _ in 0..count {
            medium.open();
        }
        medium.run_for(5 * SECOND_MS);
        medium.expect_all_know_all();
        let posts: u64 = medium.posts.values().sum();
        assert!(posts <= count + 12, "each says hello, and a handful more: {:?}", medium.posts);
    }
}

#[test]
fn a_roster_that_lacks_somebody_is_supplemented() {
    let mut medium = Medium::with_tabs(Config::default(), 16);
    // Nobody but the tab itself knows of this one.
    medium.lost = true;
    let hidden = medium.open();
    medium.run_for(5 * SECOND_MS);
    medium.lost = false;
    medium.posts.clear();
    medium.open();
    medium.run_for(SECOND_MS);
    medium.expect_all_know_all();
    assert!(medium.liveness(hidden, 0).is_some());
    // Each side thought that it was all, and then added what the other lacked.
    assert_eq!(medium.posts, BTreeMap::from([(HELLO, 1), (ROSTER, 2), (SUPPLEMENT, 2)]));
}

#[test]
fn a_hello_that_nobody_hears_is_said_again_and_not_for_ever() {
    let mut medium = Medium::with_tabs(Config::default(), 2);
    medium.lost = true;
    medium.open();
    medium.run_for(600);
    assert_eq!(medium.posts, BTreeMap::from([(HELLO, 2)]));
    medium.lost = false;
    medium.run_for(SECOND_MS);
    medium.expect_all_know_all();

    let mut alone = Medium::new(Config::default());
    alone.open();
    alone.run_for(MINUTE_MS);
    assert_eq!(alone.posts, BTreeMap::from([(HELLO, 3)]));
}

#[test]
fn an_idle_medium_is_silent_where_deaths_are_told() {
    for count in [2, 8, 32] {
        let mut medium = Medium::with_tabs(Config::default(), count);
        medium.run_for(10 * MINUTE_MS);
        assert_eq!(medium.posts, BTreeMap::new());
        medium.expect_all_know_all();
    }
}

#[test]
fn heartbeats_cost_one_post_each_in_two_seconds() {
    for count in [2, 8, 32] {
        let mut medium = Medium::with_tabs(Config::heartbeats(), count);
        medium.run_for(MINUTE_MS);
        let beats = medium.posts.remove(&BEAT).unwrap();
        assert_eq!(medium.posts, BTreeMap::new());
        assert!((29 * count as u64..=30 * count as u64).contains(&beats), "{beats} of {count} tabs");
        medium.expect_all_know_all();
    }
}

#[test]
fn who_posts_otherwise_needs_no_beat() {
    let mut medium = Medium::with_tabs(Config::heartbeats(), 2);
    for _ in 0..60 {
        medium.run_for(SECOND_MS);
        medium.post(0, NEWS);
        let now_ms = medium.now_ms;
        medium.tabs[0].presence.posted(now_ms);
    }
    assert!(medium.posts[&BEAT] <= 31, "only the other's: {:?}", medium.posts);
    medium.expect_all_know_all();
}

#[test]
fn a_death_is_noticed_within_five_seconds_by_silence() {
    for count in [2, 8, 32] {
        let mut medium = Medium::with_tabs(Config::heartbeats(), count);
        for after_ms in [0, 700, 1_999] {
            medium.run_for(after_ms);
            let dying = medium.open();
            medium.run_for(SECOND_MS);
            medium.expect_all_know_all();
            medium.die(dying);
            medium.run_for(2 * SECOND_MS);
            assert_eq!(medium.liveness(dying, 0), Some(Liveness::Alive), "one lost beat says nothing");
            medium.run_for(3 * SECOND_MS);
            medium.expect_all_know_all();
            assert_eq!(medium.liveness(dying, 0), Some(Liveness::Dead));
        }
    }
}

#[test]
fn a_death_that_is_told_counts_at_once_until_the_dead_is_heard() {
    let mut medium = Medium::with_tabs(Config::default(), 3);
    let (dead, now_ms) = (medium.tabs[2].id, medium.now_ms);
    let revision = medium.tabs[0].presence.revision();
    medium.tabs[0].presence.died(dead, now_ms);
    assert_eq!(medium.liveness(2, 0), Some(Liveness::Dead));
    assert_eq!(medium.tabs[0].presence.revision(), revision + 1);
    medium.post(2, NEWS);
    medium.run_for(SECOND_MS);
    medium.expect_all_know_all();
    assert_eq!(medium.posts, BTreeMap::from([(NEWS[0], 1)]), "it need not introduce itself again");

    let now_ms = medium.now_ms;
    medium.tabs[0].presence.died(dead, now_ms);
    medium.close(2);
    medium.run_for(SECOND_MS);
    assert_eq!(medium.liveness(2, 0), Some(Liveness::Left), "the goodbye explains the death");
}

#[test]
fn others_who_do_not_know_of_a_death_bring_nobody_back() {
    let mut medium = Medium::with_tabs(Config::default(), 3);
    medium.die(2);
    let (dead, now_ms) = (medium.tabs[2].id, medium.now_ms);
    medium.tabs[0].presence.died(dead, now_ms);
    let joiner = medium.open();
    medium.run_for(SECOND_MS);
    assert_eq!(medium.liveness(2, 1), Some(Liveness::Alive), "nobody told it");
    assert_eq!(medium.liveness(2, 0), Some(Liveness::Dead));
    assert!(medium.posts[&ROSTER] + medium.posts.get(&SUPPLEMENT).unwrap_or(&0) > 0);
    assert!(medium.liveness(joiner, 0).is_some());
}

#[test]
fn a_goodbye_counts_at_once_and_what_was_posted_before_it_may_arrive_after_it() {
    let mut medium = Medium::with_tabs(Config::default(), 8);
    medium.close(3);
    medium.run_for(LATENCY_MS);
    medium.expect_all_know_all();
    assert_eq!(medium.liveness(3, 0), Some(Liveness::Left));
    assert_eq!(medium.posts, BTreeMap::from([(GOODBYE, 1)]));
    medium.post(3, NEWS);
    medium.run_for(LATENCY_MS);
    medium.expect_all_know_all();
    let (left, now_ms) = (medium.tabs[3].id, medium.now_ms);
    medium.tabs[0].presence.died(left, now_ms);
    assert_eq!(medium.liveness(3, 0), Some(Liveness::Left));
    medium.run_for(SECOND_MS);
    medium.tabs[3].is_open = true;
    medium.post(3, NEWS);
    medium.run_for(LATENCY_MS);
    assert_eq!(medium.liveness(3, 0), Some(Liveness::Alive), "it did not leave after all");
}

#[test]
fn who_was_suspended_returns_by_itself_and_calls_nobody_dead() {
    for count in [2, 8, 32] {
        let mut medium = Medium::with_tabs(Config::heartbeats(), count);
        medium.suspend(1);
        medium.run_for(MINUTE_MS);
        assert_eq!(medium.liveness(1, 0), Some(Liveness::Dead));
        let newcomer = medium.open();
        medium.close(0);
        medium.run_for(MINUTE_MS);
        let revision = medium.tabs[1].presence.revision();
        medium.wake(1);
        medium.run_for(100);
        medium.expect_all_know_all();
        assert_eq!(medium.liveness(newcomer, 1), Some(Liveness::Alive));
        assert_eq!(medium.liveness(0, 1), Some(Liveness::Left));
        assert_eq!(medium.tabs[1].presence.revision(), revision + 2, "one came, one left, and nobody died");
        medium.run_for(MINUTE_MS);
        medium.expect_all_know_all();
    }
}

#[test]
fn a_clock_that_is_set_back_confuses_nobody() {
    for config in [Config::default(), Config::heartbeats()] {
        let mut medium = Medium::with_tabs(config, 4);
        medium.open();
        let back_ms = medium.now_ms;
        medium.now_ms = 0;
        medium.in_flight = std::mem::take(&mut medium.in_flight)
            .into_iter()
            .map(|((due_ms, order), message)| ((due_ms - back_ms, order), message))
            .collect();
        medium.wake_all();
        medium.run_for(SECOND_MS);
        medium.expect_all_know_all();
        medium.die(2);
        medium.run_for(5 * SECOND_MS);
        if config == Config::heartbeats() {
            medium.expect_all_know_all();
        }
    }
}

#[test]
fn a_partition_heals() {
    let mut medium = Medium::with_tabs(Config::heartbeats(), 8);
    medium.lost = true;
    medium.run_for(MINUTE_MS);
    assert_eq!(medium.liveness(1, 0), Some(Liveness::Dead));
    medium.lost = false;
    medium.run_for(5 * SECOND_MS);
    medium.expect_all_know_all();
}

#[test]
fn a_new_name_is_told_once() {
    let mut medium = Medium::with_tabs(Config::default(), 3);
    medium.tabs[1].presence.set_name(Name::new("Zoë").unwrap());
    medium.tabs[1].presence.set_name(Name::new("Zoé").unwrap());
    medium.run_for(SECOND_MS);
    medium.expect_all_know_all();
    assert_eq!(medium.posts, BTreeMap::from([(HERE, 1)]));
    medium.tabs[1].presence.set_name(Name::new("Zoé").unwrap());
    medium.run_for(SECOND_MS);
    assert_eq!(medium.posts, BTreeMap::from([(HERE, 1)]));
}

#[test]
fn a_stranger_is_asked_who_it_is() {
    let mut medium = Medium::with_tabs(Config::default(), 8);
    medium.lost = true;
    let stranger = medium.open();
    medium.run_for(5 * SECOND_MS);
    medium.lost = false;
    medium.posts.clear();
    medium.post(stranger, NEWS);
    medium.run_for(LATENCY_MS);
    assert_eq!(medium.liveness(stranger, 0), None, "not before it introduces itself");
    medium.run_for(5 * SECOND_MS);
    medium.expect_all_know_all();
    assert!(medium.posts[&HELLO] <= 2, "one asks for all: {:?}", medium.posts);
}

#[test]
fn who_does_not_want_to_be_known_is_not_asked_for_ever() {
    let mut medium = Medium::with_tabs(Config::default(), 2);
    let stranger = medium.open();
    medium.die(stranger);
    medium.run_for(SECOND_MS);
    let unknown = ReplicaId::new(u64::MAX);
    for _ in 0..100 {
        for to in 0..2 {
            medium.deliver(to, unknown, NEWS.to_vec());
        }
        medium.run_for(10 * SECOND_MS);
    }
    assert!(medium.posts[&HELLO] <= 1 + 2 * 3, "{:?}", medium.posts);
}

#[test]
fn what_is_remembered_is_bounded_and_the_living_are_kept() {
    let config = Config { peers_max: 16, ..Config::default() };
    let mut medium = Medium::with_tabs(config, 4);
    let hello = {
        let mut stranger = Presence::join(config, ReplicaId::new(0), name(99), 0);
        stranger.poll(0).unwrap()
    };
    for id in 1 << 40..(1 << 40) + 1_000 {
        medium.deliver(0, ReplicaId::new(id), hello.clone());
        let now_ms = medium.now_ms;
        medium.tabs[0].presence.died(ReplicaId::new(id), now_ms);
        medium.deliver(0, ReplicaId::new(id + (1 << 41)), NEWS.to_vec());
    }
    assert!(medium.tabs[0].presence.peers().count() <= 16);
    for other in 1..4 {
        assert_eq!(medium.liveness(other, 0), Some(Liveness::Alive));
    }
    for id in 1 << 40..(1 << 40) + 1_000 {
        medium.deliver(0, ReplicaId::new(id), hello.clone());
    }
    assert_eq!(medium.tabs[0].presence.peers().count(), 16);
    let newcomer = medium.open();
    medium.run_for(SECOND_MS);
    assert_eq!(medium.liveness(newcomer, 0), None, "there is no room for more who are alive");
}

#[test]
fn broken_content_changes_nothing() {
    let mut presence = Presence::join(Config::default(), ReplicaId::new(1), name(1), 0);
    let before = format!("{presence:?}");
    for content in [&[][..], &[0], &[HELLO, 200], &[ROSTER, 9, 9], &[HELLO, 1, b'\n'], &[GOODBYE, 0]] {
        assert!(presence.receive(ReplicaId::new(2), content, 5_000, &mut || 0).is_err());
    }
    assert_eq!(format!("{presence:?}"), before);
}
