//! The broadcast protocol in virtual time: what it costs, and that it heals what a bad medium does.
//!
//! `SYNC_SEED=n cargo test --lib random_faults_heal` runs the fault schedule n alone.

mod amid;
mod dense;
mod gaps;
mod identity;
mod limits;
mod medium;
mod meetings;
mod pieces;
mod storms;

use self::medium::{Faults, Medium, NO_FAULTS};
use crate::kit::builders::{between, by, named, node, range};
use crate::kit::random::Random;
use crate::sync::{Broadcast, Config, IgnoreReason, Received};
use crate::{Delta, RangeMap, ReplicaId};

const DELTA: u8 = 1;
const ASK: u8 = 2;
const MEET: u8 = 3;
const DIGEST: u8 = 4;

const SECOND_MS: u64 = 1_000;
const MINUTE_MS: u64 = 60 * SECOND_MS;

fn register(start: u64) -> impl FnOnce(&mut RangeMap<u64>) -> Delta<u64> {
    move |map| map.register(&node(start % 7), &range(start)).unwrap()
}

/// Tabs that have joined and know the same.
fn tabs(count: usize) -> Medium {
    let mut medium = Medium::new(count as u64);
    for _ in 0..count {
        medium.open();
    }
    medium.operate(0, register(1));
    medium.run_for(5 * SECOND_MS);
    assert!(medium.is_converged());
    medium.forget_posts();
    medium
}

#[test]
fn an_operation_is_posted_once_and_not_forwarded() {
    for count in [2, 8, 32] {
        let mut medium = tabs(count);
        medium.operate(count - 1, register(50));
        medium.run_for(SECOND_MS);
        assert!(medium.is_converged());
        assert_eq!(medium.posts_in_all(), 1, "{:?}", medium.posts);
        assert_eq!(medium.posts[&DELTA], 1);
    }
}

#[test]
fn deltas_that_come_together_are_posted_together() {
    let mut medium = tabs(2);
    medium.operate(0, |map| {
        let mut both = register(50)(map);
        both.merge(&register(60)(map));
        both
    });
    medium.run_for(SECOND_MS);
    assert!(medium.is_converged());
    assert_eq!(medium.posts_in_all(), 1);
}

#[test]
fn a_joiner_asks_once_and_one_answers() {
    for count in [2, 8, 32] {
        let mut medium = tabs(count);
        let joiner = medium.open();
        medium.run_for(3 * SECOND_MS);
        assert!(medium.is_converged());
        assert_eq!(medium.tabs[joiner].map.registrations().count(), 1);
        assert_eq!(medium.posts[&ASK], 1, "{:?}", medium.posts);
        assert_eq!(medium.posts[&MEET], 1, "{:?}", medium.posts);
    }
}

#[test]
fn a_tab_alone_falls_silent() {
    let mut medium = Medium::new(1);
    medium.open();
    medium.run_for(10 * MINUTE_MS);
    assert_eq!(medium.posts[&ASK], 3);
    assert!(medium.posts[&DIGEST] <= 60);
}

#[test]
fn idle_traffic_is_one_small_digest_in_ten_seconds() {
    for count in [2, 8, 32] {
        let mut medium = tabs(count);
        medium.run_for(10 * MINUTE_MS);
        assert_eq!(medium.posts_in_all(), medium.posts[&DIGEST], "{:?}", medium.posts);
        assert!((30..=60).contains(&medium.posts[&DIGEST]), "{:?}", medium.posts);
        assert_eq!(medium.bytes_posted as u64, 33 * medium.posts[&DIGEST]);
    }
}

#[test]
fn what_was_lost_is_healed_by_a_digest() {
    let mut medium = tabs(3);
    medium.faults = Faults { lost_percent: 100, ..NO_FAULTS };
    medium.operate(1, register(50));
    medium.faults = NO_FAULTS;
    medium.run_for(SECOND_MS);
    assert!(!medium.is_converged());
    medium.run_for(20 * SECOND_MS);
    assert!(medium.is_converged());
}

#[test]
fn a_gap_is_asked_about_without_waiting_for_a_digest() {
    let mut medium = tabs(3);
    medium.faults = Faults { lost_percent: 100, ..NO_FAULTS };
    medium.operate(1, register(50));
    medium.faults = NO_FAULTS;
    medium.operate(1, register(60));
    medium.run_for(SECOND_MS);
    assert!(medium.is_converged());
}

#[test]
fn a_gap_that_nobody_can_fill_is_asked_about_once() {
    let mut medium = tabs(3);
    let mut gone = RangeMap::new(ReplicaId::new(99));
    _ = register(50)(&mut gone);
    for start in [60, 70, 80] {
        let delta = register(start)(&mut gone);
        medium.operate(0, |map| {
            map.merge(&delta);
            delta
        });
        medium.run_for(4 * SECOND_MS);
        assert!(medium.is_converged());
    }
    assert!(medium.posts[&ASK] <= 6, "two tabs ask three times each: {:?}", medium.posts);
}

