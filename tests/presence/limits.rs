//! What is posted fits, and how much it is.

use std::collections::BTreeMap;

use crdt_range_map::sync::presence::{Config, Name};
use crdt_range_map::sync::{self, Broadcast, Presence};
use crdt_range_map::{RangeMap, ReplicaId};

use super::medium::{HELLO, HERE, Medium, ROSTER, SECOND_MS, name};

/// One that knows so many others, whose names are so long.
fn knowing(config: Config, count: u64, name_bytes: usize) -> Presence {
    let mut presence = Presence::join(config, ReplicaId::new(0), name(0), 0).unwrap();
    let other = Presence::join(config, ReplicaId::new(1), Name::new("x".repeat(name_bytes)).unwrap(), 0);
    let hello = other.unwrap().poll(0).unwrap();
    for id in 1..=count {
        presence.receive(ReplicaId::new(id << 32), &hello, 0, &mut || 0).unwrap();
    }
    presence
}

#[test]
fn whatever_the_limit_a_roster_fits_and_tells_of_all() {
    for message_bytes_max in [102, 103, 128, 500, 1_024, 4_096, 1 << 20] {
        for count in [0, 1, 5, 126, 127, 128, 400] {
            for name_bytes in [0, 9, 64] {
                let config = Config::default().within(message_bytes_max);
                let mut full = knowing(config, count, name_bytes);
                let mut joiner = Presence::join(config, ReplicaId::new(u64::MAX), name(9), 0).unwrap();
                full.receive(ReplicaId::new(u64::MAX), &joiner.poll(0).unwrap(), 5, &mut || 0).unwrap();
                let map = RangeMap::<u64>::new(ReplicaId::new(0));
                let mut carrier = Broadcast::join(sync::Config::default(), 0, &mut || 0);
                let mut parts = 0;
                while let Some(content) = full.poll(2_000) {
                    joiner.receive(ReplicaId::new(0), &content, 2_003, &mut || 0).unwrap();
                    let (length, message) = (content.len(), carrier.presence_message(&map, content));
                    assert_eq!(message.len(), length + Config::ENVELOPE_BYTES);
                    assert!(message.len() <= message_bytes_max, "{} of {message_bytes_max}", message.len());
                    parts += 1;
                }
                assert_eq!(joiner.peers().count() as u64, count + 1);
                // A hello of its own, too.
                let all_bytes = (count as usize + 2) * (8 + 1 + name_bytes + 1 + 3);
                assert!(parts <= 2 + 2 * all_bytes / (message_bytes_max - 60), "{parts} for {count}");
            }
        }
    }
}

#[test]
fn four_hundred_peers_are_told_in_messages_of_4_096_bytes() {
    let mut full = knowing(Config::default(), 400, 3);
    let mut lengths = Vec::new();
    full.resume(5);
    while let Some(content) = full.poll(100_000) {
        lengths.push(content.len());
    }
    assert!(lengths.iter().all(|length| length + Config::ENVELOPE_BYTES <= 4_096), "{lengths:?}");
    assert_eq!(lengths.len(), 3, "a hello and two parts: {lengths:?}");
}

#[test]
fn many_with_small_messages_know_each_other() {
    for deaths in [Config::default(), Config::heartbeats()] {
        let mut medium = Medium::with_tabs(deaths.within(102), 32);
        medium.open();
        medium.run_for(SECOND_MS);
        medium.expect_all_know_all();
        assert_eq!(medium.posts[&HELLO], 1);
        assert!(medium.posts[&ROSTER] <= 10, "one roster in parts: {:?}", medium.posts);
    }
}

#[test]
fn a_joiner_causes_few_rosters_however_long_messages_take() {
    for latency_ms in [0, 3, 19, 60, 200, 500] {
        for count in [8, 32, 64] {
            let mut medium = Medium::new(Config { content_bytes_max: 1 << 16, ..Config::default() });
            for _ in 0..count {
                medium.open();
            }
            medium.latency_ms = latency_ms;
            medium.run_for(60 * SECOND_MS);
            medium.expect_all_know_all();
            medium.posts.clear();
            medium.open();
            medium.run_for(60 * SECOND_MS);
            medium.expect_all_know_all();
            let most = if latency_ms < 20 { 1 } else { 3 };
            assert!(medium.posts[&ROSTER] <= most, "{latency_ms} ms: {:?}", medium.posts);
            assert!(medium.posts.get(&HERE).is_none_or(|posts| *posts <= 1), "{:?}", medium.posts);
        }
    }
}

#[test]
fn messages_grow_with_those_who_join_and_not_faster() {
    let posts = |count: u64| {
        let mut medium = Medium::new(Config::default());
        for _ in 0..count {
            medium.open();
            medium.run_for(50);
        }
        medium.run_for(10 * SECOND_MS);
        medium.expect_all_know_all();
        medium.posts
    };
    for count in [25, 50, 100, 200] {
        // At 200 a roster takes two messages.
        assert_eq!(posts(count), BTreeMap::from([(HELLO, count), (ROSTER, count - 1)]), "{count}");
    }
}
