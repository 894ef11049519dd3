//! What is posted fits, and how much it is.

use std::collections::BTreeMap;

use super::medium::{HELLO, HERE, Medium, NEWS, ROSTER, SECOND_MS, name};
use crate::id::ReplicaId;
use crate::sync;
use crate::sync::presence::{Config, Deaths, Name, Presence};

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
                let mut parts = 0;
                while let Some(content) = full.poll(2_000) {
                    joiner.receive(ReplicaId::new(0), &content, 2_003, &mut || 0).unwrap();
                    let length = content.len();
                    let message = sync::write_presence::<u64>(ReplicaId::new(0), content);
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

/// All settings at their least, or at their greatest.
fn extreme(is_least: bool, deaths: Deaths) -> Config {
    let time_ms = if is_least { 1 } else { 1 << 40 };
    let (turn_ms, retry_ms, ask_ms_max) = (time_ms, time_ms, time_ms);
    let (tries_max, peers_max) = if is_least { (1, 1) } else { (u32::MAX, Config::PEERS_MAX) };
    let content_bytes_max = if is_least { Config::CONTENT_BYTES_MIN } else { usize::MAX };
    Config { deaths, turn_ms, retry_ms, tries_max, ask_ms_max, peers_max, content_bytes_max }
}

#[test]
fn whatever_is_accepted_works() {
    let shortest = Deaths::Silence { beat_ms: 1, silence_ms_max: 2 };
    let longest = Deaths::Silence { beat_ms: (1 << 40) - 1, silence_ms_max: 1 << 40 };
    for deaths in [Deaths::Reported, shortest, longest, Config::heartbeats().deaths] {
        for is_least in [true, false] {
            let mut medium = Medium::new(extreme(is_least, deaths));
            medium.latency_ms = 1;
            for at in [0, 1, 2] {
                medium.open();
                medium.run_for(at);
                for from in 0..medium.tabs.len() {
                    medium.post(from, NEWS);
                }
            }
            medium.run_for(SECOND_MS);
            let known = medium.tabs.iter().map(|tab| tab.presence.peers().count());
            let known: Vec<usize> = known.collect();
            assert!(known[0] > 0, "the first one hears hellos, however long it waits to answer them");
            assert!(known.iter().all(|count| *count <= if is_least { 1 } else { 2 }), "{known:?}");
            for now_ms in [1 << 41, u64::MAX - 1, u64::MAX, 0, u64::MAX] {
                let presence = &mut medium.tabs[0].presence;
                let polls = core::iter::from_fn(|| presence.poll(now_ms)).take(10).count();
                assert!(polls < 10, "always something to post: {deaths:?}, {now_ms}");
            }
        }
    }
}