#[test]
fn a_clock_that_is_set_back_stops_nothing() {
    let mut medium = tabs(3);
    medium.run_for(3_600 * SECOND_MS);
    medium.faults = Faults { lost_percent: 100, ..NO_FAULTS };
    medium.operate(1, register(50));
    medium.faults = NO_FAULTS;
    medium.now_ms = 0;
    (0..3).for_each(|tab| medium.pump(tab));
    medium.run_for(30 * SECOND_MS);
    assert!(medium.is_converged());
}

#[test]
fn offline_tabs_diverge_and_converge_when_they_return() {
    let mut medium = tabs(4);
    medium.regroup(0, None);
    medium.regroup(1, None);
    medium.operate(0, |map| map.release(&node(1), &range(1)).unwrap());
    medium.operate(1, |map| map.increase(&node(1), &range(1), by(4)).unwrap());
    medium.operate(2, register(70));
    medium.run_for(5 * SECOND_MS);
    medium.regroup(0, Some(0));
    medium.regroup(1, Some(0));
    medium.run_for(5 * SECOND_MS);
    assert!(medium.is_converged());
    for tab in &medium.tabs {
        assert_eq!(
            tab.map.priority(&node(1), &range(1)),
            Some(4),
            "the increase was concurrent with the release"
        );
        assert_eq!(tab.map.registrations().count(), 2);
    }
}

#[test]
fn foreign_and_broken_messages_are_counted_and_change_nothing() {
    let mut medium = tabs(2);
    let mut random = Random(7);
    let whole = {
        let mut map = RangeMap::new(ReplicaId::new(9));
        let mut sync = Broadcast::start(Config::default(), 0, &mut || random.next());
        sync.publish(&register(90)(&mut map));
        sync.poll(&map, 0, &mut || 0).unwrap()
    };
    let of_text_keys = {
        let map = RangeMap::<String>::new(ReplicaId::new(9));
        let mut sync = Broadcast::start(Config::default(), 0, &mut || 0);
        sync.poll(&map, 0, &mut || 0).unwrap()
    };
    let own = {
        let map = medium.tabs[0].map.clone();
        Broadcast::start(Config::default(), 0, &mut || 0).poll(&map, 0, &mut || 0).unwrap()
    };
    let mut version = whole.clone();
    version[3] = 0x21;
    let expected = [
        (vec![], IgnoreReason::Foreign),
        (b"hello".to_vec(), IgnoreReason::Foreign),
        (version, IgnoreReason::Version(2)),
        (of_text_keys, IgnoreReason::KeyKind(2)),
        (own, IgnoreReason::OwnReplica),
        (vec![0; (16 << 20) + 1], IgnoreReason::TooLong { bytes: (16 << 20) + 1 }),
    ];
    let before = medium.tabs[0].map.state().clone();
    for (bytes, reason) in &expected {
        assert_eq!(medium.deliver(0, bytes), Received::Ignored(*reason));
    }
    let mut damaged = 0;
    for at in 4..whole.len() {
        for bit in 0..8 {
            let mut bytes = whole.clone();
            bytes[at] ^= 1 << bit;
            assert_eq!(medium.deliver(0, &bytes), Received::Ignored(IgnoreReason::Checksum), "{at} {bit}");
            damaged += 1;
        }
    }
    for length in 17..whole.len() {
        assert_eq!(medium.deliver(0, &whole[..length]), Received::Ignored(IgnoreReason::Checksum));
        damaged += 1;
    }
    let statistics = medium.tabs[0].sync.statistics();
    assert_eq!(statistics.messages_ignored, expected.len() as u64 + damaged);
    assert_eq!(statistics.ignored[IgnoreReason::Checksum.index()], damaged);
    assert_eq!(statistics.ignored[IgnoreReason::Foreign.index()], 2);
    assert_eq!(*medium.tabs[0].map.state(), before);
    assert!(matches!(medium.deliver(0, &whole), Received::Applied(_)));
    assert_ne!(*medium.tabs[0].map.state(), before);
}

/// A workload like real use: n registrations of n/64 nodes, one half written by each of two replicas.
fn two_replicas(n: u64) -> [RangeMap<u64>; 2] {
    let mut random = Random(n);
    let mut maps = [1, 2].map(|id| RangeMap::<u64>::new(ReplicaId::new(id << 60 | 0x0123_4567_89ab_cdef)));
    for at in 0..n {
        let map = &mut maps[(2 * at / n) as usize];
        let start = random.below(1 << 32);
        let range = between(start, start + 1 + random.below((8 << 32) / n));
        let by = by(1 + random.below(100) as u32);
        _ = map.increase(&named(&format!("node-{:05}", random.below(8.max(n / 64)))), &range, by).unwrap();
    }
    let [first, second] = &mut maps;
    first.merge(second.state());
    second.merge(first.state());
    assert_eq!(first.state(), second.state());
    maps
}

/// Ten operations: increases of what is there, registers of what is new, releases.
fn ten_operations(map: &mut RangeMap<u64>, random: &mut Random) {
    let held: Vec<_> = map.registrations().collect();
    for at in 0..10 {
        let it = &held[random.below(held.len() as u64) as usize];
        match at % 3 {
            0 => drop(map.increase(&it.node, &it.range, by(3)).unwrap()),
            1 => drop(map.release(&it.node, &it.range).unwrap()),
            _ => {
                let start = random.below(1 << 32);
                _ = map.register(&it.node, &between(start, start + 1000)).unwrap();
            }
        }
    }
}

/// Lets two replicas meet on a medium, and returns what they posted.
fn meet(maps: [RangeMap<u64>; 2]) -> Medium {
    let mut medium = Medium::new(3);
    for map in maps {
        // The first asks in vain.
        medium.run_for(5 * SECOND_MS);
        medium.forget_posts();
        medium.open_with(map);
    }
    medium.run_for(5 * SECOND_MS);
    assert!(medium.is_converged(), "{:?}", medium.posts);
    medium
}

#[test]
fn a_replica_slightly_behind_catches_up_in_few_bytes() {
    for n in [1_000, 10_000, 100_000] {
        let mut maps = two_replicas(n);
        let mut random = Random(5);
        maps.iter_mut().for_each(|map| ten_operations(map, &mut random));
        let medium = meet(maps);
        println!("n = {n}: {} bytes, {:?}", medium.bytes_posted, medium.posts);
        assert!(medium.bytes_posted <= 700, "{} bytes, {:?}", medium.bytes_posted, medium.posts);
    }
}

#[test]
fn replicas_without_logs_compare_ranges_in_few_bytes() {
    for n in [1_000, 10_000, 100_000] {
        let mut maps = two_replicas(n);
        let mut random = Random(5);
        maps.iter_mut().for_each(|map| ten_operations(map, &mut random));
        maps.iter_mut().for_each(|map| map.set_log_capacity(0));
        let medium = meet(maps);
        println!("n = {n}: {} bytes, {:?}", medium.bytes_posted, medium.posts);
        assert!(medium.posts[&MEET] > 1);
        assert!(medium.bytes_posted <= 12_000, "{} bytes, {:?}", medium.bytes_posted, medium.posts);
    }
}

/// One random schedule of operations, faults, separations and reunions; everything must be equal in the end.
fn schedule(seed: u64) {
    let mut random = Random(seed);
    let mut medium = Medium::new(random.next());
    let count = 2 + random.below(5) as usize;
    for _ in 0..count {
        let tab = medium.open();
        medium.tabs[tab].map.set_log_capacity([0, 3, 10, 4096][random.below(4) as usize]);
    }
    medium.faults = Faults {
        lost_percent: random.below(60),
        repeated_percent: random.below(60),
        delay_max_ms: 1 + random.below(2 * SECOND_MS),
    };
    for _ in 0..60 {
        let tab = random.below(medium.tabs.len() as u64) as usize;
        let (node, range) = (node(random.below(3)), range(random.below(4) * 5));
        let by = by(1 + random.below(4) as u32);
        match random.below(12) {
            0..3 => medium.operate(tab, |map| map.register(&node, &range).unwrap()),
            3..5 => medium.operate(tab, |map| map.release(&node, &range).unwrap()),
            5..8 => medium.operate(tab, |map| map.increase(&node, &range, by).unwrap()),
            8..10 => medium.operate(tab, |map| map.decrease(&node, &range, by).unwrap()),
            _ => medium.regroup(tab, [None, Some(0), Some(0), Some(1)][random.below(4) as usize]),
        }
        medium.run_for(random.below(800));
    }
    let mut everything = RangeMap::<u64>::new(ReplicaId::new(u64::MAX));
    for tab in &medium.tabs {
        everything.merge(tab.map.state());
    }
    medium.faults = NO_FAULTS;
    for tab in 0..medium.tabs.len() {
        medium.regroup(tab, Some(0));
    }
    medium.run_for(2 * MINUTE_MS);
    assert!(medium.is_converged(), "SYNC_SEED={seed} did not converge");
    for tab in &medium.tabs {
        let [theirs, all] = [&tab.map, &everything].map(|map| map.registrations().collect::<Vec<_>>());
        assert_eq!(theirs, all, "SYNC_SEED={seed} lost or invented something");
    }
}

#[test]
fn random_faults_heal() {
    match std::env::var("SYNC_SEED") {
        Ok(seed) => schedule(seed.parse().expect("SYNC_SEED is a number")),
        Err(_) => (0..400).for_each(schedule),
    }
}
